package harness

import (
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/build"
)

// building is how long it takes to build a package, about: some take three
// seconds, some a minute.
const building = 15 * time.Second

// shortest is SEBS_SAMPLES for a first look, and its time of a cell.
const (
	shortest     = "10,5s"
	shortestTime = 5 * time.Second
)

// fits returns why the plan may not end before the test binary is killed, with
// the -timeout that it needs.
func (p *plan) fits(cells int, c Conditions, kind string) error {
	bound := c.bound(p.run.params)
	if p.run.deadline.IsZero() {
		return nil
	}
	left := time.Until(p.run.deadline)
	measuring := time.Duration(cells) * bound
	if measuring+time.Duration(len(p.functions))*building <= left {
		return nil // whatever has to be built
	}
	packages := p.unbuilt()
	need := measuring + time.Duration(packages)*building
	if need <= left {
		return nil
	}
	text := fmt.Sprintf("%d cells may take %s of measuring (%s each)", cells, measuring.Round(time.Second), bound)
	if packages > 0 {
		text += fmt.Sprintf(", building %d packages about %s", packages, (time.Duration(packages) * building).Round(time.Second))
	}
	text += fmt.Sprintf(", but -timeout leaves %s: pass -timeout %s", left.Round(time.Second), (need + need/4 + time.Minute).Round(time.Minute))
	if c.Bound == 0 && bound > shortestTime { // only the time of SEBS_SAMPLES is part of the estimate
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
