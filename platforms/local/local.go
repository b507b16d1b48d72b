// Package local is the platform of containers on this machine: a function is a
// package mounted into a container of its language's image, or an image of its
// own, and a sandbox is a container.
//
// A sandbox is created and started for the call that needs it; it serves one
// call at a time, and an idle one is used again. It runs without root,
// capabilities and privileges, on a read-only file system with a bounded /tmp,
// with limits of memory, processor, processes and time, and in a network of the
// run, in which it reaches the run's stores and this machine, but not the
// internet. What it wrote to /tmp counts as memory, as on OpenWhisk.
//
// The package refuses to run anything privileged, and to publish ports beyond
// loopback.
package local

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/pool"
	"github.com/sebs-go/sebs/platforms/internal/stores"
)

// Name is the platform's name, and its build tag.
const Name = "local"

func init() {
	driver.Register(Name, func(ctx context.Context, run driver.Run) (driver.Platform, error) { return Open(ctx, run) })
}

// Platform is a Docker engine. Deployed functions live as long as it does;
// packages, images and their layers stay in the engine for later runs.
type Platform struct {
	*containers.Builder
	*stores.Stores

	run       driver.Run
	engine    *containers.Engine
	features  driver.Features
	direct    bool // containers are reached by their addresses, not by published ports
	perCPU    int  // MB of memory that come with one CPU; 0: no limit of CPU
	cache     string
	pool      *pool.Pool
	functions *pool.Functions
	network   *stores.Lazy[network]
	images    *stores.Lazy[string] // the repository of function images
	serial    atomic.Int64
	unguard   func()
	closing   sync.Once

	mu   sync.Mutex
	used string // the NoSQL store that was started
}

var _ driver.Platform = (*Platform)(nil)

// Features says what the platform can do.
func (p *Platform) Features() driver.Features { return p.features }

// Isolation describes the engine, for the record of a run.
func (p *Platform) Isolation() string {
	cpu := "no limit of CPU"
	if p.perCPU > 0 {
		cpu = fmt.Sprintf("one CPU for %d MB of memory", p.perCPU)
	}
	text := fmt.Sprintf("%s, %s", p.engine, cpu)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used != "" {
		text += ", tables in " + p.used
	}
	return text
}

// Deploy makes the function exist.
func (p *Platform) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (driver.Target, error) {
	return p.functions.Deploy(ctx, s, func() (*pool.Function, error) { return p.newFunction(ctx, s, pkg) })
}

// Endpoint returns how to call a function that this process deployed.
func (p *Platform) Endpoint(ctx context.Context, t driver.Target) (driver.Endpoint, error) {
	endpoint, err := p.functions.Endpoint(ctx, t)
	endpoint.Here = p.direct // otherwise the engine may be on another machine
	return endpoint, err
}

// Retire removes the function's containers: idle ones now, those with a call
// when it ends. It returns when nothing is left of the idle ones.
func (p *Platform) Retire(ctx context.Context, name string) error {
	return p.functions.Retire(ctx, name)
}

// Resources lists the functions, the buckets and tables of the stores that were
// started, and the containers and networks that a killed run of this prefix
// left in the engine.
func (p *Platform) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(driver.Resource{}, err)
			return
		}
		for r := range p.functions.Resources() {
			if !yield(r, nil) {
				return
			}
		}
		for r, err := range p.Stores.Resources(ctx) {
			if !yield(r, err) {
				return
			}
		}
		left, err := p.left(ctx)
		if err != nil {
			yield(driver.Resource{}, err)
			return
		}
		for _, r := range left {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Remove deletes a function, a bucket, a table, a container, a volume or a
// network.
func (p *Platform) Remove(ctx context.Context, r driver.Resource) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !p.run.Owns(r.Name) {
		return fmt.Errorf("%w: the name does not begin with %s", driver.ErrNotOurs, p.run.Prefix)
	}
	switch r.Kind {
	case pool.KindFunction:
		return p.functions.Remove(ctx, r.Name)
	case kindContainer, kindNetwork, kindVolume:
		return p.removeLeft(ctx, r)
	}
	return p.Stores.Remove(ctx, r)
}

// Close removes all containers, also those with a call, the stores and the
// network. What an engine that does not answer leaves until ctx is done stays
// with the guard. A second Close does nothing.
func (p *Platform) Close(ctx context.Context) (err error) {
	p.closing.Do(func() {
		closed := make(chan error, 1)
		go func() {
			closed <- errors.Join(p.functions.Close(ctx), p.Stores.Close(), p.images.Close(), p.network.Close(), p.engine.Close())
		}()
		select {
		case err = <-closed:
			p.unguard()
		case <-ctx.Done():
			err = fmt.Errorf("the Docker engine did not remove everything in time (docker ps -a --filter label=%s=%s lists it): %w",
				containers.LabelRun, p.run.ID, ctx.Err())
		}
	})
	return err
}
