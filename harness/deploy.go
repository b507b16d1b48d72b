package harness

import (
	"context"
	"fmt"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/control"
)

// deployment is the function of a cell, deployed for it.
type deployment struct {
	spec     driver.Spec
	input    *input
	store    *Store
	target   driver.Target
	endpoint driver.Endpoint
	err      error // why there is none
}

// prepare makes the input of a cell and builds its function, once.
func (f *plannedFunction) prepare(ctx context.Context, r *run, cond condition) *deployment {
	features := f.on.Features()
	d := &deployment{spec: f.spec, store: f.on.store(f.benchmark, f.spec.Modules)}
	d.spec.Memory = cond.memory
	d.spec.Name = driver.FunctionName(r.prefix, d.spec, features.MaxName)
	if features.Sequential == "" { // a function of its own: others neither retire nor change it
		d.spec.Name = driver.FunctionName(r.prefix, d.spec, features.MaxName, cond.values()...)
	}
	r.progress.doing("input", f, cond)
	// Before the build, which takes longer to find nothing wrong. Other cells use
	// it too, and the servers that it starts, so it has the run's context.
	if d.input, d.err = f.on.input(r.ctx, f.benchmark, cond.size, d.store); d.err != nil {
		return d
	}
	if d.err = f.build(ctx, r); d.err != nil {
		return d
	}
	if d.err = features.CheckPackage(f.built.Package); d.err != nil {
		d.err = fmt.Errorf("%s: %w", f.label(), d.err)
		return d
	}
	d.spec.Environment, d.err = f.on.environment(ctx, d.spec.Modules, d.store)
	return d
}

// deploy deploys what was prepared. It is given up with n others of its platform
// after what follows from the pace.
func (f *plannedFunction) deploy(ctx context.Context, r *run, cond condition, d *deployment, n int) {
	if d.err != nil {
		return
	}
	pace := f.on.Features().Pace
	ctx, cancel := context.WithTimeout(ctx, pace.Bound(n, pace.Deploy)+control.Throttled)
	defer cancel()
	r.progress.doing("deploy", f, cond)
	var err error
	if d.target, err = f.on.Deploy(ctx, d.spec, f.built.Package); err != nil {
		d.err = fmt.Errorf("deploy %s: %w", d.spec.Name, err)
		return
	}
	if d.endpoint, err = f.on.Endpoint(ctx, d.target); err != nil {
		d.err = fmt.Errorf("endpoint of %s: %w", d.spec.Name, err)
	}
}

// deployAll prepares the functions, one after another, and deploys them for
// their cells beside that, as many at once as the platforms allow. It returns
// when all are deployed, or are not for a reason that their cells tell. Functions
// that cells share are deployed when a cell begins.
func (r *run) deployAll(functions []*plannedFunction) {
	var deploying sync.WaitGroup
	defer deploying.Wait()
	for _, f := range functions {
		if f.on.Features().Sequential != "" {
			continue
		}
		conditions := f.open()
		f.deployed = map[string]*deployment{}
		for _, cond := range conditions {
			if r.ctx.Err() != nil {
				return
			}
			d := f.prepare(r.ctx, r, cond)
			f.deployed[cond.name()] = d
			deploying.Go(func() { f.deploy(r.ctx, r, cond, d, len(functions)*len(conditions)) })
		}
	}
}
