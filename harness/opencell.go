package harness

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/harness/results"
)

// built is a function's package.
type built struct{ build.Result }

// newCell returns a cell that is not open yet.
func (p *plan) newCell(fn *plannedFunction, cond condition, turn *turn) *Cell {
	r := p.run
	k := r.params.concurrency(cond.mode)
	c := &Cell{
		Recorded: Recorded{tb: p.tb, fn: fn, cond: cond}, plan: p, run: r, experiment: p.experiment, turn: turn, k: k, place: r.nextPlace(),
		sample: newSample(), sampler: newSampler(r.params, k),
	}
	c.soFar = c.endingNow
	c.sampler.patience = driver.Pace{}.Bound(r.params.batches(k), fn.on.Features().Pace.Retire)
	c.ctx, c.cancel = context.WithCancelCause(r.ctx)
	return c
}

// cell opens a cell, calls body with it when it is its turn, and writes what it
// measured, however body ends. ready is called once the cell is open.
func (p *plan) cell(tb testing.TB, c *Cell, ready func(), body func(context.Context, *Cell)) {
	tb.Cleanup(func() { // after those of body, and after its sub-tests
		defer c.turn.end()
		c.end(tb)
	})
	p.start(tb, c, ready)
	body(c.ctx, c)
	c.returned = true
}

// start opens a cell and waits for its first turn. ready is called in between.
func (p *plan) start(tb testing.TB, c *Cell, ready func()) {
	if cause := context.Cause(p.run.ctx); cause != nil {
		p.fatalf(tb, "not begun: %v", cause)
	}
	if err := c.open(c.ctx); err != nil {
		if cause := context.Cause(p.run.ctx); cause != nil {
			err = fmt.Errorf("%w (%w)", cause, err)
		} else if errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrUnsupported) { // which only the build shows
			c.fn.unavailable = err
			p.leave(tb, c.fn, err)
		}
		p.fatalf(tb, "%v", err)
	}
	ready()
	c.turn.wait()
	if why := p.stopped(); why != "" {
		if p.run.ctx.Err() == nil {
			tb.Skipf("not begun: %s", why)
		}
		p.fatalf(tb, "not begun: %s", why)
	}
	if err := c.begin(); err != nil {
		p.fatalf(tb, "%v", err)
	}
	c.tb = tb
}

// errorf fails a test with a message that names the line of the experiment: its
// sub-tests run in goroutines of their own, from which testing does not find it.
func (p *plan) errorf(tb testing.TB, format string, args ...any) {
	fmt.Fprintf(tb.Output(), "%s: %s\n", p.at, environment.Plain(fmt.Sprintf(format, args...)))
	tb.Fail()
}

// fatalf is errorf, and ends the test.
func (p *plan) fatalf(tb testing.TB, format string, args ...any) {
	p.errorf(tb, format, args...)
	tb.FailNow()
}

// caller returns the line that calls what calls it: "perfcost_test.go:19".
func caller() string {
	_, file, line, _ := runtime.Caller(2)
	return fmt.Sprintf("%s:%d", filepath.Base(file), line)
}

// open takes the function that was deployed for the cell, or deploys it now.
func (c *Cell) open(ctx context.Context) error {
	d := c.fn.deployed[c.cond.name()]
	if d == nil {
		d = c.fn.prepare(ctx, c.run, c.cond)
		c.fn.deploy(ctx, c.run, c.cond, d, 1)
	}
	c.spec, c.input, c.store, c.target = d.spec, d.input, d.store, d.target
	c.grace = c.spec.Timeout + time.Minute
	if d.err != nil {
		return d.err
	}
	c.owns, c.here = d.endpoint.Sandbox, d.endpoint.Here
	var err error
	c.client, err = invoke.New(d.endpoint)
	return err
}

// begin begins the cell's first turn: makes its folder, in which nothing is of
// a cell that did not begin.
func (c *Cell) begin() error {
	h := results.Header{Place: c.place, Concurrency: c.k, Samples: c.sampler.most, Target: c.target}
	_, h.Metered = c.fn.on.Platform.(driver.Meter)
	if c.fn.built != nil {
		h.Package, h.PackageSize = c.fn.built.Digest, c.fn.built.Size
	}
	var err error
	if c.recorder, err = results.CreateCell(c.run.folder, c.experiment, c.fn.pairs(), c.cond.pairs(), h); err != nil {
		return err
	}
	if err := c.run.noteLatest(); err != nil {
		return errors.Join(err, c.recorder.Rest())
	}
	c.begun = true
	c.beginTurn()
	return nil
}

// end ends a cell: whatever it holds is given up, and what it measured is
// written.
func (c *Cell) end(tb testing.TB) {
	c.over = true
	c.cancel(errors.New("the cell has ended"))
	if c.client != nil {
		c.client.Close()
	}
	if !c.begun {
		return
	}
	if c.sampler.stopped == "" && tb.Skipped() {
		c.sampler.stopped, c.sampler.told = "the body skipped the rest", true
	}
	if err := errors.Join(c.giveUp(), c.close()); err != nil {
		c.plan.errorf(tb, "%v", err)
	}
	if cause := context.Cause(c.run.ctx); cause != nil {
		c.plan.errorf(tb, "stopped: %v; what was measured is kept", cause)
	}
	if c.sample.Attempts > c.sample.OK {
		for _, hint := range c.fn.hints() {
			tb.Logf("%s: %s", c.fn.label(), hint)
		}
	}
	c.judge(tb)
}

// outputs says where the outputs of its sandboxes are, if there are any.
func (c *Cell) outputs() string {
	path := c.recorder.Outputs()
	if path == "" {
		return ""
	}
	return "; what their sandboxes printed is in " + path
}

// judge fails a cell of which nothing counts, or next to nothing before calls
// failed the same way each time, once.
func (c *Cell) judge(tb testing.TB) {
	stuck := c.sample.stuck()
	switch {
	case !c.judged && stuck != "" && stuck == c.sampler.stopped && c.sample.Counted > 0 && c.sample.Counted < stuckLost:
		c.plan.errorf(tb, "only %d of %s count: %s", c.sample.Counted, figures.Plural(c.sample.Attempts, "invocation"), stuck)
	case c.sample.Counted > 0 || c.judged || tb.Skipped():
		return
	case c.sample.Attempts > 0:
		c.plan.errorf(tb, "none of %s counts: %s%s", figures.Plural(c.sample.Attempts, "invocation"), c.sample.Why(), c.outputs())
	case c.returned && c.run.ctx.Err() == nil && !tb.Failed():
		c.plan.errorf(tb, "the body made no call: loop over cell.More and call cell.Batch, or call cell.Invoke")
	}
	c.judged = true
}

// build makes the function's package, once.
func (f *plannedFunction) build(ctx context.Context, r *run) error {
	if f.built != nil || f.unbuilt != nil {
		return f.unbuilt
	}
	r.progress.doing("build", f, condition{})
	result, err := r.packages.Package(ctx, f.job(r))
	if err != nil {
		if errors.Is(err, driver.ErrUnavailable) {
			f.unbuilt = err
		} else if ctx.Err() == nil {
			f.unbuilt = fmt.Errorf("build %s: it failed for the cell before, which has the reason", f.label())
		}
		return err // it names the benchmark, the runtime and the platform
	}
	r.progress.built(f, result)
	for _, text := range result.Warnings {
		r.note(f.label() + ": " + text)
	}
	r.addPackage(f.name(), result)
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), 30*time.Second)
	defer cancel()
	return f.on.emptyOutputs(ctx, f.on.store(f.benchmark, f.spec.Modules))
}
