package control_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/control"
)

// limited is a control plane that takes a number of calls in any second.
type limited struct {
	perSecond int

	mu     sync.Mutex
	begun  []time.Time // of calls that were taken
	called int
}

func (l *limited) call(takes time.Duration) error {
	l.mu.Lock()
	l.called++
	now := time.Now()
	recent := 0
	for _, at := range l.begun {
		if now.Sub(at) < time.Second {
			recent++
		}
	}
	if recent >= l.perSecond {
		l.mu.Unlock()
		return fmt.Errorf("slow down: %w", driver.ErrThrottled)
	}
	l.begun = append(l.begun, now)
	l.mu.Unlock()
	time.Sleep(takes)
	return nil
}

// TestRates: whatever a platform says of itself and whatever it takes, all
// calls succeed. If it says what it takes, they need little more than the least
// time that its limits allow.
func TestRates(t *testing.T) {
	for _, tt := range []struct {
		n, parallel, perSecond int
		takes                  time.Duration
		least                  time.Duration // of any client
		limit                  float64       // on the time over that
	}{
		{n: 100, parallel: 15, perSecond: 15, takes: time.Second, least: 7 * time.Second, limit: 1.2},
		{n: 100, parallel: 50, perSecond: 15, takes: time.Second, least: 7 * time.Second, limit: 1.5},
		{n: 100, parallel: 1000, perSecond: 15, takes: 10 * time.Millisecond, least: 6 * time.Second, limit: 2.5},
		{n: 30, parallel: 0, perSecond: 15, takes: time.Second, least: 30 * time.Second, limit: 1.2},
		{n: 1000, parallel: 100, perSecond: 1000, takes: time.Second, least: 10 * time.Second, limit: 1.2},
		{n: 20, parallel: 20, perSecond: 1, takes: time.Second, least: 20 * time.Second, limit: 2},
	} {
		t.Run(fmt.Sprintf("%d,%d,%d", tt.n, tt.parallel, tt.perSecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				platform := &limited{perSecond: tt.perSecond}
				begin := time.Now()
				errs := control.New(driver.Pace{Parallel: tt.parallel}).Each(t.Context(), tt.n, func(context.Context, int) error {
					return platform.call(tt.takes)
				})
				took := time.Since(begin)
				require.Len(t, errs, tt.n)
				require.NoError(t, errors.Join(errs...))
				require.LessOrEqual(t, took.Seconds(), tt.limit*tt.least.Seconds())
				require.LessOrEqual(t, platform.called, 3*tt.n, "calls that were throttled")
			})
		})
	}
}

// TestThrottledMinute: a control plane that refuses everything for a minute is
// asked seldom, and soon after it.
func TestThrottledMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var calls atomic.Int32
		plane := control.New(driver.Pace{Parallel: 20})
		errs := plane.Each(t.Context(), 20, func(context.Context, int) error {
			calls.Add(1)
			if time.Since(begin) < time.Minute {
				return driver.ErrThrottled
			}
			return nil
		})
		require.NoError(t, errors.Join(errs...))
		require.Less(t, time.Since(begin), 75*time.Second)
		require.Less(t, int(calls.Load()), 100)
	})
}

// TestOrder: calls begin in order, never more at once than there are places.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int32
		var mu sync.Mutex
		var order []int
		control.New(driver.Pace{Parallel: 3}).Each(t.Context(), 10, func(_ context.Context, i int) error {
			if n := under.Add(1); n > most.Load() {
				most.Store(n)
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			time.Sleep(time.Duration(10-i) * time.Second)
			under.Add(-1)
			return nil
		})
		require.EqualValues(t, 3, most.Load())
		require.ElementsMatch(t, []int{0, 1, 2}, order[:3])
		require.Len(t, order, 10)
	})
	var order []int
	control.New(driver.Pace{}).Each(t.Context(), 10, func(_ context.Context, i int) error { order = append(order, i); return nil })
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, order, "one at a time")
}

// TestGivenUp: nothing waits beyond its context, and an error that is no
// throttling is returned at once.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plane := control.New(driver.Pace{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		errs := plane.Each(ctx, 3, func(context.Context, int) error { return driver.ErrThrottled })
		require.ErrorIs(t, errs[0], driver.ErrThrottled)
		for _, err := range errs {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.ErrorIs(t, plane.Do(ctx, func(context.Context) error { return nil }), context.DeadlineExceeded)

		begun := time.Now()
		err := plane.Do(t.Context(), func(context.Context) error { return driver.ErrThrottled })
		require.ErrorIs(t, err, driver.ErrThrottled)
		require.Less(t, time.Since(begun), 4*time.Minute)

		calls := 0
		err = plane.Do(t.Context(), func(context.Context) error { calls++; return driver.ErrDenied })
		require.ErrorIs(t, err, driver.ErrDenied)
		require.Equal(t, 1, calls)
	})
}
