package harness

import (
	"iter"
	"slices"

	"github.com/sebs-go/sebs/harness/results"
	"github.com/sebs-go/sebs/harness/stats"
)

// recorded returns keys and values as results have them.
func recorded(pairs []pair) results.Name {
	name := make(results.Name, len(pairs))
	for i, p := range pairs {
		name[i] = results.Pair{Key: p.key, Value: p.value}
	}
	return name
}

// endedCell is a cell that has ended.
type endedCell struct {
	place   int // in the order of plans
	summary *results.Summary
}

// addCell adds the summary of a cell in its place: cells do not end in the
// order of plans.
func (r *run) addCell(place int, s *results.Summary) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, _ := slices.BinarySearchFunc(r.cells, place, func(e endedCell, place int) int { return e.place - place })
	r.cells = slices.Insert(r.cells, i, endedCell{place, s})
}

// summaries returns the summaries of the cells, in the order of plans.
func (r *run) summaries() []*results.Summary {
	all := make([]*results.Summary, len(r.cells))
	for i, e := range r.cells {
		all[i] = e.summary
	}
	return all
}

// nextPlace returns the place of a cell in the order of plans.
func (r *run) nextPlace() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.places++
	return r.places
}

// repetition returns how often the experiment was begun before (-count).
func (r *run) repetition(experiment string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.repeated == nil {
		r.repeated = map[string]int{}
	}
	r.repeated[experiment]++
	return r.repeated[experiment] - 1
}

// Summary returns the statistics of the calls that were recorded so far. It
// reads all of them, which takes a second for a hundred thousand, so call it
// between batches.
func (c *Cell) Summary() *results.Summary {
	c.mu.Lock()
	end := c.ending()
	c.mu.Unlock()
	s, err := c.recorder.SoFar(end)
	if err != nil {
		c.tb.Helper()
		c.tb.Fatalf("summary: %v", err)
	}
	return s
}

// Invocations returns the records of the calls so far, in order.
func (c *Cell) Invocations() iter.Seq[results.Invocation] {
	return func(yield func(results.Invocation) bool) {
		for v, err := range c.recorder.Invocations() {
			if err != nil {
				c.tb.Fatalf("invocations: %v", err)
			}
			if !yield(v) {
				return
			}
		}
	}
}

// Sample returns the numbers of a metric so far, of the invocations that count,
// for package stats. It fails the test if there is no such metric.
func (c *Cell) Sample(metric string) stats.Sample {
	s, err := c.recorder.Sample(metric)
	if err != nil {
		c.tb.Helper()
		c.tb.Fatalf("sample: %v", err)
	}
	return s
}
