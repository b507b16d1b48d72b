package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// call makes one call and reads its answer into v.
func (c *Cell) call(ctx context.Context, batch int, in *input, v *Invocation) {
	v.Block, v.Batch, v.Request = c.turn.block, batch, c.run.request()
	event := in.eventFor(v.Request)
	ctx, cancel := context.WithTimeout(ctx, c.grace)
	defer cancel()

	reply, err := c.exchange(ctx, event, v)
	v.stalled = c.run.stalls.During(v.at, v.Client)
	v.PlatformRequest = reply.PlatformRequest
	if reply.Usage != nil {
		usage := *reply.Usage
		v.PlatformRequest = cmp.Or(v.PlatformRequest, usage.PlatformRequest)
		usage.Request, usage.PlatformRequest = "", "" // the record has them
		v.Usage = &usage
	}
	if err != nil {
		v.fail(err)
		return
	}
	a, err := answer.Parse(reply.Body)
	if err != nil {
		v.fail(&driver.Failure{Cause: driver.Protocol, Detail: err.Error()})
		return
	}
	v.take(a)
	c.examine(a, v)
}

// examine fails an invocation whose answer the function gave and that is not what
// it should be, or cannot be.
func (c *Cell) examine(a answer.Answer, v *Invocation) {
	strange := c.run.sandboxes.answered(v)
	limit := c.spec.Timeout
	switch {
	case a.Error != nil && a.Error.Phase == answer.PhaseInit:
		v.fail(&driver.Failure{Cause: driver.Init, Detail: a.Error.Type + ": " + a.Error.Message})
		return
	case a.Error != nil:
		v.fail(&driver.Failure{Cause: driver.Handler, Detail: a.Error.Type + ": " + a.Error.Message})
		return
	case a.Request != v.Request:
		strange = fmt.Errorf("the answer is for request %q", a.Request)
	case v.Cold && v.Reused && c.owns:
		strange = errors.New("the answer is cold, but the connection, which is its sandbox, has served before")
	case strange == nil:
		call := answer.Call{
			Sent: v.at, Waited: v.Client, Served: v.Client - v.Queue - v.DNS - v.Connect - v.TLS, Memory: int64(c.spec.Memory) << 20,
		}
		// A machine that was suspended has lost time that the client did not wait.
		if c.here && v.stalled == 0 {
			call.Here = processors()
		}
		strange = a.Possible(call)
	}
	if strange != nil {
		v.fail(&driver.Failure{Cause: driver.Protocol, Detail: strange.Error()})
	} else if limit > 0 && v.Handler > limit {
		v.fail(&driver.Failure{Cause: driver.TimedOut, Detail: fmt.Sprintf("the function answered after %v, its limit is %v", v.Handler, limit)})
	}
}

// processors returns how many processors this machine has, of which the test
// may have fewer; none where it is not Linux, whose containers are in a virtual
// machine with a clock of its own.
var processors = sync.OnceValue(func() int {
	all, _ := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*") // its pattern is right
	return len(all)
})

// exchange sends the event and notes the client's view in v. The error is a failure.
func (c *Cell) exchange(ctx context.Context, event []byte, v *Invocation) (driver.Reply, error) {
	x := c.client.Call(ctx, event)
	v.at, v.Sent, v.Client, v.Reused, v.Status, v.Bytes = x.Start, x.Start.UnixMicro(), x.Total, x.Reused, x.Status, x.Bytes
	v.Queue, v.DNS, v.Connect, v.TLS = x.Phases.Queue, x.Phases.DNS, x.Phases.Connect, x.Phases.TLS
	v.Send, v.FirstByte, v.LastByte, v.Poll = x.Phases.Send, x.Phases.FirstByte, x.Phases.LastByte, x.Phases.Poll
	v.Gateway = !c.owns && v.DNS+v.Connect+v.TLS > 0
	if x.Failure != nil {
		return x.Reply, x.Failure
	}
	return x.Reply, nil
}

