package harness

import (
	"iter"
	"strings"
	"testing"

	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/internal/nearest"
	"github.com/sebs-go/sebs/harness/results"
	"github.com/sebs-go/sebs/harness/stats"
)

// Recorded is what a cell recorded, to be read alone: of a [Cell] so far, and in
// [Conditions].After all of it. What cannot be read fails the test.
type Recorded struct {
	tb       testing.TB
	fn       *plannedFunction
	cond     condition
	recorder *results.Recorder  // from the cell's first turn on
	soFar    func() results.End // how the cell would end now
	summary  *results.Summary   // once it has ended
}

// Value returns the value of a key of the cell's name: "benchmark", "runtime",
// "memory", "size", "mode", an axis that the experiment added. Without a
// variant, "variant" is "default". It fails the test if there is no such key.
func (r *Recorded) Value(key string) string {
	r.tb.Helper()
	pairs := append(r.fn.pairs(), r.cond.pairs()...)
	if r.fn.spec.Variant == "" {
		pairs = append(pairs, results.Pair{Key: "variant", Value: "default"})
	}
	keys := make([]string, len(pairs))
	for i, p := range pairs {
		if p.Key == key {
			return p.Value
		}
		keys[i] = p.Key
	}
	r.tb.Fatalf("no key %q of a cell%s; there are %s", key, nearest.Hint(key, keys), strings.Join(keys, ", "))
	return ""
}

// Mode returns the cell's mode.
func (r *Recorded) Mode() Mode { return r.cond.mode }

// Memory returns the memory of the cell's function, in MB.
func (r *Recorded) Memory() int { return r.cond.memory }

// Summary returns the statistics of what was recorded; who changes them changes a
// copy. Of a cell under way it reads all calls so far, which takes seconds for a
// million: call it between batches.
func (r *Recorded) Summary() *results.Summary {
	if r.summary != nil {
		return r.summary.Clone()
	}
	s, err := r.recorder.SoFar(r.soFar())
	if err != nil {
		r.tb.Helper()
		r.tb.Fatalf("%v", err)
	}
	return s
}

// Metric returns the statistics of a metric: [results.ClientTime] or another
// constant of that package, or what the handler measures. It fails the test if
// the cell has none.
func (r *Recorded) Metric(name string) results.Metric {
	s := r.Summary()
	m := s.Metric(name)
	if m.N == 0 {
		if s.Counted == 0 {
			r.tb.Helper()
			r.tb.Fatalf("%s: no metric %q: none of %s has counted yet", r.cond.name(), name, figures.Plural(s.Attempts, "call"))
		}
		have := make([]string, len(s.Metrics))
		for i := range s.Metrics {
			have[i] = s.Metrics[i].Name
		}
		r.tb.Helper()
		r.tb.Fatalf("%s: no metric %q%s; there are %s", r.cond.name(), name, nearest.Hint(name, have), strings.Join(have, ", "))
	}
	return m
}

// Invocations returns the records of the calls, in order.
func (r *Recorded) Invocations() iter.Seq[results.Invocation] {
	return func(yield func(results.Invocation) bool) {
		for v, err := range r.recorder.Invocations() {
			if err != nil {
				r.tb.Helper()
				r.tb.Fatalf("%v", err)
			}
			if !yield(v) {
				return
			}
		}
	}
}

// Sample returns the numbers of a metric, of the invocations that count, with
// their batches: for package stats. It fails the test if the cell has none.
func (r *Recorded) Sample(metric string) stats.Sample {
	s, err := r.recorder.Sample(metric)
	if err != nil {
		r.tb.Helper()
		r.tb.Fatalf("%v", err)
	}
	return s
}
