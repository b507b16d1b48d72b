package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// built is a function's package.
type built struct{ build.Result }

// cell prepares a cell, calls body with it, and writes what it measured,
// however body ends.
func (p *plan) cell(tb testing.TB, fn *plannedFunction, cond condition, body func(context.Context, *Cell)) {
	tb.Helper()
	p.run.measuring.Lock()
	defer p.run.measuring.Unlock()
	ctx := p.run.ctx
	if ctx.Err() != nil {
		tb.Fatalf("not begun: %v", context.Cause(ctx))
	}
	c, err := p.open(ctx, fn, cond)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
		tb.Fatal(err)
	}
	defer func() {
		tb.Helper()
		if err := c.close(); err != nil {
			tb.Error(err)
		}
		if ctx.Err() != nil {
			tb.Errorf("stopped: %v; what was measured is kept", context.Cause(ctx))
		}
		if c.sample.attempts > c.sample.ok {
			for _, hint := range fn.hints() {
				tb.Logf("%s: %s", fn.label(), hint)
			}
		}
		switch {
		case c.sample.counted > 0 || tb.Skipped():
		case c.sample.attempts > 0:
			tb.Errorf("none of %d invocations counts: %s", c.sample.attempts, c.sample.why())
		case ctx.Err() == nil && !tb.Failed():
			tb.Error("the body made no call: loop over cell.More and call cell.Batch, or call cell.Invoke")
		}
	}()
	c.tb = tb
	body(ctx, c)
}

// open builds and deploys the function, makes its input and the cell's folder.
func (p *plan) open(ctx context.Context, fn *plannedFunction, cond condition) (*Cell, error) {
	r := p.run
	spec := fn.spec
	spec.Memory = cond.memory
	spec.Name = driver.FunctionName(r.prefix, spec, fn.on.Features().MaxName)
	store := fn.on.store(fn.benchmark, spec.Modules)
	r.progress.doing("input", fn, cond)
	in, err := fn.on.input(ctx, fn.benchmark, cond.size, store) // before the build, which takes longer to find nothing wrong
	if err != nil {
		return nil, err
	}
	if err := fn.build(ctx, r); err != nil {
		return nil, err
	}
	if spec.Environment, err = fn.on.environment(ctx, spec.Modules, store); err != nil {
		return nil, err
	}
	r.progress.doing("deploy", fn, cond)
	endpoint, err := fn.on.Deploy(ctx, spec, fn.built.Package)
	if err != nil {
		return nil, fmt.Errorf("deploy %s: %w", spec.Name, err)
	}
	c := &Cell{
		run: r, fn: fn, cond: cond, experiment: p.experiment, spec: spec, input: in, store: store,
		grace: spec.Timeout + time.Minute, k: r.params.concurrency(cond.mode),
		dir:    filepath.Join(r.folder, p.experiment, fn.name(), cond.name()),
		series: map[string]*lines{}, rows: map[string]int{}, sample: newSample(), sampler: newSampler(r.params),
	}
	if spec.Trigger == driver.SDK {
		invoker, ok := fn.on.Platform.(driver.Invoker)
		if !ok {
			return nil, fmt.Errorf("platform %s: trigger sdk: %w", fn.platform, driver.ErrUnsupported)
		}
		c.invoker = invoker
	} else if c.client, err = invoke.New(endpoint); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, full(err)
	}
	// A run of the same cell again (-count) gets a folder of its own.
	for n := 2; ; n++ {
		c.records, err = createLines(filepath.Join(c.dir, "invocations.jsonl"))
		if !errors.Is(err, os.ErrExist) || n > 1000 {
			break
		}
		c.dir = filepath.Join(r.folder, p.experiment, fn.name(), fmt.Sprintf("%s#%d", cond.name(), n))
		if err := os.MkdirAll(c.dir, 0o755); err != nil {
			return nil, full(err)
		}
	}
	if err != nil {
		return nil, err
	}
	r.progress.cellBegins(c)
	return c, nil
}

// build makes the function's package, once.
func (f *plannedFunction) build(ctx context.Context, r *run) error {
	if f.built != nil {
		return nil
	}
	r.progress.doing("build", f, condition{})
	result, err := r.packages.Package(ctx, f.job(r))
	if err != nil {
		return err // it names the benchmark, the runtime and the platform
	}
	r.progress.built(f, result)
	for _, text := range result.Warnings {
		r.note(f.label() + ": " + text)
	}
	r.mu.Lock()
	r.manifest.addPackage(f.name(), result)
	r.mu.Unlock()
	f.built = &built{result}
	return nil
}

// hints returns what may be the reason of failures.
func (f *plannedFunction) hints() []string {
	hints := slices.Clone(f.built.Warnings)
	if hint := f.benchmark.hint(); hint != "" {
		hints = append(hints, hint)
	}
	return hints
}

// finish empties the outputs of a function that ran.
func (f *plannedFunction) finish(r *run) error {
	r.measuring.Lock()
	defer r.measuring.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), 30*time.Second)
	defer cancel()
	return f.on.emptyOutputs(ctx, f.on.store(f.benchmark, f.spec.Modules))
}
