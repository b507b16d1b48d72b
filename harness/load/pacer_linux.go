package load

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// last is how much of a wait the thread pacer leaves to the kernel: more than
// a timer is late. It is also how late a cancellation may be noticed.
const last = 2 * time.Millisecond

// newPacer returns a pacer that sleeps on a thread of its own, unless Go's
// clock is not the kernel's, as inside a testing/synctest bubble: there only
// Go's timers make the time pass.
func newPacer() pacer {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		return timerPacer{}
	}
	if time.Since(time.Unix(now.Unix())).Abs() > time.Minute {
		return timerPacer{}
	}
	return &threadPacer{}
}

// threadPacer waits on a timer until shortly before the instant, and then with
// nanosleep on a locked thread whose timer slack is a nanosecond instead of the
// usual 50 µs.
type threadPacer struct {
	locked bool
	slack  int // the thread's own; negative if it is not known
}

func (p *threadPacer) wait(ctx context.Context, t time.Time) error {
	if d := time.Until(t); d > last {
		if err := (timerPacer{}).wait(ctx, t.Add(-last)); err != nil {
			return err
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := time.Until(t)
		if d <= 0 {
			return nil
		}
		p.lock()
		sleep := unix.NsecToTimespec(int64(min(d, last)))
		// An error is an early return because of a signal: the loop goes on.
		_ = unix.Nanosleep(&sleep, nil)
	}
}

// lock makes the thread the pacer's, once. Where the slack cannot be set, it
// sleeps somewhat longer, as the report then says.
func (p *threadPacer) lock() {
	if p.locked {
		return
	}
	runtime.LockOSThread()
	p.locked = true
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	}
	if err != nil {
		slack = -1
	}
	p.slack = slack
}

func (p *threadPacer) close() {
	if !p.locked {
		return
	}
	if p.slack >= 0 {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(p.slack), 0, 0, 0) // it could be set before
	}
	runtime.UnlockOSThread()
}
