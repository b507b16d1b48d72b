package harness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/internal/selection"
)

const (
	// turnCalls and turnTime bound a turn: a cell passes it on when it made so
	// many calls, or measured for so long.
	turnCalls = 10
	turnTime  = 5 * time.Second

	// mostOpen is the most cells that take turns with each other: more would
	// hold too many files and sandboxes, and wait too long between turns.
	mostOpen = 64

	// mostWarm is how many MB of memory sandboxes may have together that wait
	// for their cell's next turn. With more, they are given up.
	mostWarm = 2048
)

// measure runs the sub-tests of the plan: the cells of a group are opened, and
// then take turns. Experiments that are parallel tests wait for each other.
func (p *plan) measure(t *testing.T, body func(ctx context.Context, t *testing.T, cell *Cell)) {
	p.run.measuring.Lock()
	defer p.run.measuring.Unlock()
	for i, g := range p.groups() {
		if fn := g.functions[0]; g.sequential && !p.run.params.Sequential {
			p.run.note(fmt.Sprintf("cells on %s follow one another: %s", fn.platform, fn.on.Features().Sequential))
		}
		p.run.deployAll(g.functions)
		o := newOrder(p.run.seed, fmt.Sprintf("%s %d %d", p.experiment, p.repetition, i))
		var functions []<-chan struct{}
		for _, fn := range g.functions {
			functions = append(functions, launch(t, fn.name(), func(t *testing.T, ready func()) {
				p.function(t, fn, g, o, ready, body)
			}, func() {}))
		}
		o.start()
		for _, ended := range functions {
			<-ended
		}
	}
}

// function runs the sub-tests of a function: its cells.
func (p *plan) function(t *testing.T, fn *plannedFunction, g group, o *order, ready func(), body func(ctx context.Context, t *testing.T, cell *Cell)) {
	if fn.broken != nil {
		p.fatalf(t, "%v", fn.broken)
	}
	if fn.unavailable != nil {
		p.leave(t, fn, fn.unavailable)
	}
	var cells []*Cell
	var all []<-chan struct{}
	for _, cond := range fn.conditions {
		if cond.refused != nil {
			t.Run(cond.name(), func(t *testing.T) { p.refuse(t, fn, cond) })
			continue
		}
		order := o
		if g.sequential {
			order = newOrder(p.run.seed, "")
		}
		c := p.newCell(fn, cond, order.join())
		c.keeps = g.keeps
		ended := launch(t, cond.name(), func(t *testing.T, ready func()) {
			p.cell(t, c, ready, func(ctx context.Context, cell *Cell) { body(ctx, t, cell) })
		}, func() {
			if c.begun && !c.over {
				c.refuse(errParallel)
				p.errorf(t, "%s: %v", cond.name(), errParallel)
			}
			c.turn.end()
		})
		if g.sequential {
			order.start()
			<-ended
		}
		cells, all = append(cells, c), append(all, ended)
	}
	ready()
	for _, ended := range all {
		<-ended
	}
	// In a turn of its own, so that nothing is deleted while a cell measures.
	last := o.once()
	last.wait()
	defer last.end()
	if err := fn.finish(p.run); err != nil {
		p.errorf(t, "%v", err)
	}
	p.after(t, fn, cells)
}

// errParallel is what ends a cell whose body calls t.Parallel, which would let
// it go on only when all others have ended.
var errParallel = errors.New("the body calls t.Parallel, which cells cannot do: they are measured one at a time and take turns by themselves. Take the call out, or make it before Cells, where it lets the experiment begin beside others")

// launch runs a sub-test in a goroutine of its own, so that others can run
// beside it. It returns when the sub-test is ready or has ended, so that
// sub-tests begin in their order, and what is closed once it has ended: when it
// returned, or called t.Parallel. after is called just before.
func launch(t *testing.T, name string, f func(t *testing.T, ready func()), after func()) <-chan struct{} {
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer after()
		t.Run(name, func(t *testing.T) {
			f(t, sync.OnceFunc(func() { close(ready) }))
		})
	}()
	select {
	case <-ready:
	case <-ended:
	}
	return ended
}

