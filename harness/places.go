package harness

import (
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/results"
)

// endedCell is a cell that has ended.
type endedCell struct {
	place    int // in the order of plans
	summary  *results.Summary
	recorder *results.Recorder
	on       *openPlatform
	over     time.Time
}

// addCell adds the summary of a cell in its place: cells do not end in the
// order of plans.
func (r *run) addCell(c endedCell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, _ := slices.BinarySearchFunc(r.cells, c.place, func(e endedCell, place int) int { return e.place - place })
	r.cells = slices.Insert(r.cells, i, c)
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
