// Package sim is a platform whose functions are models: they run in process,
// take times from distributions that are known exactly, fail with given
// probabilities, and sleep for the sampled time. It is the reference driver, the
// smallest example of one, and the ground truth: what the harness reports on
// it is compared with what it was told to do.
//
// A benchmark can be run on it if it has a folder sim with a function.json: a
// [Model]. A call of a sandbox that does not exist yet takes the model's
// start, during Dial or Invoke, then init, then a draw of cold; any later one
// takes a draw of warm.
//
// A [Remote] is its second character, a service that is far away: slow, late and
// throttling, with a gateway before its sandboxes. It is for tests of what such
// services do to a run, and the example of a driver for one.
//
// The package refuses to spare work: calls go through the same HTTP exchange,
// over an in-memory connection, that other platforms have.
package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
)

func init() {
	driver.Register("sim", func(_ context.Context, run driver.Run) (driver.Platform, error) {
		return New(run, Options{}), nil
	})
}

const (
	maxBytes = 6 << 20 // of payloads and replies
	maxName  = 63
)

// Options are for tests. The zero value is what a registered platform has.
type Options struct {
	World         *World // what exists; nil: the world of this process
	MaxBytes      int    // of payloads, and of replies; 0: 6 MiB
	MaxConcurrent int    // sandboxes of one function at once, a call beyond is throttled; 0: no limit
	Sequential    string // why cells are not interleaved; empty: they are
}

// Platform is the simulated platform.
type Platform struct {
	run     driver.Run
	options Options
	world   *World
	objects objectServer

	mu     sync.Mutex
	writes int
	mine   map[*function]struct{} // with sandboxes that end with the platform
	closed bool
}

var _ driver.Platform = (*Platform)(nil)

// New opens the platform for a run.
func New(run driver.Run, o Options) *Platform {
	o.MaxBytes = cmp.Or(o.MaxBytes, maxBytes)
	return &Platform{run: run, options: o, world: cmp.Or(o.World, everything), mine: map[*function]struct{}{}}
}

// errClosed is the error of everything after Close.
var errClosed = errors.New("the platform is closed")

// ready returns why a method cannot work now, if so.
func (p *Platform) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	return nil
}

// Features says what the platform can do.
func (p *Platform) Features() driver.Features {
	limits := driver.Limits{
		MaxPayload: p.options.MaxBytes, MaxReply: p.options.MaxBytes,
		Causes: []driver.Cause{driver.Throttled, driver.TimedOut, driver.Memory, driver.Processes, driver.Crash},
	}
	return driver.Features{
		Runtimes:      []driver.Runtime{{Language: "sim", Version: "1"}},
		Kinds:         []driver.Kind{driver.Archive},
		Architectures: []driver.Architecture{driver.X64, driver.ARM64},
		Triggers:      []driver.Trigger{driver.HTTP, driver.SDK},
		Modules:       []driver.Module{driver.NoSQL, driver.Storage},
		MaxName:       maxName,
		Limits:        map[driver.Trigger]driver.Limits{driver.HTTP: limits, driver.SDK: limits},
		MemoryLimits:  true,
		ProcessLimits: true,
		MaxConcurrent: p.options.MaxConcurrent,
		Pace:          driver.Pace{Parallel: 16},
		Beside:        true,
		Sequential:    p.options.Sequential,
	}
}

// Recipe adds nothing to a model.
func (p *Platform) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if err := p.ready(ctx); err != nil {
		return driver.Recipe{}, err
	}
	return driver.Recipe{Builder: "sim-1"}, p.Features().Check(s)
}

// Build checks the model.
func (p *Platform) Build(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
	if err := p.ready(ctx); err != nil {
		return driver.Package{}, err
	}
	if err := p.Features().Check(s); err != nil {
		return driver.Package{}, err
	}
	if _, err := readModel(dir); err != nil {
		return driver.Package{}, err
	}
	fmt.Fprintf(log, "the model of %s is right\n", s.Benchmark)
	return driver.Package{Kind: s.Kind, Dir: "."}, nil
}

// Deploy makes the function exist with the model in the package.
func (p *Platform) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (driver.Target, error) {
	if err := p.ready(ctx); err != nil {
		return driver.Target{}, err
	}
	if err := p.Features().Check(s); err != nil {
		return driver.Target{}, err
	}
	if err := p.checkName(s.Name); err != nil {
		return driver.Target{}, err
	}
	m, err := readModel(pkg.Dir)
	if err != nil {
		return driver.Target{}, err
	}
	p.reconcile(s, pkg.Digest, m)
	return driver.Target{Function: s.Name, Trigger: s.Trigger}, nil
}

