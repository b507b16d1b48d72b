package harness

import (
	"regexp"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// sample is what decides when a cell has enough: counts, the client's times of
// the calls that count, and failures at its end. All else is in the records.
type sample struct {
	results.Tally
	resuming int // made because of a pause, whatever came of them
	client   results.Column
	streak   streak // of failures, to the last call
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

func newSample() *sample { return &sample{Tally: results.NewTally()} }

// add takes an invocation into account.
func (s *sample) add(v *Invocation) {
	s.Add(&v.Invocation)
	if v.resuming {
		s.resuming++
	}
	switch {
	case !v.OK:
		s.streak.extend(v)
		return
	case v.Counted:
		s.client.Add(float64(v.Client), v.Batch)
	}
	s.streak.n = 0
}
