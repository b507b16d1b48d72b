package load

import (
	"context"
	"time"
)

// pacer waits for instants, on behalf of one goroutine.
type pacer interface {
	// wait returns at the instant t, never before, or with the context's error.
	wait(ctx context.Context, t time.Time) error
	// close gives back what the pacer holds.
	close()
}

// timerPacer waits on Go's timers, which are half a millisecond late where the
// process is otherwise idle, since the runtime then sleeps whole milliseconds.
type timerPacer struct{}

func (timerPacer) wait(ctx context.Context, t time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := time.Until(t)
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (timerPacer) close() {}