// Endpoint returns how to call a function: over connections that are its
// sandboxes, or, for the trigger sdk, by a call of this package.
func (p *Platform) Endpoint(ctx context.Context, t driver.Target) (driver.Endpoint, error) {
	f, err := p.find(ctx, t.Function)
	if err != nil {
		return driver.Endpoint{}, err
	}
	p.mu.Lock()
	p.mine[f] = struct{}{}
	p.mu.Unlock()
	if t.Trigger == driver.SDK {
		return driver.Endpoint{Here: true, Invoke: func(ctx context.Context, payload []byte) (driver.Reply, error) {
			return p.invoke(ctx, t.Function, payload)
		}}, nil
	}
	return driver.Endpoint{
		URL:     "http://sim/" + t.Function,
		Here:    true,
		Sandbox: true,
		Decode:  decode,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if err := p.ready(ctx); err != nil {
				return nil, err
			}
			c, err := f.dial(ctx)
			if err == nil && p.ready(ctx) != nil { // closed meanwhile
				c.Close()
				return nil, errClosed
			}
			return c, err
		},
	}, nil
}

// find returns a function of the run.
func (p *Platform) find(ctx context.Context, name string) (*function, error) {
	if err := p.ready(ctx); err != nil {
		return nil, err
	}
	f := p.world.function(name)
	if f == nil || !p.run.Owns(name) {
		return nil, fmt.Errorf("function %s: %w", name, driver.ErrNotFound)
	}
	return f, nil
}

// reconcile makes the function be as s, digest and m say.
func (p *Platform) reconcile(s driver.Spec, digest string, m *Model) {
	f, changed := p.world.configure(s, digest, m, p.run, p.options)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mine[f] = struct{}{}
	if changed {
		p.writes++
	}
}

// Writes returns how often Deploy changed something.
func (p *Platform) Writes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writes
}

// invoke calls a function that was deployed for the trigger sdk.
func (p *Platform) invoke(ctx context.Context, name string, payload []byte) (driver.Reply, error) {
	f, err := p.find(ctx, name)
	if err != nil {
		return driver.Reply{}, err
	}
	s, _, err := f.acquire(ctx)
	if err != nil {
		return driver.Reply{}, err
	}
	if err := p.ready(ctx); err != nil { // closed meanwhile
		s.kill()
		return driver.Reply{}, err
	}
	if s.spec.Trigger != driver.SDK {
		s.kill()
		return driver.Reply{}, fmt.Errorf("function %s is not deployed for the trigger sdk: %w", name, driver.ErrUnsupported)
	}
	out, err := s.call(ctx, make([]byte, 0, 512), payload)
	if err != nil || out.lost {
		s.kill()
	} else {
		s.end()
	}
	if err != nil {
		return driver.Reply{}, err
	}
	if out.failure != nil {
		return driver.Reply{}, out.failure
	}
	return driver.Reply{Body: out.body}, nil
}

// Retire ends the function's sandboxes, busy ones after their calls.
func (p *Platform) Retire(ctx context.Context, name string) error {
	f, err := p.find(ctx, name)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.retire()
	return nil
}

// Resources lists functions, buckets and tables with the run's prefix.
func (p *Platform) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		if err := p.ready(ctx); err != nil {
			yield(driver.Resource{}, err)
			return
		}
		for _, r := range p.world.resources(p.run) {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Remove deletes a function, bucket or table.
func (p *Platform) Remove(ctx context.Context, r driver.Resource) error {
	if err := p.ready(ctx); err != nil {
		return err
	}
	if !p.run.Owns(r.Name) {
		return fmt.Errorf("%s %s: %w", r.Kind, r.Name, driver.ErrNotOurs)
	}
	p.world.remove(r)
	return nil
}

// Close ends all sandboxes of functions that were deployed through p, and the
// server of presigned URLs. What is deployed stays in the world.
func (p *Platform) Close(context.Context) error {
	p.mu.Lock()
	mine := slices.Collect(maps.Keys(p.mine))
	p.closed = true
	clear(p.mine)
	p.mu.Unlock()
	for _, f := range mine {
		f.mu.Lock()
		f.idle = nil
		for s := range f.alive {
			f.kill(s)
		}
		f.mu.Unlock()
	}
	return p.objects.close()
}
