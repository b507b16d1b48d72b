package harness

import (
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/build"
)

// building is how long it takes to build a package, about: some take three
// seconds, some a minute.
const building = 15 * time.Second

// leastCold is less than what a call takes that starts a sandbox: a process, at
// least.
const leastCold = 5 * time.Millisecond

// shortest is SEBS_SAMPLES for a first look, and its time of a cell.
const (
	shortest     = "10,5s"
	shortestTime = 5 * time.Second
)

// estimate is how long a plan may take.
type estimate struct {
	cells     int
	bound     time.Duration // of measuring a cell
	retiring  time.Duration // before batches
	deploying time.Duration
	removing  time.Duration
	packages  int // to build
}

func (e estimate) building() time.Duration  { return time.Duration(e.packages) * building }
func (e estimate) measuring() time.Duration { return time.Duration(e.cells) * e.bound }

func (e estimate) whole() time.Duration {
	return e.measuring() + e.retiring + e.building() + e.deploying + e.removing
}

// String says what takes how long.
func (e estimate) String() string {
	text := fmt.Sprintf("%d cells may take %s of measuring (%s each)", e.cells, e.measuring().Round(time.Second), e.bound)
	for _, part := range []struct {
		what string
		d    time.Duration
	}{
		{"retiring between calls", e.retiring},
		{fmt.Sprintf("building %d packages", e.packages), e.building()},
		{"deploying", e.deploying},
		{"removing", e.removing},
	} {
		if part.d >= time.Second {
			text += fmt.Sprintf(", %s about %s", part.what, part.d.Round(time.Second))
		}
	}
	return text
}

// estimate returns how long the plan may take if all packages have to be built.
func (p *plan) estimate(c Conditions) estimate {
	e := estimate{bound: c.bound(p.run.params), packages: len(p.functions)}
	functions := map[*openPlatform]int{}
	deploys := map[*openPlatform]int{}
	for _, f := range p.functions {
		features := f.on.Features()
		conditions := f.open()
		e.cells += len(conditions)
		deploys[f.on] += len(conditions)
		if functions[f.on] += len(conditions); features.Sequential != "" { // cells share it
			functions[f.on] += min(len(conditions), 1) - len(conditions)
		}
		for _, cond := range conditions {
			if cond.mode.retires() && c.Bound == 0 {
				n := p.run.params.batches(p.run.params.concurrency(cond.mode))
				n = min(n, int(e.bound/leastCold)+1) // more do not begin in the time of measuring
				e.retiring += time.Duration(n) * features.Pace.Retire
			}
		}
	}
	for on, n := range deploys {
		pace := on.Features().Pace
		if on.Features().Sequential != "" { // each just before its cell
			pace.Parallel = 1
		}
		e.deploying += pace.Takes(n, pace.Deploy)
	}
	if p.run.keeps() {
		return e
	}
	for on, n := range functions { // at the end, all platforms at once
		pace := on.Features().Pace
		e.removing = max(e.removing, pace.Takes(n, pace.Remove))
	}
	return e
}

// fits returns why the plan may not end before the test binary is killed, with
// the -timeout that it needs.
func (p *plan) fits(c Conditions, kind string) error {
	if p.run.deadline.IsZero() {
		return nil
	}
	left := time.Until(p.run.deadline)
	e := p.estimate(c)
	if e.whole() <= left {
		return nil // whatever has to be built
	}
	e.packages = p.unbuilt()
	if e.whole() <= left {
		return nil
	}
	need := e.whole()
	text := fmt.Sprintf("%s, but -timeout leaves %s: pass -timeout %s", e, left.Round(time.Second), (need + need/4 + time.Minute).Round(time.Minute))
	if c.Bound == 0 && e.bound > shortestTime { // only the time of SEBS_SAMPLES is part of the estimate
		return fmt.Errorf("%s, narrow %s, or set a shorter time, as SEBS_SAMPLES=%s", text, kind, shortest)
	}
	return fmt.Errorf("%s, or narrow %s", text, kind)
}

// unbuilt returns how many packages of the plan have to be built.
func (p *plan) unbuilt() int {
	n := 0
	for _, f := range p.functions {
		if f.broken != nil || f.unavailable != nil {
			continue
		}
		if builds, err := p.run.packages.Builds(p.run.ctx, f.job(p.run)); builds || err != nil { // the build tells the error
			n++
		}
	}
	return n
}

// job is what builds the function's package.
func (f *plannedFunction) job(r *run) build.Job {
	return build.Job{
		Builder: f.on.Platform, Platform: f.platform, Files: f.benchmark.Files, Spec: f.spec,
		Anew: r.updates("code"), Log: r.log, Guard: r.guard,
	}
}
