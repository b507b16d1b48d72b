// Package load makes calls at planned instants: arrival plans and their
// execution.
//
// A Plan is computed before anything is called: when each call is to begin,
// whatever became of the ones before it. That is what users of a service do,
// and what a loop that waits for each answer does not: while the service
// stalls, such a loop makes no calls, and its figures omit exactly those that
// would have waited. Run hands each arrival out at its instant, keeps a hard
// cap on calls at once, and lets the arrivals above it wait with their intended
// instant, so that a latency can be counted from there. It reports how late it
// was itself, so that a run can be judged.
//
// The package refuses to know what is called, to record answers and to retry:
// that is the caller's.
package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Plan is when calls are to begin: offsets from the start of the run,
// ascending, none of them negative. Equal offsets are calls at once.
type Plan []time.Duration

// Together plans n calls at once.
func Together(n int) Plan {
	return make(Plan, max(n, 0))
}

// Every plans n calls, one at the start and the others at a fixed interval.
func Every(interval time.Duration, n int) Plan {
	plan := make(Plan, max(n, 0))
	for i := range plan {
		plan[i] = time.Duration(i) * interval
	}
	return plan
}

// Poisson plans n calls at a mean rate per second, each independent of the
// others: the gaps between them, and the one before the first, are exponential.
// Equal arguments make equal plans. It is an error if the rate is not positive
// or so low that the plan takes more than 292 years.
func Poisson(rate float64, n int, seed uint64) (Plan, error) {
	if !(rate > 0) || math.IsInf(rate, 1) {
		return nil, fmt.Errorf("poisson arrivals: the rate is %v a second, want a positive number", rate)
	}
	source := rand.New(rand.NewPCG(seed, 0))
	plan := make(Plan, max(n, 0))
	at := 0.0 // seconds
	for i := range plan {
		at += source.ExpFloat64() / rate
		offset := at * float64(time.Second)
		if offset >= math.MaxInt64 {
			return nil, fmt.Errorf("poisson arrivals: %d at %v a second take longer than a duration can be", n, rate)
		}
		plan[i] = time.Duration(offset)
	}
	return plan, nil
}

// Duration returns the offset of the last call.
func (p Plan) Duration() time.Duration {
	if len(p) == 0 {
		return 0
	}
	return p[len(p)-1]
}

// check refuses what is no plan.
func (p Plan) check() error {
	last := time.Duration(0)
	for i, offset := range p {
		if offset < last {
			return fmt.Errorf("arrival %d is planned at %v, before %v", i, offset, last)
		}
		last = offset
	}
	return nil
}
