package harness

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
	"github.com/sebs-go/sebs/harness/stats"
)

// sample is what is kept of a cell's invocations: counts, and the values of
// those that count. The records themselves are in the file.
type sample struct {
	attempts  int
	ok        int
	counted   int
	uncounted map[Uncounted]int // ok, by why they do not count
	resuming  int               // made because of a pause, whatever came of them
	cold      int               // ok and cold
	checked   int
	failures  map[driver.Cause]int
	example   map[driver.Cause]string // the first failure's detail
	values    map[string]*column      // by metric
}

// column is a growing list of numbers that is never copied as it grows, so that
// a million of them leave no garbage beside what is being measured.
type column struct {
	chunks [][]float64
	n      int
}

const chunkSize = 4096

func (c *column) add(x float64) {
	if c.n%chunkSize == 0 {
		size := chunkSize
		if c.n == 0 {
			size = 64 // most cells have few
		}
		c.chunks = append(c.chunks, make([]float64, 0, size))
	}
	last := len(c.chunks) - 1
	c.chunks[last] = append(c.chunks[last], x)
	c.n++
}

func (c *column) at(i int) float64 { return c.chunks[i/chunkSize][i%chunkSize] }

// all returns the numbers, in order, in a slice of the caller's own.
func (c *column) all() []float64 { return c.into(nil) }

// into is all, in the place of values where they fit.
func (c *column) into(values []float64) []float64 {
	if c == nil {
		return nil
	}
	values = slices.Grow(values[:0], c.n)
	for _, chunk := range c.chunks {
		values = append(values, chunk...)
	}
	return values
}

// The metrics of every cell. A metric's name ends in its unit.
const (
	metricClient  = "client_ns"    // from the call to the last byte of the answer
	metricStartup = "startup_ns"   // of cold answers: the client's time without the handler's
	metricHandler = "handler_ns"   // the handler
	metricInit    = "init_ns"      // of a worker's first answer: loading the user's module
	metricQueue   = "queue_ns"     // waiting for a free sandbox, if any call did
	metricCPU     = "cpu_ns"       // CPU time during the handler
	metricMemory  = "memory_bytes" // peak resident memory of the process

	metricSandboxCPU    = "sandbox_cpu_ns"       // CPU time of the whole sandbox, where the platform tells
	metricSandboxMemory = "sandbox_memory_bytes" // peak memory of the whole sandbox, where the platform tells
)

// ownMetrics are the metrics of every cell, in the order of summaries.
var ownMetrics = []string{metricClient, metricStartup, metricHandler, metricInit, metricQueue, metricCPU, metricMemory, metricSandboxCPU, metricSandboxMemory}

// isOwn reports whether a metric would share its unit in bench.txt with one of
// the harness's own.
func isOwn(metric string) bool {
	unit := benchUnit(metric)
	return unit == p95Unit || slices.ContainsFunc(ownMetrics, func(own string) bool { return benchUnit(own) == unit })
}

func newSample() *sample {
	return &sample{uncounted: map[Uncounted]int{}, failures: map[driver.Cause]int{}, example: map[driver.Cause]string{}, values: map[string]*column{}}
}

// add takes an invocation into account.
func (s *sample) add(v *Invocation) {
	s.attempts++
	if v.resuming {
		s.resuming++
	}
	if v.Checked {
		s.checked++
	}
	if !v.OK {
		s.failures[v.Cause]++
		if s.example[v.Cause] == "" {
			s.example[v.Cause] = v.Detail
		}
		return
	}
	s.ok++
	if v.Cold {
		s.cold++
	}
	if !v.Counted {
		s.uncounted[v.Uncounted]++
		return
	}
	s.counted++
	s.value(metricClient, float64(v.Client))
	s.value(metricHandler, float64(v.Handler))
	s.value(metricCPU, float64(v.CPU)*1000)
	s.value(metricMemory, float64(v.Memory))
	if v.SandboxCPU > 0 {
		s.value(metricSandboxCPU, float64(v.SandboxCPU))
	}
	if v.SandboxMemory > 0 {
		s.value(metricSandboxMemory, float64(v.SandboxMemory))
	}
	if v.Cold {
		s.value(metricStartup, float64(v.Startup()))
	}
	if v.Count == 1 {
		s.value(metricInit, float64(v.Init)*1000)
	}
	if v.Queue > 0 {
		s.value(metricQueue, float64(v.Queue))
	}
	if len(v.Measurement) > 0 {
		s.measurement(v.Measurement)
	}
}

