package pool

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
)

// Functions are the functions that a run has deployed on a platform, by name.
// They live as long as the pool of their sandboxes. Safe for concurrent use.
type Functions struct {
	run      driver.Run
	features driver.Features
	pool     *Pool

	mu     sync.Mutex
	all    map[string]*Function
	closed bool
}

// NewFunctions returns no functions yet, for a platform with these features.
func NewFunctions(run driver.Run, features driver.Features, p *Pool) *Functions {
	return &Functions{run: run, features: features, pool: p, all: map[string]*Function{}}
}

// Deploy makes the function of a specification exist, as build says. One of
// that name with another identity is replaced, and its idle sandboxes are
// gone when Deploy returns.
func (f *Functions) Deploy(ctx context.Context, s driver.Spec, build func() (*Function, error)) (driver.Target, error) {
	if err := ctx.Err(); err != nil {
		return driver.Target{}, err
	}
	if err := f.features.Check(s); err != nil {
		return driver.Target{}, err
	}
	if !f.run.Owns(s.Name) {
		return driver.Target{}, fmt.Errorf("%w: the name does not begin with %s", driver.ErrNotOurs, f.run.Prefix)
	}
	if len(s.Name) > f.features.MaxName {
		return driver.Target{}, fmt.Errorf("the name %s has more than %d bytes", s.Name, f.features.MaxName)
	}
	fn, err := build()
	if err != nil {
		return driver.Target{}, err
	}
	old, err := f.put(s.Name, fn)
	if err == nil && old != nil {
		err = f.pool.Retire(ctx, old, true)
	}
	if err != nil {
		return driver.Target{}, err
	}
	return driver.Target{Function: s.Name, Trigger: s.Trigger}, nil
}

// Endpoint returns how to call a function of this process: each connection is a
// sandbox.
func (f *Functions) Endpoint(ctx context.Context, t driver.Target) (driver.Endpoint, error) {
	if err := ctx.Err(); err != nil {
		return driver.Endpoint{}, err
	}
	if _, err := f.get(t.Function); err != nil {
		return driver.Endpoint{}, err
	}
	return driver.Endpoint{
		URL:     "http://" + t.Function + "/",
		Here:    true,
		Sandbox: true,
		Dial:    func(ctx context.Context, _, _ string) (net.Conn, error) { return f.dial(ctx, t.Function) },
	}, nil
}

// put keeps fn under a name, unless it is no other than what is there, and
// returns what it replaced, nil if nothing.
func (f *Functions) put(name string, fn *Function) (*Function, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	old := f.all[name]
	if old != nil && old.Identity == fn.Identity {
		return nil, nil
	}
	f.all[name] = fn
	return old, nil
}

// get returns a deployed function.
func (f *Functions) get(name string) (*Function, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn := f.all[name]
	if fn == nil {
		return nil, fmt.Errorf("function %s: %w", name, driver.ErrNotFound)
	}
	return fn, nil
}

// dial gives a call its sandbox.
func (f *Functions) dial(ctx context.Context, name string) (net.Conn, error) {
	fn, err := f.get(name)
	if err != nil {
		return nil, err
	}
	c, err := f.pool.Dial(ctx, fn)
	if err != nil {
		return nil, err // not c, which would be a connection that is nil
	}
	return c, nil
}

// Retire stops the function's sandboxes: idle ones now, those with a call when
// it ends. It returns when nothing is left of the idle ones.
func (f *Functions) Retire(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fn, err := f.get(name)
	if err != nil {
		return err
	}
	return f.pool.Retire(ctx, fn, false)
}

// KindFunction is the kind of resource that a function is.
const KindFunction = "function"

// Resources lists the functions by name.
func (f *Functions) Resources() iter.Seq[driver.Resource] {
	return func(yield func(driver.Resource) bool) {
		f.mu.Lock()
		names := slices.Sorted(maps.Keys(f.all))
		f.mu.Unlock()
		for _, n := range names {
			if !yield(driver.Resource{Kind: KindFunction, Name: n, Run: f.run.ID, Expiry: f.run.Expiry}) {
				return
			}
		}
	}
}

// Remove deletes a function, if there is one of that name. Its sandboxes end as
// with Retire.
func (f *Functions) Remove(ctx context.Context, name string) error {
	f.mu.Lock()
	fn := f.all[name]
	delete(f.all, name)
	f.mu.Unlock()
	if fn == nil {
		return nil
	}
	return f.pool.Retire(ctx, fn, true)
}

// Close deletes all functions and closes the pool. What is deployed afterwards
// is refused.
func (f *Functions) Close(ctx context.Context) error {
	f.mu.Lock()
	f.closed = true
	clear(f.all)
	f.mu.Unlock()
	return f.pool.Close(ctx)
}
