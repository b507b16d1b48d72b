package harness

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
)

// sample is what is kept of a cell's invocations: counts, and the values of
// those that count. The records themselves are in the file.
type sample struct {
	attempts  int
	ok        int
	counted   int
	uncounted map[Uncounted]int    // ok, by why they do not count
	wrong     map[answer.Start]int // of those that do not count for their start
	resuming  int                  // made because of a pause, whatever came of them
	starts    map[answer.Start]int // ok, by how they found their sandbox
	checked   int
	failures  map[driver.Cause]int
	example   map[driver.Cause]string // the first failure's detail
	streak    streak                  // of failures, to the last call
	values    map[string]*column      // by metric
	measured  measurements
	scratch   []float64 // memory to work in, which a million numbers need once
}

// streak is calls that failed the same way, one after another.
type streak struct {
	n      int
	lost   int // batches of them
	batch  int // the latest
	cause  driver.Cause
	detail string
	same   string // the detail without words that number something
	retry  bool   // the next call may well succeed
}

// extend adds a failure.
func (k *streak) extend(v *Invocation) {
	same := numbered.ReplaceAllString(v.Detail, "#")
	if k.n == 0 || k.cause != v.Cause || k.same != same {
		*k = streak{cause: v.Cause, detail: v.Detail, same: same, retry: v.Cause == driver.Throttled || v.Cause == driver.Cancelled}
	}
	if k.n == 0 || k.batch != v.Batch {
		k.lost, k.batch = k.lost+1, v.Batch
	}
	k.n++
}

// numbered is a word with a digit: what numbers calls, processes, addresses and
// containers.
var numbered = regexp.MustCompile(`[0-9A-Za-z]*[0-9][0-9A-Za-z]*`)

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

func newSample() *sample {
	return &sample{
		uncounted: map[Uncounted]int{}, starts: map[answer.Start]int{}, wrong: map[answer.Start]int{},
		failures: map[driver.Cause]int{}, example: map[driver.Cause]string{}, values: map[string]*column{},
		measured: newMeasurements(),
	}
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
		s.streak.extend(v)
		return
	}
	s.streak.n = 0
	s.ok++
	s.starts[v.Start]++
	if !v.Counted {
		s.uncounted[v.Uncounted]++
		if v.Uncounted == WrongStart {
			s.wrong[v.Start]++
		}
		return
	}
	s.counted++
	s.value(v, metricClient, float64(v.Client))
	s.value(v, metricHandler, float64(v.Handler))
	s.value(v, metricCPU, float64(v.CPU)*1000)
	s.value(v, metricMemory, float64(v.Memory))
	if v.SandboxCPU > 0 {
		s.value(v, metricSandboxCPU, float64(v.SandboxCPU))
	}
	if v.SandboxMemory > 0 {
		s.value(v, metricSandboxMemory, float64(v.SandboxMemory))
	}
	if v.Start == answer.Cold {
		s.value(v, metricStartup, float64(v.Startup()))
	}
	if v.Count == 1 {
		s.value(v, metricInit, float64(v.Init)*1000)
	}
	if v.Queue > 0 {
		s.value(v, metricQueue, float64(v.Queue))
	}
	if len(v.Measurement) > 0 {
		s.measured.each(v.Measurement, func(metric string, x float64) { s.value(v, metric, x) })
	}
}

func (s *sample) value(v *Invocation, metric string, x float64) {
	c := s.values[metric]
	if c == nil {
		c = &column{}
		s.values[metric] = c
	}
	c.add(x, v.Batch)
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
		parts = append(parts, fmt.Sprintf("%d of the wrong start (%s)", n, starts(s.wrong)))
	}
	return strings.Join(parts, ", ")
}

// starts says how many calls found their sandbox how: "3 warm, 2 proactive".
func starts(n map[answer.Start]int, of ...answer.Start) string {
	if of == nil {
		of = answer.Starts
	}
	var parts []string
	for _, start := range of {
		if n[start] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[start], start))
		}
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
