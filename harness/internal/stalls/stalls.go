// Package stalls notices when the test stood still: its process was stopped or
// had no processor, or the machine was suspended.
//
// It refuses to say why.
package stalls

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/results"
)

const (
	// tick is how often the test looks whether it stood still.
	tick = 50 * time.Millisecond
	// after is how long it must have, unless it was told that it was
	// stopped: a busy machine makes everybody wait for some tenths of a second,
	// which is a part of what is measured.
	after = 500 * time.Millisecond
	// told is how long the signal that ends a stop may take to be told.
	told = 20 * time.Millisecond
	// most is how many are kept.
	most = 1000
)

// Stalls notices when the test stood still: its process was stopped or had no
// processor, or the machine was suspended. What was timed then says nothing of
// a function. A nil one notices nothing.
type Stalls struct {
	began time.Time

	// What a call is asked about without a lock, in ns since began on the
	// monotonic clock. latest is stored last.
	latest atomic.Int64 // tick
	late   atomic.Int64 // tick that came more than a tick late
	over   atomic.Int64 // when the stall that ended last did

	mu      sync.Mutex
	recent  [4]time.Duration // ticks, the latest last
	asleep  time.Duration    // that the machine was suspended since it booted, at the latest tick
	all     []stall          // in order
	dropped int
}

// stall is a time in which the test stood still, since stalls began.
type stall struct {
	from, to time.Duration
	lost     time.Duration // longer than from..to if the machine was suspended
}

// Since returns what nobody watches: it has stood still since began.
func Since(began time.Time) *Stalls { return &Stalls{began: began, asleep: suspended()} }

// Watch watches until ctx is done.
func Watch(ctx context.Context) *Stalls {
	s := Since(time.Now())
	ticks := time.NewTicker(tick)
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	go func() {
		defer ticks.Stop()
		defer signal.Stop(continued)
		for {
			select {
			case <-ticks.C:
				s.tick(time.Since(s.began), suspended())
			case <-continued:
				now := time.Since(s.began)
				s.tick(now, suspended())
				s.continued(now)
			case <-ctx.Done():
				return
			}
		}
	}()
	return s
}

// tick notes that the test runs, and that it did not since the latest tick if
// that is too long ago.
func (s *Stalls) tick(now, asleep time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := time.Duration(s.latest.Load())
	if lost := now - from + asleep - s.asleep; lost > after {
		s.keep(stall{from, now, lost})
	}
	if now-from > 2*tick {
		s.late.Store(int64(now))
	}
	s.asleep = asleep
	s.latest.Store(int64(now))
	copy(s.recent[:], s.recent[1:])
	s.recent[len(s.recent)-1] = now
}

// continued notes that the process was stopped until a moment ago, for however
// short a time: in the longest of the recent times between ticks, or, if none
// is long, in any of them.
func (s *Stalls) continued(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	noted := time.Duration(0) // by tick, or for an earlier stop
	if n := len(s.all); n > 0 {
		noted = s.all[n-1].to
	}
	stopped := stall{from: max(s.recent[0], noted), to: now}
	longest := 2 * tick
	for i, to := range s.recent[1:] {
		if from := max(s.recent[i], noted); to-from > longest {
			longest, stopped = to-from, stall{from: from, to: to}
		}
	}
	if stopped.lost = stopped.to - stopped.from; stopped.lost > 0 {
		s.keep(stopped)
	}
}

// keep adds a stall. The caller holds the lock.
func (s *Stalls) keep(st stall) {
	if len(s.all) == most {
		s.all, s.dropped = s.all[1:], s.dropped+1
	}
	s.all = append(s.all, st)
	s.over.Store(max(s.over.Load(), int64(st.to)))
}

// untold reports whether the test may have been stopped in from..to without
// having been told so: a tick was late in it, or is, and just now.
func (s *Stalls) untold(from, to time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Since(s.began)
	before := s.recent[0]
	for i := 1; i <= len(s.recent); i++ {
		at := now
		if i < len(s.recent) {
			at = s.recent[i]
		}
		if at-before > 2*tick && at > from && before < to && now-at < told {
			return true
		}
		before = at
	}
	return false
}

// quiet reports whether nothing is to be found out about from..to, which has just
// ended: ticks have come as they should, and whatever is known is over before.
func (s *Stalls) quiet(from, to time.Duration) bool {
	latest := time.Duration(s.latest.Load())
	return to-latest <= 2*tick && to-time.Duration(s.late.Load()) >= told && time.Duration(s.over.Load()) <= from
}

// During returns how much of the time from an instant on the test stood still,
// whether the tick that notes it has come or not.
func (s *Stalls) During(begin time.Time, d time.Duration) time.Duration {
	if s == nil {
		return 0
	}
	from := begin.Sub(s.began)
	to := from + d
	if s.quiet(from, to) {
		return 0
	}
	if s.untold(from, to) {
		time.Sleep(told)
	}
	lost := time.Duration(0)
	if latest := time.Duration(s.latest.Load()); to-latest > after {
		lost = to - max(latest, from)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.all) - 1; i >= 0 && s.all[i].to > from; i-- {
		if st := s.all[i]; st.from < to {
			lost += min(st.to, to) - max(st.from, from) + st.lost - (st.to - st.from)
		}
	}
	return lost
}

// Remark says how often and how long the test stood still, or nothing.
func (s *Stalls) Remark() string {
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		return ""
	}
	total := time.Duration(0)
	for _, st := range s.all {
		total += st.lost
	}
	return fmt.Sprintf("the test stood still %s, for %s in all (it was stopped, had no processor, or the machine was suspended): calls that were under way then do not count",
		figures.Plural(len(s.all)+s.dropped, "time"), total.Round(100*time.Millisecond))
}

// Records returns the stalls for run.json.
func (s *Stalls) Records() []results.Stall {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []results.Stall
	for _, st := range s.all {
		all = append(all, results.Stall{At: s.began.Add(st.from).UTC().Round(time.Millisecond), Seconds: st.lost.Seconds()})
	}
	return all
}
