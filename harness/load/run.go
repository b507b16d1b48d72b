package load

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Report says how a plan was carried out, so that a run can be judged: figures
// of a run whose lateness is not small against the latencies measured, or that
// queued where that was not the intention, say more about the caller than
// about what was called.
type Report struct {
	Planned int `json:"planned"` // arrivals
	Issued  int `json:"issued"`  // calls begun; fewer only if the run was cancelled
	Queued  int `json:"queued"`  // of those issued, how many waited for a place under the limit
	AtOnce  int `json:"at_once"` // the most calls at one time

	// Lateness is from the intended instant to the beginning of the call, of
	// those that did not queue: the error of the pacer and the scheduler.
	Lateness Delays `json:"lateness"`
	// Wait is the same of those that queued.
	Wait Delays `json:"wait"`
}

// Delays are quantiles of delays: the smallest that at least this part of them
// does not exceed. All are zero if there were none.
type Delays struct {
	P50 time.Duration `json:"p50_ns"`
	P90 time.Duration `json:"p90_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// Run calls call once for each arrival of the plan, each in a goroutine of its
// own, with the arrival's index and the instant it was planned for, and returns
// when all calls have returned. The plan starts as soon as its first arrivals
// are prepared; calls planned for one instant are prepared before it and let go
// together.
//
// At most limit calls are under way at one time. An arrival above the limit
// waits, first come first served, and keeps its intended instant.
//
// Once ctx is done no further call is begun; those under way get the same ctx
// and are waited for. If that left arrivals out, the error matches the cause of
// ctx, and the report covers what was issued. A plan that does not ascend and a
// limit below 1 are errors; nothing is called then.
func Run(ctx context.Context, plan Plan, limit int, call func(ctx context.Context, i int, intended time.Time)) (Report, error) {
	if err := plan.check(); err != nil {
		return Report{}, fmt.Errorf("run plan: %w", err)
	}
	if limit < 1 {
		return Report{}, fmt.Errorf("run plan: the limit is %d calls at once, want at least 1", limit)
	}
	r := &run{ctx: ctx, plan: plan, limit: limit, call: call, delays: make([]time.Duration, len(plan))}
	r.pace(newPacer())
	r.calls.Wait()
	report := r.report()
	if report.Issued < report.Planned {
		return report, fmt.Errorf("run plan: %d of %d arrivals were issued: %w",
			report.Issued, report.Planned, context.Cause(ctx))
	}
	return report, nil
}

// run is a plan being carried out.
type run struct {
	ctx   context.Context
	plan  Plan
	limit int
	call  func(ctx context.Context, i int, intended time.Time)
	start time.Time

	// delays has the lateness of each arrival that did not queue and was
	// issued; it is written by the arrival's own goroutine. The others are
	// marked notCounted.
	delays []time.Duration
	calls  sync.WaitGroup

	mu       sync.Mutex
	running  int             // places taken
	atOnce   int             // the most of them
	released int             // arrivals whose instant has come
	queue    []int           // arrivals that wait for a place, in order
	waits    []time.Duration // of the arrivals that left the queue
}

const notCounted = time.Duration(-1)

// pace hands out the arrivals, each at its instant.
func (r *run) pace(p pacer) {
	defer p.close()
	for first := 0; first < len(r.plan); {
		after := first + 1
		for after < len(r.plan) && r.plan[after] == r.plan[first] {
			after++
		}
		g := r.prepare(first, after)
		if first == 0 {
			r.start = time.Now()
		}
		err := p.wait(r.ctx, r.start.Add(r.plan[first]))
		if err != nil {
			close(g.gate) // no place was given: its goroutines end
			return
		}
		r.release(g)
		first = after
	}
}

// group is the arrivals of one instant: first to after-1.
type group struct {
	first, after int
	parked       int           // goroutines that wait at the gate, for the first arrivals
	gate         chan struct{} // closed when the group is let go
	places       int           // how many of them may call; written before the gate is closed
}

// prepare parks goroutines for a group of more than one, so that at its instant
// a single step lets all of them go.
func (r *run) prepare(first, after int) *group {
	g := &group{first: first, after: after, gate: make(chan struct{})}
	if after-first == 1 {
		return g
	}
	g.parked = min(after-first, r.limit)
	var ready sync.WaitGroup
	ready.Add(g.parked)
	r.calls.Add(g.parked)
	for i := first; i < first+g.parked; i++ {
		go func() {
			growStack()
			ready.Done()
			<-g.gate
			if i-first < g.places {
				r.work(i)
				return
			}
			r.calls.Done()
		}()
	}
	ready.Wait()
	return g
}

// growStack makes the stack of a new goroutine large enough for a call. While it
// is empty that costs next to nothing; in the call it would be copied, twice or
// three times, a fifth of the time of one that takes 10 µs.
//
//go:noinline
func growStack() {
	var frame [6 << 10]byte
	runtime.KeepAlive(&frame)
}

// release lets a group go: as many as there are places call, the rest queue.
func (r *run) release(g *group) {
	r.mu.Lock()
	g.places = min(g.after-g.first, r.limit-r.running)
	r.running += g.places
	r.atOnce = max(r.atOnce, r.running)
	r.released = g.after
	for i := g.first + g.places; i < g.after; i++ {
		r.delays[i] = notCounted
		r.queue = append(r.queue, i)
	}
	r.mu.Unlock()
	close(g.gate)
	if g.parked == 0 && g.places == 1 {
		r.calls.Add(1)
		go r.work(g.first)
	}
}

// work makes a call that did not queue.
func (r *run) work(i int) {
	defer r.finish()
	r.delays[i] = time.Since(r.start) - r.plan[i]
	r.call(r.ctx, i, r.start.Add(r.plan[i]))
}

// finish hands the place of a call that ended to the arrival that has waited
// longest. It is deferred, so that a call that ends its goroutine, as testing's
// FailNow does, leaves its place as well.
func (r *run) finish() {
	r.mu.Lock()
	if len(r.queue) == 0 || r.ctx.Err() != nil {
		r.running--
		r.mu.Unlock()
		r.calls.Done()
		return
	}
	i := r.queue[0]
	r.queue = r.queue[1:]
	r.waits = append(r.waits, time.Since(r.start)-r.plan[i])
	r.mu.Unlock()
	go func() {
		defer r.finish()
		r.call(r.ctx, i, r.start.Add(r.plan[i]))
	}()
}

// report counts what happened, after all calls have returned.
func (r *run) report() Report {
	late := slices.DeleteFunc(r.delays[:r.released], func(d time.Duration) bool { return d == notCounted })
	return Report{
		Planned:  len(r.plan),
		Issued:   len(late) + len(r.waits),
		Queued:   len(r.waits),
		AtOnce:   r.atOnce,
		Lateness: quantiles(late),
		Wait:     quantiles(r.waits),
	}
}

// quantiles sorts delays and returns their quantiles.
func quantiles(delays []time.Duration) Delays {
	if len(delays) == 0 {
		return Delays{}
	}
	slices.Sort(delays)
	at := func(percent int) time.Duration {
		return delays[(len(delays)*percent+99)/100-1]
	}
	return Delays{P50: at(50), P90: at(90), P99: at(99), Max: at(100)}
}
