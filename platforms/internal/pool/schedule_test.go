package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAnySchedule has calls, cancelled and not, retirements, sandboxes that end
// by themselves, and the end of the pool meet at the same moment, which TestModel
// never does.
func TestAnySchedule(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := New(int64(r.IntN(600)+100), r.IntN(5)+1, r.IntN(3))
		var mu sync.Mutex
		var boxes []*box
		var functions []*Function
		for i := range r.IntN(3) + 1 {
			rare := r.IntN(4) == 0
			functions = append(functions, &Function{Name: fmt.Sprint("f", i), Memory: r.IntN(300) + 1, New: func() Sandbox {
				b := newBox()
				b.starts = func(context.Context) error {
					runtime.Gosched()
					if rare && rand.IntN(3) == 0 {
						return errors.New("no room")
					}
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				boxes = append(boxes, b)
				return b
			}})
		}
		var actors sync.WaitGroup
		for i := range r.IntN(8) + 2 {
			ar := rand.New(rand.NewPCG(seed, uint64(i+2)))
			actors.Go(func() {
				for range 20 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(ar.IntN(2000))*time.Microsecond)
					c, err := p.Dial(ctx, functions[ar.IntN(len(functions))])
					if err == nil {
						for range ar.IntN(3) { // calls over the same connection
							p.release(c.member, true)
							runtime.Gosched()
							if !c.Alive() {
								break
							}
						}
						c.Close() // which fails if the sandbox has ended
					}
					cancel()
				}
			})
		}
		var closeErr error
		actors.Go(func() {
			for range 5 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_ = p.Retire(ctx, functions[r.IntN(len(functions))], false) // those with a call end later
				cancel()
				mu.Lock()
				for _, b := range boxes {
					if !b.Over() {
						b.end()
						break
					}
				}
				mu.Unlock()
				runtime.Gosched()
			}
			if r.IntN(2) == 0 {
				time.Sleep(time.Duration(r.IntN(1000)) * time.Microsecond)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			closeErr = p.Close(ctx)
		})
		actors.Wait()
		require.NoError(t, closeErr)
		_, err := p.Dial(t.Context(), functions[0])
		require.ErrorIs(t, err, ErrClosed)
		check(t, p, functions)
		require.Zero(t, p.taken, "seed %d: sandboxes are left", seed)
		require.Zero(t, p.waiting.Len(), "seed %d", seed)
		for _, b := range boxes {
			require.LessOrEqual(t, b.begun, 1, "seed %d: a sandbox is started twice", seed)
			require.True(t, b.begun == 0 || b.Over(), "seed %d: a sandbox goes on", seed)
		}
	}
}

// TestCloseBeforeTheFirstLook: the pool is closed between a call's place in the
// queue and its first look at what it got.
func TestCloseBeforeTheFirstLook(t *testing.T) {
	for range 2000 {
		p := New(1, 1, 0)
		fn := &Function{Memory: 1, New: func() Sandbox { return newBox() }}
		_, err := p.Dial(t.Context(), fn) // the only place
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
