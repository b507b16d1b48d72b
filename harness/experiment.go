package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/selection"
	"github.com/sebs-go/sebs/harness/results"
)

const noPlatform = `no platform is linked here: import one in a file of the test's package, _ "github.com/sebs-go/sebs/platforms/process", or _ "github.com/sebs-go/sebs/platforms" for those that -tags name`

// Cells runs an experiment: body once for each cell that -run selects, as a
// sub-test of two levels, the function and the condition. Everything is built,
// deployed and given its input before body is called, and removed afterwards.
//
// Without a body, each cell makes batches until it has enough.
//
// Cells take turns: see order. Whatever tests are parallel, and whatever bodies
// do, one body runs at a time.
//
// An experiment runs only if -run names it: a pattern that also matches the
// bare word Test names nothing, and the test is skipped. One that is named and
// selects no cell fails with the nearest names.
func Cells(t *testing.T, benchmarks []Benchmark, c Conditions, body func(ctx context.Context, t *testing.T, cell *Cell)) {
	t.Helper()
	if err := errors.Join(checkBenchmarks(benchmarks), c.check()); err != nil {
		t.Fatal(environment.Plain(err.Error()))
	}
	sel, err := selection.New(t.Name(), "-run", selection.Flag("test.run"), selection.Flag("test.skip"))
	if err != nil {
		t.Fatal(environment.Plain(err.Error()))
	}
	if !sel.Named() {
		t.Skipf("an experiment runs when -run names it: -run '%s/…'", strings.TrimPrefix(t.Name(), "Test"))
	}
	plan, err := newPlan(t, sel, benchmarks, c)
	if err != nil {
		t.Fatal(environment.Plain(err.Error()))
	}
	plan.at = caller()
	if body == nil {
		body = untilEnough
	}
	plan.measure(t, body)
	if err := plan.unmeasured(); err != nil && !t.Failed() {
		plan.errorf(t, "%v", err)
	}
}

// untilEnough is the body of cells whose experiment has none.
func untilEnough(ctx context.Context, _ *testing.T, cell *Cell) {
	for cell.More() {
		cell.Batch(ctx)
	}
}

// BenchCells does what Cells does for a testing.B: body is called for each cell
// that -bench selects, and loops with b.Loop, or over b.N, over Cell.Batch. The
// names of sub-benchmarks have a level for each key, as benchstat projects
// them. Cells follow one another: package testing runs no benchmark beside
// another, so for a comparison that drift does not touch use Cells.
//
// The time reported for an operation is the median of the client's times of the
// invocations that count, not that of the loop, which includes forcing cold
// starts. A warm cell is warmed up by calls that do not count before body is
// called. With a loop over b.N package testing calls body several times, with
// one cell, whose last report has the invocations of all.
func BenchCells(b *testing.B, benchmarks []Benchmark, c Conditions, body func(ctx context.Context, b *testing.B, cell *Cell)) {
	b.Helper()
	if c.After != nil {
		b.Fatal("conditions: After is for Cells: the cells of a benchmark follow one another, so that drift is part of what they differ in")
	}
	if err := errors.Join(checkBenchmarks(benchmarks), c.check()); err != nil {
		b.Fatal(environment.Plain(err.Error()))
	}
	sel, err := selection.New(b.Name(), "-bench", selection.Flag("test.bench"), selection.Flag("test.skip"))
	if err != nil {
		b.Fatal(environment.Plain(err.Error()))
	}
	if !sel.Named() {
		b.Skipf("a benchmark of functions runs when -bench names it: -bench '%s/…'", strings.TrimPrefix(b.Name(), "Benchmark"))
	}
	plan, err := newPlan(b, sel, benchmarks, c)
	if err != nil {
		b.Fatal(environment.Plain(err.Error()))
	}
	plan.at = caller()
	plan.run.progress.quiet() // a line in the middle of a result breaks it for benchstat
	plan.run.measuring.Lock()
	defer plan.run.measuring.Unlock()
	plan.run.deployAll(plan.functions)
	for _, fn := range plan.functions {
		if fn.broken != nil {
			b.Errorf("%s: %s", fn.name(), environment.Plain(fn.broken.Error()))
			continue
		}
		if fn.unavailable != nil {
			if fn.named {
				b.Errorf("%s: %s", fn.name(), environment.Plain(fn.unavailable.Error()))
			} else {
				b.Logf("%s: %s", fn.name(), environment.Plain(fn.unavailable.Error()))
			}
			continue
		}
		for _, cond := range fn.conditions {
			if cond.refused != nil {
				b.Run(benchName(fn, cond), func(b *testing.B) { plan.refuse(b, fn, cond) })
				continue
			}
			plan.bench(b, fn, cond, body)
		}
		if err := fn.finish(plan.run); err != nil {
			b.Error(environment.Plain(err.Error()))
		}
	}
}

