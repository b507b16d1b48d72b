package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/harness/load"
	"github.com/sebs-go/sebs/harness/results"
)

// Cell is one function under one condition: a leaf sub-test and a folder of
// results. Its methods are for one goroutine; Invoke is safe for concurrent
// use. What was recorded so far is there to be read.
type Cell struct {
	Recorded

	plan  *plan
	run   *run
	turn  *turn
	place int // in the order of plans

	ctx      context.Context //nolint:containedctx // of the body: ends with the run, or when the cell is refused
	cancel   context.CancelCauseFunc
	begun    bool // it had its first turn
	over     bool // its body has ended
	returned bool // the body did: it neither panicked nor ended the test
	judged   bool // it was told that nothing counts
	owns     bool // its sandboxes are this process's to end
	here     bool // and on this machine
	keeps    bool // its sandboxes wait for its next turn

	// Of the turn under way, for the body's goroutine.
	resumed  bool // others had turns before it, and no batch was made since
	turnFrom struct {
		calls    int
		measured time.Duration
	}

	experiment string
	spec       driver.Spec
	input      *input
	store      *Store
	target     driver.Target
	client     *invoke.Client
	grace      time.Duration // the client's own bound of a call
	k          int           // calls at once

	abort func() // ends a benchmark when the cell or the run has ended or calls always fail; nil in a test, where More says so

	checks checkBudget

	asking atomic.Bool // More is under way

	mu      sync.Mutex
	sampler *sampler
	sample  *sample
	batches int
	asked   int       // how many there were when More was last asked
	idle    int       // how often More was asked since without a call
	err     error     // of the harness: ends the cell
	busy    int       // batches and single calls under way
	since   time.Time // when measured was last counted

	coldSingles int // single calls that do not count because their answers were cold
}

// Payload returns what the benchmark's Input made.
func (c *Cell) Payload() any { return c.input.payload }

// More reports whether the cell needs another batch: until the 95 % interval
// of the median is narrow enough, or a bound of SEBS_SAMPLES is met, or calls
// fail the same way each time, or the run ends. The looks at the interval are
// fixed in advance, and its level heeds them.
//
// In More a cell's turn ends, after ten calls or five seconds of measuring, and
// More returns when the cell's next turn has come.
//
// More is for the body of its cell, and for one goroutine of it at a time: of
// any other it fails the test and returns false.
func (c *Cell) More() bool {
	if c.asking.Swap(true) {
		c.misused("More is called while an earlier call of it has not returned, by another goroutine or the body of another cell: use a cell in one goroutine of its own body")
		return false
	}
	defer c.asking.Store(false)
	return c.mine("More") && c.wantsMore() && (!c.endTurn() || c.pass())
}

// mine reports whether it is the cell's turn, and fails the test if not: there
// the harness would measure two cells at once, or wait for a turn that does not
// come.
func (c *Cell) mine(method string) bool {
	if c.turn.held() {
		return true
	}
	c.misused(method + " is called when it is not the cell's turn, or its body has ended: use a cell in one goroutine of its own body")
	return false
}

// misused fails the cell; the experiment, if the cell has ended.
func (c *Cell) misused(why string) {
	if c.failed() {
		return
	}
	err := fmt.Errorf("cell %s,%s: %s", c.fn.name(), c.cond.name(), why)
	c.fail(err)
	if c.turn.over() {
		c.plan.errorf(c.plan.tb, "%v", err)
	}
}

// mostIdle is how often a body may ask More without making a call, or it would
// ask forever.
const mostIdle = 1000

// wantsMore is More without turns.
func (c *Cell) wantsMore() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false
	}
	if cause := context.Cause(c.run.ctx); cause != nil {
		c.sampler.stopped = cause.Error()
		return false
	}
	if c.busy > 0 || c.batches > c.asked {
		c.asked, c.idle = c.batches, 0
	} else if c.idle++; c.idle > mostIdle {
		c.err = fmt.Errorf("the body asked More %d times in a row without a call: call cell.Batch or cell.Invoke in the loop, and look at the error of cell.InvokeWith", c.idle)
		return false
	}
	c.elapse()
	more := c.sampler.more(c.sample)
	c.run.progress.sampled(c, more)
	return more
}

