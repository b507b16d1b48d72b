package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// model is what must hold of sandboxes, whatever the schedule: each is started
// once, and what is started is killed and forgotten.
type model struct {
	pool    *Pool
	started atomic.Int64
	ended   atomic.Int64
	broken  atomic.Pointer[string]
}

func (m *model) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	m.broken.CompareAndSwap(nil, &text)
}

// modelled is a sandbox of a model. A sandbox that was killed, or ends by
// itself, is forgotten a moment later, as real ones are.
type modelled struct {
	m    *model
	fail bool // it cannot be started

	mu      sync.Mutex
	starts  int
	running bool
	dead    bool
	near    net.Conn
	once    sync.Once
}

func (s *modelled) Start(context.Context) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starts++; s.starts > 1 {
		s.m.fail("a sandbox is started twice")
	}
	if s.fail {
		return nil, errors.New("no room")
	}
	s.m.started.Add(1)
	s.near, _ = net.Pipe()
	s.running = true
	if s.dead {
		s.end()
	}
	return s.near, nil
}

func (s *modelled) Kill(*driver.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
	if s.running {
		s.end()
	}
}

// end has the pool forget it; the caller holds mu.
func (s *modelled) end() {
	s.once.Do(func() {
		go func() {
			runtime.Gosched()
			s.m.ended.Add(1)
			if !s.m.pool.Forget(s) {
				s.near.Close()
			}
		}()
	})
}

func (s *modelled) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

func (s *modelled) Met(bool) Limits                { return Limits{} }
func (s *modelled) Failure(Limits) *driver.Failure { return nil }

// TestAnySchedule has calls, cancelled and not, retirements, sandboxes that end
// by themselves, and the end of the pool meet in any order.
func TestAnySchedule(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := New(int64(r.IntN(600)+100), r.IntN(5)+1, r.IntN(3))
		m := &model{pool: p}
		var live sync.Map // of sandboxes, to end by themselves
		var functions []*Function
		for i := range r.IntN(3) + 1 {
			rare := r.IntN(4) == 0
			functions = append(functions, &Function{Name: fmt.Sprint("f", i), Memory: r.IntN(300) + 1, New: func() Sandbox {
				s := &modelled{m: m, fail: rare && rand.IntN(3) == 0}
				live.Store(s, true)
				return s
			}})
		}
		var actors sync.WaitGroup
		for i := range r.IntN(8) + 2 {
			ar := rand.New(rand.NewPCG(seed, uint64(i+2)))
			actors.Go(func() {
				for range 20 {
					fn := functions[ar.IntN(len(functions))]
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(ar.IntN(2000))*time.Microsecond)
					c, err := p.Dial(ctx, fn)
					switch {
					case err == nil && c == nil:
						m.fail("neither a connection nor an error")
					case err == nil:
						for range ar.IntN(3) { // calls over the same connection
							p.release(c.s)
							runtime.Gosched()
							if !c.Alive() {
								break
							}
						}
						c.Close()
					}
					cancel()
				}
			})
		}
		actors.Go(func() {
			for range 5 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_ = p.Retire(ctx, functions[r.IntN(len(functions))], false) // those with a call end later
				cancel()
				live.Range(func(s, _ any) bool { s.(*modelled).Kill(nil); return false })
				runtime.Gosched()
			}
			if r.IntN(2) == 0 {
				time.Sleep(time.Duration(r.IntN(1000)) * time.Microsecond)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := p.Close(ctx); err != nil {
				m.fail("close: %v", err)
			}
		})
		actors.Wait()
		_, err := p.Dial(t.Context(), functions[0])
		require.ErrorIs(t, err, ErrClosed)
		require.Eventually(t, func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.all) == 0
		}, time.Minute, time.Millisecond, "seed %d: sandboxes are left", seed)
		if text := m.broken.Load(); text != nil {
			require.Fail(t, *text, "seed %d", seed)
		}
		require.Equal(t, m.started.Load(), m.ended.Load(), "seed %d", seed)
		require.Zero(t, p.used, "seed %d", seed)
		require.Zero(t, p.serving, "seed %d", seed)
		require.Empty(t, p.waiting, "seed %d", seed)
	}
}

// TestCloseBeforeTheFirstLook: the pool is closed between a call's place in the
// queue and its first look at what it got.
func TestCloseBeforeTheFirstLook(t *testing.T) {
	for range 2000 {
		p := New(1, 1, 0)
		m := &model{pool: p}
		fn := &Function{Memory: 1, New: func() Sandbox { return &modelled{m: m} }}
		_, _, err := p.acquire(t.Context(), fn) // the only place
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() {
			_, err := p.Dial(t.Context(), fn)
			done <- err
		}()
		for range rand.IntN(50) {
			runtime.Gosched()
		}
		p.close()
		require.ErrorIs(t, <-done, ErrClosed)
	}
}
