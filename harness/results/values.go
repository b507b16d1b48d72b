package results

import (
	"maps"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/answer"
)

// The metrics of every cell. A metric's name ends in its unit. What a handler
// measures is one too, under its own key.
const (
	ClientTime  = "client_ns"    // from the call to the last byte of the answer
	StartupTime = "startup_ns"   // of cold answers: the client's time without the handler's
	HandlerTime = "handler_ns"   // the handler
	InitTime    = "init_ns"      // of a worker's first answer: loading the user's module
	QueueTime   = "queue_ns"     // waiting for a free sandbox, if any call did
	CPUTime     = "cpu_ns"       // CPU time during the handler
	PeakMemory  = "memory_bytes" // peak resident memory of the process

	// Of the whole sandbox, where the platform tells.
	SandboxCPUTime = "sandbox_cpu_ns"       // CPU time of a call, of a cold one with its start
	SandboxMemory  = "sandbox_memory_bytes" // peak memory
	PlatformTime   = "platform_ns"          // how long the platform says that the call took
	PlatformInit   = "platform_init_ns"     // how long it says that the start took
	BilledTime     = "billed_ns"            // what it billed
)

// ownMetrics are the metrics of every cell, in the order of summaries.
var ownMetrics = []string{
	ClientTime, StartupTime, HandlerTime, InitTime, QueueTime, CPUTime, PeakMemory,
	SandboxCPUTime, SandboxMemory, PlatformTime, PlatformInit, BilledTime,
}

// values is what the invocations of a cell say: counts, and of those that count
// the numbers of each metric.
type values struct {
	tally    Tally
	columns  map[string]*Column // by metric
	measured measurements
	used     int // ok, with the platform's usage
	busy     busy
}

func newValues() *values {
	return &values{tally: NewTally(), columns: map[string]*Column{}, measured: newMeasurements()}
}

// add takes an invocation into account.
func (s *values) add(v *Invocation) {
	s.tally.Add(v)
	s.busy.add(v)
	if !v.Counted {
		return
	}
	s.number(v, ClientTime, float64(v.Client))
	s.number(v, HandlerTime, float64(v.Handler))
	s.number(v, CPUTime, float64(v.CPU)*1000)
	s.number(v, PeakMemory, float64(v.Memory))
	if u := v.Usage; u != nil {
		s.positive(v, SandboxCPUTime, int64(u.CPU))
		s.positive(v, SandboxMemory, u.MemoryBytes)
		s.positive(v, PlatformTime, int64(u.Duration))
		s.positive(v, PlatformInit, int64(u.Init))
		s.positive(v, BilledTime, int64(u.Billed))
	}
	if v.Start == answer.Cold {
		s.number(v, StartupTime, float64(v.Startup()))
	}
	if v.Count == 1 {
		s.number(v, InitTime, float64(v.Init)*1000)
	}
	s.positive(v, QueueTime, int64(v.Queue))
	if len(v.Measurement) > 0 {
		s.measured.each(v.Measurement, func(metric string, x float64) { s.number(v, metric, x) })
	}
}

// busy is how long calls were under way, by their records.
type busy struct {
	batch       int
	begun, over int64 // of the batch, in ns of the client's clock
	sum         int64 // of the batches before it
}

func (b *busy) add(v *Invocation) {
	if b.over == 0 || v.Batch != b.batch {
		b.sum += b.over - b.begun
		b.batch, b.begun, b.over = v.Batch, v.Sent*1000, 0
	}
	b.begun, b.over = min(b.begun, v.Sent*1000), max(b.over, v.Completed())
}

func (b *busy) total() time.Duration { return time.Duration(b.sum + b.over - b.begun) }

// positive adds a number that is only there if it is not 0.
func (s *values) positive(v *Invocation, metric string, n int64) {
	if n > 0 {
		s.number(v, metric, float64(n))
	}
}

func (s *values) number(v *Invocation, metric string, x float64) {
	c := s.columns[metric]
	if c == nil {
		c = &Column{}
		s.columns[metric] = c
	}
	c.Add(x, v.Batch)
}

// metrics returns the names of the metrics that have values: those of every
// cell first, then what handlers measured, sorted.
func (s *values) metrics() []string {
	all := slices.Clone(ownMetrics)
	own := slices.Sorted(maps.Keys(s.columns))
	own = slices.DeleteFunc(own, func(m string) bool { return slices.Contains(all, m) })
	all = slices.DeleteFunc(all, func(m string) bool { return s.columns[m] == nil })
	return append(all, own...)
}