// Batch makes one batch of calls as the cell's mode says, records them and
// returns them in the order of completion. In a warm or sequential cell the
// first of a turn that other cells had turns before is made twice: the pause
// is part of no sample, so the calls of the first do not count. Once the run or
// the cell has ended, Batch makes no calls, and ends a benchmark's loop as
// b.FailNow does; so do calls that fail the same way each time.
func (c *Cell) Batch(ctx context.Context) []Invocation {
	if c.abort != nil && (c.run.ctx.Err() != nil || c.failed() || c.stuck()) {
		c.abort()
	}
	if c.failed() || !c.mine("Batch") {
		return nil
	}
	if resumed := c.resumed; resumed {
		c.resumed = false
		if !c.cond.mode.retires() {
			c.batch(ctx, true)
		}
	}
	return c.batch(ctx, false)
}

// batch makes one batch of calls; resuming: the first after a pause.
func (c *Cell) batch(ctx context.Context, resuming bool) []Invocation {
	var retiring time.Duration // which is no measuring
	if c.cond.mode.retires() {
		begun := time.Now()
		if err := c.Retire(ctx); err != nil {
			c.fail(err)
			return nil
		}
		retiring = time.Since(begun)
	}
	batch := c.beginCalls()
	defer c.endCalls()
	c.mu.Lock()
	c.sampler.retired += retiring
	c.mu.Unlock()
	all := make([]Invocation, c.k)
	if c.k == 1 {
		c.call(ctx, batch, c.input, &all[0])
	} else {
		_, err := load.Run(ctx, load.Together(c.k), c.k, func(ctx context.Context, i int, due time.Time) {
			all[i].Intended = due.UnixMicro()
			c.call(ctx, batch, c.input, &all[i])
		})
		if err != nil && ctx.Err() == nil {
			c.fail(err)
		}
		// The run may have ended before all were made.
		all = slices.DeleteFunc(all, func(v Invocation) bool { return v.Request == "" })
		slices.SortFunc(all, func(a, b Invocation) int { return cmp.Compare(a.Completed(), b.Completed()) })
	}
	for i := range all {
		all[i].resuming, all[i].Retire = resuming, retiring
	}
	// The budget keeps checks from taking the time that is to be measured.
	c.finish(ctx, all, func(v *Invocation) bool { return c.checks.allow(v.Client) })
	return all
}

// Invoke makes one call with the cell's input, checks its output, records and
// returns it. When it is not the cell's turn, or its body has ended, it makes no
// call, fails the test and returns one that was cancelled.
func (c *Cell) Invoke(ctx context.Context) Invocation {
	return c.invoke(ctx, c.input, true)
}

// InvokeWith makes one call with another payload, which must be encoded as a
// JSON object; the output is not checked. It is for the cell's turn, as Invoke is.
func (c *Cell) InvokeWith(ctx context.Context, payload any) (Invocation, error) {
	in := newInput(payload)
	if in.err != nil {
		return Invocation{}, in.err
	}
	return c.invoke(ctx, in, false), nil
}

func (c *Cell) invoke(ctx context.Context, in *input, check bool) Invocation {
	if !c.mine("Invoke") {
		return Invocation{Invocation: results.Invocation{Cause: driver.Cancelled, Detail: "no call was made: it is not the cell's turn"}}
	}
	batch := c.beginCalls()
	defer c.endCalls()
	all := make([]Invocation, 1)
	v := &all[0]
	c.call(ctx, batch, in, v)
	c.finish(ctx, all, func(*Invocation) bool { return check })
	if v.Uncounted == results.WrongStart && v.Start == answer.Cold {
		c.mu.Lock()
		c.coldSingles++
		c.mu.Unlock()
	}
	return *v
}