// group is functions whose cells take turns.
type group struct {
	functions  []*plannedFunction
	sequential bool // one cell after another
	keeps      bool // sandboxes wait for their cell's next turn
}

// groups divides the functions of the plan: benchmarks stay whole, and a group
// has no more cells than may be open.
func (p *plan) groups() []group {
	var all []group
	var benchmarks []string
	of := map[string][]*plannedFunction{}
	for _, fn := range p.functions {
		if p.run.params.Sequential || fn.on.Features().Sequential != "" {
			all = append(all, group{functions: []*plannedFunction{fn}, sequential: true})
			continue
		}
		name := fn.benchmark.Name
		if of[name] == nil {
			benchmarks = append(benchmarks, name)
		}
		of[name] = append(of[name], fn)
	}
	var g group
	open := 0
	for _, name := range benchmarks {
		cells := 0
		for _, fn := range of[name] {
			cells += len(fn.conditions)
		}
		if open > 0 && open+cells > mostOpen {
			all = append(all, g)
			g, open = group{}, 0
		}
		g.functions = append(g.functions, of[name]...)
		open += cells
	}
	if open > 0 {
		all = append(all, g)
	}
	for i := range all {
		all[i].keeps = all[i].warm(p.run.params) <= mostWarm
	}
	return all
}

// warm returns how many MB the sandboxes have together that wait for their
// cell's next turn.
func (g group) warm(p parameters) int {
	mb := 0
	for _, fn := range g.functions {
		for _, c := range fn.conditions {
			if !c.mode.retires() {
				mb += c.memory * p.concurrency(c.mode)
			}
		}
	}
	return mb
}

// retires reports whether batches of the mode begin with retiring.
func (m Mode) retires() bool { return m == Cold || m == Burst }

// endTurn reports whether the cell has used up its turn.
func (c *Cell) endTurn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sample.Attempts-c.sample.resuming-c.turnFrom.calls >= turnCalls || c.sampler.measured-c.turnFrom.measured >= turnTime
}

// beginTurn notes where the cell's turn begins.
func (c *Cell) beginTurn() {
	c.mu.Lock()
	c.turnFrom.calls, c.turnFrom.measured = c.sample.Attempts-c.sample.resuming, c.sampler.measured
	c.mu.Unlock()
	c.run.progress.cellBegins(c)
}

// pass lets the other cells have their turns. It reports whether the cell is to
// go on.
func (c *Cell) pass() bool {
	if !c.turn.again() {
		if err := c.rest(); err != nil {
			c.fail(err)
			return false
		}
	}
	if c.turn.pass() {
		c.resumed = true
	}
	if c.failed() || c.turn.over() { // More was misused meanwhile
		return false
	}
	c.beginTurn()
	if why := c.plan.stopped(); why != "" {
		c.mu.Lock()
		c.sampler.stopped = why
		c.mu.Unlock()
		return false
	}
	return true
}

// rest gives up what the cell does not need until its next turn: its file, and
// sandboxes that are to be retired anyway, or that would keep too much memory
// from the others.
func (c *Cell) rest() error {
	if err := c.recorder.Rest(); err != nil {
		return err
	}
	if c.cond.mode.retires() || !c.keeps {
		return c.giveUp()
	}
	return nil
}

// giveUp ends the cell's sandboxes where they are this process's to end, and
// returns when nothing is left of them that could disturb others.
func (c *Cell) giveUp() error {
	if !c.owns || c.run.ctx.Err() != nil {
		return nil
	}
	return c.Retire(c.run.ctx)
}

// stopped returns why no further turn is to be used, or nothing.
func (p *plan) stopped() string {
	if cause := context.Cause(p.run.ctx); cause != nil {
		return cause.Error()
	}
	if selection.Flag("test.failfast") == "true" && p.tb.Failed() {
		return "another cell has failed, and -failfast is set"
	}
	return ""
}