// bench runs the sub-benchmark of a cell. Package testing calls its function
// again, with the same testing.B for a larger b.N, and with another for -count,
// which wants a cell of its own.
func (p *plan) bench(b *testing.B, fn *plannedFunction, cond condition, body func(context.Context, *testing.B, *Cell)) {
	var c *Cell
	var of *testing.B
	end := func() {
		if c != nil {
			c.end(b)
			c.turn.end()
		}
	}
	b.Run(benchName(fn, cond), func(sub *testing.B) {
		if sub != of {
			end()
			o := newOrder(0, "")
			c, of = p.newCell(fn, cond, o.join()), sub
			p.start(sub, c, o.start)
			if cond.mode == Warm {
				c.batch(c.ctx, true)
			}
			sub.ResetTimer() // a loop over b.N grows by the time it takes
		}
		c.abort = sub.FailNow // b.Loop ends at -benchtime alone
		body(c.ctx, sub, c)
		c.returned = true
		if c.judge(sub); sub.Failed() {
			return
		}
		c.report(sub)
	})
	end()
}

// benchName returns the name of a cell's sub-benchmark.
func benchName(fn *plannedFunction, cond condition) string {
	return strings.ReplaceAll(fn.name()+","+cond.name(), ",", "/")
}

// plan is what an experiment is going to run.
type plan struct {
	run        *run
	tb         testing.TB
	selection  selection.Selection
	at         string // the line that calls Cells
	experiment string
	hook       func(t *testing.T, m *Measured) // nil: none
	repetition int                             // of the experiment in the run (-count)
	functions  []*plannedFunction
}

// plannedFunction is a function with the conditions that were selected.
type plannedFunction struct {
	function
	on          *openPlatform
	conditions  []condition // selected
	offered     []condition // all
	named       bool        // its language: it may not be left out
	unavailable error       // why this machine cannot have it
	broken      error       // why nothing can
	built       *built
	unbuilt     error                  // why it could not be built
	deployed    map[string]*deployment // before its cells, by the condition's name
}

// refuse skips the test of a cell that the platform cannot have, or fails it if
// its memory was named.
func (p *plan) refuse(tb testing.TB, fn *plannedFunction, c condition) {
	if p.selection.NamesMemory(fn.pairs(), c.pairs()) {
		p.fatalf(tb, "%v", c.refused)
	}
	tb.Skip(environment.Plain(c.refused.Error()))
}

// leave skips the test of a function that this machine cannot have, or fails it
// if the language was named.
func (p *plan) leave(tb testing.TB, fn *plannedFunction, why error) {
	if fn.named {
		p.fatalf(tb, "%v", why)
	}
	tb.Skip(environment.Plain(why.Error()))
}

// unmeasured returns why, if no cell that was selected could be had.
func (p *plan) unmeasured() error {
	var why error
	for _, f := range p.functions {
		if reason := cmp.Or(f.broken, f.unavailable); reason != nil {
			why = fmt.Errorf("%s: %w", f.name(), reason)
			continue
		}
		for _, c := range f.conditions {
			if c.refused == nil {
				return nil
			}
			why = fmt.Errorf("%s: %w", f.name(), c.refused)
		}
	}
	return why
}