// beginCalls begins a batch or a single call and returns the number of its
// batch. What begins while others are under way is of their batch: calls that
// overlap are not independent.
func (c *Cell) beginCalls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.elapse()
	if c.busy == 0 {
		c.batches++
	}
	c.busy++
	return c.batches - 1
}

// endCalls ends what beginCalls began.
func (c *Cell) endCalls() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.elapse()
	c.busy--
}

// elapse counts the time in which anything was under way as measuring, without
// that in which the test stood still. The caller holds the lock.
func (c *Cell) elapse() {
	now := time.Now()
	if c.busy > 0 {
		d := now.Sub(c.since)
		c.sampler.measured += max(d-c.run.stalls.During(c.since, d), 0)
	}
	c.since = now
}

// Retire makes every later call cold, until new sandboxes were started.
func (c *Cell) Retire(ctx context.Context) error {
	if err := c.fn.on.Retire(ctx, c.spec.Name); err != nil {
		return fmt.Errorf("retire %s: %w", c.spec.Name, err)
	}
	if c.owns { // connections to a gateway are no sandboxes
		c.client.CloseIdle()
	}
	return nil
}

// Row adds a row of named numbers to a series of the cell, a file
// series-<name>.jsonl: for what is not an invocation. A series' name has
// letters, digits, dots, dashes and underscores; keys too, with a letter first,
// and end in their unit, as rtt_us; they are written in alphabetical order;
// numbers are finite. A row that
// is refused fails the cell, whether the error is looked at or not.
func (c *Cell) Row(series string, row map[string]float64) error {
	err := c.recorder.Row(series, row)
	if err != nil {
		c.fail(err)
	}
	return err
}

// fail ends the cell with an error of the harness.
func (c *Cell) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

// refuse ends the cell with an error, whatever its body does.
func (c *Cell) refuse(err error) {
	c.fail(err)
	c.cancel(err)
}

// stuck reports whether calls fail the same way each time, which ends the cell.
func (c *Cell) stuck() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why := c.sample.stuck(); why != "" {
		c.sampler.stopped = why
		return true
	}
	return false
}

// failed reports whether an error of the harness has ended the cell.
func (c *Cell) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// report tells a testing.B what the cell measured.
func (c *Cell) report(b *testing.B) {
	for _, m := range c.Summary().BenchMetrics() {
		b.ReportMetric(m.Value, m.Unit)
	}
}

// close writes what is computed of the cell.
func (c *Cell) close() error {
	c.mu.Lock()
	errs := []error{c.err}
	c.sample.client = results.Column{} // a million numbers, which are read again
	end := c.ending()
	c.mu.Unlock()
	if c.fn.built != nil {
		errs = append(errs, c.keepLog(c.fn.built.Log))
	}
	s, err := c.recorder.End(end)
	errs = append(errs, err)
	if s != nil {
		c.summary = s
		c.run.addCell(endedCell{c.place, s, c.recorder, c.fn.on, time.Now()})
		c.run.progress.cellDone(c, s)
	}
	return c.run.join(errs...)
}

// endingNow returns how the cell would end now.
func (c *Cell) endingNow() results.End {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending()
}

// ending returns how the cell would end now. The caller holds the lock.
func (c *Cell) ending() results.End {
	stopped := c.sampler.stopped
	return results.End{
		Stopped: stopped, Told: c.sampler.told, Stuck: c.sampler.hopeless || stopped != "" && stopped == c.sample.stuck(),
		MeasuredS: c.sampler.measured.Seconds(), Looks: c.sampler.watch.At(), ColdSingle: c.coldSingles,
	}
}

// keepLog copies the build's log, which a later build may replace.
func (c *Cell) keepLog(from string) error {
	data, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.recorder.BuildLog(environment.Plain(string(data)))
}