func (s *sample) value(metric string, x float64) {
	c := s.values[metric]
	if c == nil {
		c = &column{}
		s.values[metric] = c
	}
	c.add(x)
}

// maxMeasurements bounds the numbers of an answer, and those of a cell.
const maxMeasurements = 32

// measurementKey is what a key must look like to become a metric, which is a
// unit of bench.txt.
var measurementKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// measurement adds the numbers that the handler measured: times in µs and
// sizes in bytes, as their keys say. What is no such number, or has the name
// of one of the harness's own metrics, is in the record alone.
func (s *sample) measurement(raw json.RawMessage) {
	var numbers map[string]any
	if json.Unmarshal(raw, &numbers) != nil || len(numbers) > maxMeasurements {
		return // the record has it as it is
	}
	for _, key := range slices.Sorted(maps.Keys(numbers)) {
		x, ok := numbers[key].(float64)
		if !ok || !measurementKey.MatchString(key) {
			continue
		}
		switch {
		case strings.HasSuffix(key, "_time"):
			key, x = key+"_ns", x*1000
		case strings.HasSuffix(key, "_size"):
			key += "_bytes"
		}
		known := s.values[key] != nil || len(s.values) < len(ownMetrics)+maxMeasurements
		if known && !isOwn(key) && math.Abs(x) < 1e100 { // whose square is finite
			s.value(key, x)
		}
	}
}

// why says in one line why invocations did not count.
func (s *sample) why() string {
	var parts []string
	for _, c := range driver.Causes {
		if n := s.failures[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, c, plain.Line(s.example[c], 300)))
		}
	}
	if n := s.uncounted[WrongStart]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of the wrong start", n))
	}
	return strings.Join(parts, ", ")
}

// metrics returns the names of the metrics that have values: those of every
// cell first, then what handlers measured, sorted.
func (s *sample) metrics() []string {
	all := slices.Clone(ownMetrics)
	own := slices.Sorted(maps.Keys(s.values))
	own = slices.DeleteFunc(own, func(m string) bool { return slices.Contains(all, m) })
	all = slices.DeleteFunc(all, func(m string) bool { return s.values[m] == nil })
	return append(all, own...)
}

// sampler decides when a cell has enough.
type sampler struct {
	watch    *stats.Watch
	most     int
	bound    time.Duration
	measured time.Duration // in batches
	stopped  string        // why sampling ended
}

func newSampler(p parameters) *sampler {
	return &sampler{watch: stats.Rule{Max: p.MaxSamples}.Watch(), most: p.MaxSamples, bound: p.MaxTime}
}

// more reports whether another batch is wanted. A cell whose invocations do not
// count ends too: after three times as many attempts as it wants samples.
func (s *sampler) more(have *sample) bool {
	switch {
	case s.stopped != "":
		return false
	case have.counted >= s.most:
		s.stopped = fmt.Sprintf("%d samples", have.counted)
	case s.measured >= s.bound:
		s.stopped = fmt.Sprintf("%s of measuring", s.bound)
	case have.attempts-have.resuming >= 3*s.most+10:
		s.stopped = fmt.Sprintf("%d attempts", have.attempts)
	case have.counted >= s.watch.Next() && s.watch.Done(have.values[metricClient].all()):
		s.stopped = "the interval is narrow enough"
	default:
		return true
	}
	return false
}

// relative returns the larger distance of the median from the ends of its
// interval, over the median.
func (s *sampler) relative(have *sample) (float64, bool) {
	m, err := stats.Median(have.values[metricClient].all(), stats.DefaultLevel)
	if err != nil || m.Interval.IsZero() || m.Value <= 0 {
		return 0, false
	}
	return max(m.Value-m.Interval.Low, m.Interval.High-m.Value) / m.Value, true
}
