package harness

import (
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/plain"
	"github.com/sebs-go/sebs/harness/stats"
)

// sampler decides when a cell has enough. Its observations are batches: calls
// made at once are not independent of each other.
type sampler struct {
	watch    *stats.Watch
	most     int // calls
	k        int // calls of a batch
	bound    time.Duration
	measured time.Duration // in batches
	retired  time.Duration // before batches
	patience time.Duration // for retiring, in all; 0: no bound
	stopped  string        // why sampling ended
	told     bool          // the table says so too
	hopeless bool          // no call has counted, and the next one would not
}

// newSampler returns the sampler of a cell that makes k calls at once.
func newSampler(p parameters, k int) *sampler {
	return &sampler{watch: stats.Rule{Max: p.batches(k)}.Watch(), most: p.samples(k), k: k, bound: p.MaxTime}
}

// samples returns how many invocations a cell makes at most that makes k at
// once. Without SEBS_SAMPLES it is as many as an interval needs.
func (p parameters) samples(k int) int {
	if p.MaxSamples > 0 {
		return p.MaxSamples
	}
	return max(defaultSamples, stats.MinBatches*k)
}

// batches returns how many batches they are.
func (p parameters) batches(k int) int { return (p.samples(k) + k - 1) / k }

// more reports whether another batch is wanted. A cell whose invocations do not
// count ends too: after three that failed the same way, or three times as many
// attempts as it wants samples.
func (s *sampler) more(have *sample) bool {
	client := &have.client
	switch stuck := have.stuck(); {
	case s.stopped != "":
		return false
	case have.Counted >= s.most:
		s.stopped = s.enough(have.Counted)
	case s.measured >= s.bound:
		s.stopped = fmt.Sprintf("%s of measuring", s.bound)
	case s.patience > 0 && s.retired >= s.patience:
		s.stopped, s.told = fmt.Sprintf("retiring took %s", s.retired.Round(time.Second)), true
	case stuck != "":
		s.stopped, s.hopeless, s.told = stuck, have.Counted == 0, have.Counted > 0
	case have.Attempts-have.resuming >= 3*s.most+10:
		s.stopped = fmt.Sprintf("%d attempts", have.Attempts)
	case s.watch.Next() > 0 && client.Batches() >= s.watch.Next() && s.watch.Done(client.Observations(nil)):
		s.stopped = "the interval is narrow enough"
		if s.watch.Exhausted() {
			s.stopped = figures.Plural(client.Batches(), "observation")
		}
	default:
		return true
	}
	return false
}

// enough says that there are as many samples as wanted.
func (s *sampler) enough(counted int) string {
	if counted > s.most && s.k > 1 {
		s.told = true
		return fmt.Sprintf("%d samples: %d were wanted, and batches of %d are made whole", counted, s.most, s.k)
	}
	return fmt.Sprintf("%d samples", counted)
}

// relative returns the larger distance of the median from the ends of its
// interval, over the median, as they were at the latest look.
func (s *sampler) relative() (float64, bool) {
	m := s.watch.Latest()
	if m.Interval.IsZero() || m.Value <= 0 {
		return 0, false
	}
	return max(m.Value-m.Interval.Low, m.Interval.High-m.Value) / m.Value, true
}

const (
	// stuckAtFirst is how many calls may fail the same way before one counts.
	stuckAtFirst = 3
	// stuckLater is how many may after that, one after another.
	stuckLater = 100
	// stuckLost is how many batches may whose sandbox cannot be reached, and how
	// many samples are worth having if it then cannot.
	stuckLost = 10
)

// stuck says that calls fail the same way each time, or returns nothing: the
// next one would too.
func (s *sample) stuck() string {
	least := stuckAtFirst
	if s.Counted > 0 {
		least = stuckLater
	}
	lost := s.streak.n > 0 && s.streak.lost >= stuckLost && (s.streak.cause == driver.Network || s.streak.cause == driver.Crash)
	if s.streak.n < least && !lost || s.streak.retry {
		return ""
	}
	return fmt.Sprintf("%s failed the same way: %s: %s", figures.Plural(s.streak.n, "call"), s.streak.cause, plain.Line(s.streak.detail, 200))
}
