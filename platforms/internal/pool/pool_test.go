package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// newPool returns a pool that is closed at the end of the test.
func newPool(t *testing.T, memory int64, most, busy int) *Pool {
	p := New(memory, most, busy)
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	return p
}

// dial dials beside the test, and fails it if that has to wait.
func dial(t *testing.T, p *Pool, fn *Function) *Conn {
	t.Helper()
	c := waits(t, p, fn)
	synctest.Wait()
	select {
	case c := <-c:
		return c
	default:
		t.Fatal("the call waits")
		return nil
	}
}

// waits dials beside the test.
func waits(t *testing.T, p *Pool, fn *Function) <-chan *Conn {
	t.Helper()
	answer := make(chan *Conn, 1)
	go func() {
		if c, err := p.Dial(t.Context(), fn); err == nil { // not if the test ends
			answer <- c
		}
	}()
	synctest.Wait()
	return answer
}

func mb(n int) *Function { return &Function{Memory: n, New: func() Sandbox { return newBox() }} }

func boxOf(c *Conn) *box { return c.member.sandbox.(*box) }

// The rules of a pool, one example each; TestModel has their combinations.
func TestPool(t *testing.T) {
	for name, test := range map[string]func(t *testing.T){
		"calls wait in their order, for an idle sandbox or for room": func(t *testing.T) {
			p, fn := newPool(t, 300, 100, 0), mb(100)
			a, b := dial(t, p, fn), dial(t, p, fn)
			dial(t, p, fn)
			first, second := waits(t, p, fn), waits(t, p, fn)
			require.Empty(t, first)
			time.Sleep(time.Second)
			p.release(b.member, true)
			got := <-first
			require.Same(t, boxOf(b), boxOf(got))
			require.Equal(t, time.Second, got.Queued())
			require.False(t, b.Alive(), "its connection has lost it")
			require.NoError(t, b.SetDeadline(time.Unix(1, 0)))
			require.NoError(t, b.Close())
			require.False(t, boxOf(got).Over(), "closing that kills it no longer")
			_, err := got.Write([]byte("x"))
			require.NoError(t, err, "another's deadline")
			synctest.Wait()
			require.Empty(t, second)
			boxOf(a).end()
			synctest.Wait()
			require.Len(t, second, 1)
		},
		"the number of sandboxes is bounded": func(t *testing.T) {
			p := newPool(t, 1<<40, 1, 0)
			a := dial(t, p, mb(1))
			second := waits(t, p, mb(1))
			require.Empty(t, second)
			require.NoError(t, a.Close())
			synctest.Wait()
			require.Len(t, second, 1)
		},
		"the only sandbox may be larger than the pool": func(t *testing.T) {
			p := newPool(t, 100, 100, 0)
			dial(t, p, mb(1000))
			require.Empty(t, waits(t, p, mb(1)))
		},
		"an idle sandbox is its connection's as long as there is room": func(t *testing.T) {
			p, fn := newPool(t, 300, 100, 0), mb(100)
			a := dial(t, p, fn)
			p.release(a.member, true)
			require.NotSame(t, boxOf(a), boxOf(dial(t, p, fn)))
			require.True(t, a.Alive())
			require.False(t, a.pool.claim(a), "it has a call already")
		},
		"idle sandboxes of others make room, the one that is idle for the longest time first": func(t *testing.T) {
			p, fn := newPool(t, 300, 100, 0), mb(100)
			all := []*Conn{dial(t, p, fn), dial(t, p, fn), dial(t, p, fn)}
			for _, i := range []int{1, 2, 0} {
				p.release(all[i].member, true)
			}
			dial(t, p, mb(50))
			require.True(t, boxOf(all[1]).Over())
			require.False(t, boxOf(all[2]).Over())
			require.False(t, boxOf(all[0]).Over())
		},
		"where one handler runs at a time, who is not its turn gives its sandbox back": func(t *testing.T) {
			p, fn := newPool(t, 1000, 100, 1), mb(1)
			a := dial(t, p, fn)
			p.release(a.member, true)
			b := dial(t, p, mb(1))
			require.False(t, a.Alive(), "the other function runs")
			again := waits(t, p, fn)
			require.Empty(t, again)
			p.release(b.member, true)
			require.Same(t, boxOf(a), boxOf(<-again))
		},
		"retiring ends idle sandboxes at once and others after their call": func(t *testing.T) {
			p, fn := newPool(t, 1000, 100, 0), mb(1)
			quiet, called := dial(t, p, fn), dial(t, p, fn)
			p.release(quiet.member, true)
			require.NoError(t, p.Retire(t.Context(), fn, false))
			require.True(t, boxOf(quiet).Over())
			require.False(t, boxOf(called).Over())
			p.release(called.member, true)
			require.True(t, boxOf(called).Over())
			fresh := dial(t, p, fn)
			p.release(fresh.member, true)
			require.False(t, boxOf(fresh).Over())
			require.NoError(t, p.Retire(t.Context(), fn, true))
			last := dial(t, p, fn)
			p.release(last.member, true)
			require.True(t, boxOf(last).Over(), "the function was replaced")
		},
		"a call that gives up hands its sandbox on": func(t *testing.T) {
			p, fn := newPool(t, 100, 100, 0), mb(100)
			a := dial(t, p, fn)
			next := waits(t, p, fn)
			p.handBack(a.member)
			require.Same(t, boxOf(a), boxOf(<-next))
			require.NoError(t, p.Retire(t.Context(), fn, false))
			p.handBack(a.member)
			require.True(t, boxOf(a).Over(), "it was retired")
		},
		"no wait outlasts its context": func(t *testing.T) {
			p := newPool(t, 1, 1, 0)
			fn := &Function{Memory: 1, New: func() Sandbox { b := newBox(); b.lasting = true; return b }}
			c := dial(t, p, fn)
			t.Cleanup(boxOf(c).remove)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := p.Dial(ctx, fn)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.ErrorIs(t, p.Close(ctx), context.DeadlineExceeded)
			_, err = p.Dial(t.Context(), fn)
			require.ErrorIs(t, err, ErrClosed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, test)
		})
	}
}