// newPlan selects cells and says how long they may take, before anything is
// built.
func newPlan(tb testing.TB, sel selection.Selection, benchmarks []Benchmark, c Conditions) (*plan, error) {
	r, err := openRun(tb)
	if err != nil {
		return nil, err
	}
	benchmarks, err = r.withFolders(benchmarks)
	if err != nil {
		return nil, err
	}
	if len(driver.Platforms()) == 0 {
		return nil, errors.New(noPlatform)
	}
	note, err := checkTags(buildTags(), driver.Tags(), driver.Platforms())
	if err != nil {
		return nil, err
	}
	if note != "" {
		r.note(note)
	}
	p := &plan{run: r, tb: tb, selection: sel, experiment: sel.Root(), repetition: r.repetition(sel.Root()), hook: c.After}
	var all []candidate
	var known []string // languages
	for _, platform := range driver.Platforms() {
		on, err := r.platform(platform)
		if err != nil {
			return nil, err
		}
		known = append(known, languages(on.Features().Runtimes)...)
		functions, err := candidates(r.ctx, platform, on.Features(), benchmarks)
		if err != nil {
			return nil, err
		}
		for _, f := range functions {
			one := candidate{f, c.expand(r.params, f.memory())}
			all = append(all, one)
			names := one.names()
			if !sel.Wants(names) {
				continue
			}
			pf := &plannedFunction{function: f, on: on, named: sel.NamesLanguage(names), offered: one.conditions}
			f.benchmark.guardedBy(r.guard)
			pf.conditions = slices.DeleteFunc(f.under(one.conditions), func(c condition) bool { return !sel.Cell(f.pairs(), c.pairs()) })
			p.functions = append(p.functions, pf)
		}
	}
	for i := range benchmarks {
		if err := benchmarks[i].checkLanguages(known); err != nil {
			return nil, err
		}
	}
	p.prepare(r.ctx)
	if cause := context.Cause(r.ctx); cause != nil { // not a reason for anything to be unavailable
		return nil, fmt.Errorf("not begun: %w", cause)
	}
	remarks := c.overridden(r.params)
	if len(p.functions) > 0 { // else the error says it
		remarks = append(remarks, sel.Unmatched(c.offer(all, benchmarks))...)
	}
	for _, text := range remarks {
		r.note(results.ShortName(sel.Root()) + ": " + text)
	}
	return p, p.check(sel, all, benchmarks, c)
}

// prepare finds what the selected functions need and whether this machine has
// it. Folders written for SeBS execute their input.py for that, which is mostly
// the start of an interpreter, so there are several at a time.
func (p *plan) prepare(ctx context.Context) {
	places := make(chan struct{}, runtime.NumCPU())
	var wait sync.WaitGroup
	for _, f := range p.functions {
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			f.spec.Modules, f.broken = f.benchmark.modules(ctx)
		})
	}
	wait.Wait()
	for _, f := range p.functions {
		for _, text := range f.benchmark.notes(languages(f.on.Features().Runtimes)) {
			p.run.note(text)
		}
		if errors.Is(f.broken, driver.ErrUnavailable) { // python3 itself is missing
			f.broken, f.unavailable = nil, f.broken
		} else if f.broken == nil {
			f.unavailable = f.available(ctx)
		}
		if f.unavailable != nil && !errors.Is(f.unavailable, driver.ErrUnavailable) && !errors.Is(f.unavailable, driver.ErrUnsupported) {
			f.broken, f.unavailable = f.unavailable, nil
		}
	}
}

// available returns why the function cannot be had on this machine, or nil.
func (f *plannedFunction) available(ctx context.Context) error {
	if err := f.benchmark.hasLanguage(f.spec.Runtime.Language); err != nil {
		return err
	}
	if err := f.on.missing(ctx, f.benchmark, f.spec.Modules); err != nil {
		return err
	}
	_, err := f.on.Recipe(ctx, f.spec)
	return err
}

// open returns the conditions under which the function can be had.
func (f *plannedFunction) open() []condition {
	if cmp.Or(f.broken, f.unavailable) != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(f.conditions), func(c condition) bool { return c.refused != nil })
}

// check refuses a plan of nothing, and one that cannot end in time.
func (p *plan) check(sel selection.Selection, all []candidate, benchmarks []Benchmark, c Conditions) error {
	cells := 0
	for _, f := range p.functions {
		cells += len(f.open())
	}
	switch {
	case len(p.functions) == 0:
		return errors.New(sel.Explain(c.offer(all, benchmarks)))
	case cells == 0:
		return p.unmeasured()
	}
	if err := p.fits(c, sel.Kind()); err != nil {
		return err
	}
	p.run.progress.plan(cells)
	return nil
}

// bound returns the longest time that a cell measures.
func (c Conditions) bound(p parameters) time.Duration {
	if c.Bound > 0 {
		return c.Bound
	}
	return p.MaxTime
}

func flagDuration(name string) time.Duration {
	d, err := time.ParseDuration(selection.Flag(name))
	if err != nil {
		return 0
	}
	return d
}
