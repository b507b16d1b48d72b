package pool

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// still is a sandbox that does nothing.
type still struct{ over bool }

func (s *still) Start(context.Context) (net.Conn, error) { return nil, errors.ErrUnsupported }
func (s *still) Kill(*driver.Failure)                    { s.over = true }
func (s *still) Over() bool                              { return s.over }
func (s *still) Met(bool) Limits                         { return Limits{} }
func (s *still) Failure(Limits) *driver.Failure          { return nil }

// got is what acquire returned.
type got struct {
	s      *still
	queued time.Duration
	err    error
}

// ask acquires a sandbox beside the test.
func ask(ctx context.Context, p *Pool, fn *Function) <-chan got {
	answer := make(chan got, 1)
	go func() {
		s, queued, err := p.acquire(ctx, fn)
		acquired, _ := s.(*still)
		answer <- got{acquired, queued, err}
	}()
	synctest.Wait()
	return answer
}

// now returns what was acquired at once.
func now(t *testing.T, answer <-chan got) *still {
	t.Helper()
	select {
	case g := <-answer:
		require.NoError(t, g.err)
		require.NotNil(t, g.s)
		return g.s
	default:
		t.Fatal("the call waits")
		return nil
	}
}

func waits(t *testing.T, answer <-chan got) {
	t.Helper()
	select {
	case g := <-answer:
		t.Fatalf("the call does not wait: %+v", g)
	default:
	}
}

func mb(n int) *Function { return &Function{Memory: n, New: func() Sandbox { return new(still) }} }

func TestPoolStartsAsManyAsMemoryAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn := New(300, 100, 0), mb(100)
		var running []*still
		for range 3 {
			running = append(running, now(t, ask(t.Context(), p, fn)))
		}
		first := ask(t.Context(), p, fn)
		second := ask(t.Context(), p, fn)
		waits(t, first)
		time.Sleep(time.Second)
		p.release(running[1]) // the first in the queue gets it
		g := <-first
		require.Same(t, running[1], g.s)
		require.Equal(t, time.Second, g.queued)
		synctest.Wait()
		waits(t, second)
		p.Forget(running[0]) // the second gets its room
		synctest.Wait()
		s := now(t, second)
		for _, r := range running {
			require.NotSame(t, r, s)
		}
	})
}

func TestPoolBoundsTheNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn := New(1<<40, 2, 0), mb(1)
		a := now(t, ask(t.Context(), p, fn))
		now(t, ask(t.Context(), p, fn))
		third := ask(t.Context(), p, fn)
		waits(t, third)
		p.Forget(a)
		synctest.Wait()
		now(t, third)
	})
}

func TestPoolServesWhatIsLargerThanItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(100, 100, 0)
		large := now(t, ask(t.Context(), p, mb(1000)))
		small := ask(t.Context(), p, mb(1))
		waits(t, small)
		p.Forget(large)
		synctest.Wait()
		now(t, small)
	})
}

// A new call gets a new sandbox as long as there is room, even if others are
// idle: those belong to connections.
func TestPoolLeavesIdleSandboxesToTheirConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn, c := New(300, 100, 0), mb(100), &Conn{}
		a := now(t, ask(t.Context(), p, fn))
		p.own(a, c)
		p.release(a)
		b := now(t, ask(t.Context(), p, fn))
		require.NotSame(t, a, b)
		require.False(t, p.claim(a, &Conn{}), "another connection's")
		require.True(t, p.claim(a, c))
		require.False(t, p.claim(a, c), "it has a call already")
	})
}

// Without room, an idle sandbox of the same function goes to who waits, and
// its connection loses it.
func TestPoolGivesIdleSandboxesToThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn, c := New(100, 100, 0), mb(100), &Conn{}
		a := now(t, ask(t.Context(), p, fn))
		p.own(a, c)
		p.release(a)
		require.Same(t, a, now(t, ask(t.Context(), p, fn)))
		require.False(t, p.claim(a, c))
		require.False(t, p.give(a, c), "closing the connection must not kill it")
		require.False(t, a.over)
	})
}