// take copies the function's view.
func (v *Invocation) take(a answer.Answer) {
	v.OK = true
	if a.PlatformRequest != "" {
		v.PlatformRequest = a.PlatformRequest
	}
	v.Begin, v.End, v.Handler, v.Init, v.Boot = a.Begin, a.End, time.Duration(a.Handler), a.Init, a.Boot
	v.Sandbox, v.Cold, v.Worker, v.WorkerCold, v.Count = a.Sandbox, a.Cold, a.Worker, a.WorkerCold, a.Count
	v.CPU, v.Memory, v.result = a.CPU, a.Memory, a.Result
	v.others = a.Others
	if string(a.Measurement) != "null" {
		v.Measurement = a.Measurement
	}
	v.Start = a.Start(v.Client)
}

// finish checks the outputs that are to be, decides which invocations count, and
// records all. Those before a check are recorded first: it may take a minute, and
// a killed run is to lose none.
func (c *Cell) finish(ctx context.Context, all []Invocation, checked func(*Invocation) bool) {
	recorded := 0
	for i := range all {
		v := &all[i]
		if checked(v) && v.OK && c.fn.benchmark.Check != nil {
			c.record(all[recorded:i])
			recorded = i
			c.check(ctx, v)
		}
		c.excuse(v)
		v.Counted = v.OK
		if v.OK {
			v.Uncounted = c.uncounted(v)
			v.Counted = v.Uncounted == ""
		}
	}
	c.record(all[recorded:])
}

// check checks an output.
func (c *Cell) check(ctx context.Context, v *Invocation) {
	start := time.Now()
	bounded, cancel := context.WithTimeout(ctx, checkTime)
	err := c.fn.benchmark.check(bounded, c.cond.size, c.input.payload, c.spec.Runtime.Language, v, c.store)
	cancel()
	c.checks.spend(time.Since(start))
	v.Checked = true
	if err != nil {
		v.fail(&driver.Failure{Cause: driver.WrongOutput, Detail: err.Error()})
		if ctx.Err() != nil {
			v.Cause = driver.Cancelled
		}
	}
}

// record writes the records of calls, and then takes them into account: what is
// not in the file is in no count. An error ends the run, since other cells cannot
// be recorded either.
func (c *Cell) record(all []Invocation) {
	if len(all) == 0 {
		return
	}
	if err := c.write(all); err != nil {
		c.fail(err)
		c.run.cancel(err)
	}
}

func (c *Cell) write(all []Invocation) error {
	records := make([]*results.Invocation, len(all))
	c.mu.Lock() // lines are in the order of sequence
	defer c.mu.Unlock()
	for i := range all {
		all[i].Sequence = c.sample.Attempts + i
		records[i] = &all[i].Invocation
	}
	if err := c.recorder.Record(records...); err != nil {
		return err
	}
	var errs []error
	for i := range all {
		c.sample.add(&all[i])
		if err := c.recorder.Output(records[i], all[i].output); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// excuse notes how long the test stood still during a call. What fails only
// because of that, by a limit of time or an end of the connection, was not the
// function's failure.
func (c *Cell) excuse(v *Invocation) {
	if v.stalled == 0 {
		return
	}
	switch v.Cause {
	case driver.TimedOut, driver.Network, driver.Crash:
		v.Detail = fmt.Sprintf("the test stood still for %s, and then: %s: %s", v.stalled.Round(10*time.Millisecond), v.Cause, v.Detail)
		v.Cause = driver.Cancelled
	}
}

// uncounted returns why a call that succeeded does not count, or nothing.
func (c *Cell) uncounted(v *Invocation) results.Uncounted {
	switch {
	case v.stalled > 0:
		return results.Stalled
	case v.resuming:
		return results.Resuming
	case c.cond.mode == Cold && v.Start != answer.Cold, c.cond.mode == Warm && v.Start != answer.Warm:
		return results.WrongStart
	}
	return ""
}

// checkBudget bounds the time of checks: the first few outputs of a cell are
// all checked, later ones while checking stays below a twentieth of the time
// of the calls themselves.
type checkBudget struct {
	mu     sync.Mutex
	seen   int
	called time.Duration
	spent  time.Duration
}

const alwaysChecked = 3

// checkTime bounds one check. A check that does not heed its context is ended
// by -timeout alone.
const checkTime = time.Minute

func (b *checkBudget) allow(call time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen++
	b.called += call
	return b.seen <= alwaysChecked || b.spent <= b.called/20
}

func (b *checkBudget) spend(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += d
}