// Idle sandboxes of other functions are stopped to make room, the one that is
// idle for the longest time first, and no more than necessary.
func TestPoolMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn := New(300, 100, 0), mb(100)
		var idle []*still
		for range 3 {
			idle = append(idle, now(t, ask(t.Context(), p, fn)))
		}
		for _, i := range []int{1, 2, 0} {
			p.release(idle[i])
			time.Sleep(time.Second)
		}
		other := ask(t.Context(), p, mb(50))
		waits(t, other)
		require.True(t, idle[1].over)
		require.False(t, idle[2].over)
		require.False(t, idle[0].over)
		p.Forget(idle[1])
		synctest.Wait()
		now(t, other)
	})
}

// Where one handler runs at a time, a connection that is not its turn gives
// its sandbox back, to be used by the next of its function.
func TestPoolOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn, c := New(1000, 100, 1), mb(1), &Conn{}
		a := now(t, ask(t.Context(), p, fn))
		p.own(a, c)
		p.release(a)
		b := now(t, ask(t.Context(), p, mb(1)))
		require.False(t, p.claim(a, c), "the other function runs")
		again := ask(t.Context(), p, fn)
		waits(t, again)
		p.release(b)
		synctest.Wait()
		require.Same(t, a, now(t, again))
	})
}

func TestPoolRetires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn, c := New(1000, 100, 0), mb(1), &Conn{}
		idle, busy := now(t, ask(t.Context(), p, fn)), now(t, ask(t.Context(), p, fn))
		p.own(idle, c)
		p.release(idle)
		require.Equal(t, []*place{p.all[idle]}, p.retire(fn, false))
		require.True(t, idle.over)
		require.False(t, p.claim(idle, c))
		require.False(t, busy.over, "its call is under way")
		p.release(busy)
		require.True(t, busy.over)
		fresh := now(t, ask(t.Context(), p, fn))
		p.release(fresh)
		require.False(t, fresh.over)
		p.retire(fn, true)
		last := now(t, ask(t.Context(), p, fn))
		p.release(last)
		require.True(t, last.over, "the function was replaced")
	})
}

func TestPoolForgetsWhoGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn := New(1, 1, 0), mb(1)
		a := now(t, ask(t.Context(), p, fn))
		ctx, cancel := context.WithCancel(t.Context())
		first, second := ask(ctx, p, fn), ask(t.Context(), p, fn)
		cancel()
		synctest.Wait()
		require.ErrorIs(t, (<-first).err, context.Canceled)
		p.Forget(a)
		synctest.Wait()
		now(t, second)
	})
}

func TestPoolCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, fn := New(1, 1, 0), mb(1)
		a := now(t, ask(t.Context(), p, fn))
		waiting := ask(t.Context(), p, fn)
		require.Equal(t, []*place{p.all[a]}, p.close())
		require.True(t, a.over)
		require.ErrorIs(t, (<-waiting).err, ErrClosed)
		_, _, err := p.acquire(t.Context(), fn)
		require.ErrorIs(t, err, ErrClosed)
	})
}

func TestCrashed(t *testing.T) {
	fn := &Function{Memory: 128, Processes: 10}
	for name, tc := range map[string]struct {
		after   Limits
		printed string
		want    driver.Failure
	}{
		"exit":      {Limits{}, "", driver.Failure{Cause: driver.Crash, Detail: "the function's process ended: exit status 3"}},
		"last line": {Limits{}, "first\nthe last line: \x1b[31mred\x00\n\n  \n", driver.Failure{Cause: driver.Crash, Detail: "the function's process ended: exit status 3: the last line: .[31mred."}},
		"memory":    {Limits{Memory: 1}, "Killed", driver.Failure{Cause: driver.Memory, Detail: "the function used more than 128 MB of memory: Killed"}},
		"java":      {Limits{}, "Terminating due to java.lang.OutOfMemoryError: Java heap space\n", driver.Failure{Cause: driver.Memory, Detail: "the function used more than 128 MB of memory: Terminating due to java.lang.OutOfMemoryError: Java heap space"}},
		"heap":      {Limits{}, "FATAL: JavaScript heap out of memory", driver.Failure{Cause: driver.Memory, Detail: "the function used more than 128 MB of memory: FATAL: JavaScript heap out of memory"}},
		"processes": {Limits{Processes: 2}, "", driver.Failure{Cause: driver.Processes, Detail: "the function started more than 10 processes and threads"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.want.Output = tc.printed
			require.Equal(t, &tc.want, fn.Crashed(Limits{}, tc.after, "exit status 3", tc.printed))
		})
	}
}
