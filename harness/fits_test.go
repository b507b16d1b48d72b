package harness

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// slow is sim with the pace of a remote platform.
type slow struct {
	*sim.Platform
	sequential string
}

func (s slow) Features() driver.Features {
	f := s.Platform.Features()
	f.Pace = driver.Pace{Deploy: 10 * time.Second, Retire: 2 * time.Second, Remove: 3 * time.Second, Parallel: 2}
	f.Sequential = s.sequential
	return f
}

// TestEstimate: deploying, retiring, building and removing are part of what a
// plan may take.
func TestEstimate(t *testing.T) {
	p := simPlan(t, `{}`, driver.HTTP, parameters{MaxSamples: 10, MaxTime: 20 * time.Second}, sim.Options{})
	fn := p.functions[0]
	fn.conditions = Conditions{Modes: []Mode{Cold, Warm, Burst}}.expand(p.run.params, 128) // of 10, 10 and 10 at once
	simulated := fn.on.Platform.(*sim.Platform)

	e := p.estimate(Conditions{})
	require.Equal(t, estimate{cells: 3, bound: 20 * time.Second, packages: 1}, e)
	require.Equal(t, "3 cells may take 1m0s of measuring (20s each), building 1 packages about 15s", e.String())

	fn.on.Platform = slow{Platform: simulated}
	e = p.estimate(Conditions{})
	require.Equal(t, estimate{
		cells: 3, bound: 20 * time.Second, packages: 1,
		retiring:  (10 + 1) * 2 * time.Second,
		deploying: 2 * 10 * time.Second, // two rounds of two at once
		removing:  2 * 3 * time.Second,
	}, e)
	require.Equal(t, "3 cells may take 1m0s of measuring (20s each), retiring between calls about 22s, building 1 packages about 15s, deploying about 20s, removing about 6s", e.String())

	p.run.params.MaxSamples = 100_000
	require.Equal(t, (4001+4001)*2*time.Second, p.estimate(Conditions{}).retiring, "20 s have no more cold calls")
	p.run.params.MaxSamples = 10

	p.run.params.Prefix = "kept"
	require.Zero(t, p.estimate(Conditions{}).removing, "what is kept is not removed")
	p.run.params.Prefix = ""

	fn.on.Platform = slow{simulated, "there may be few"}
	e = p.estimate(Conditions{Bound: time.Second})
	require.Equal(t, estimate{cells: 3, bound: time.Second, packages: 1, deploying: 30 * time.Second, removing: 3 * time.Second}, e, "cells share a function")

	fn.conditions[0].refused = driver.ErrUnsupported
	require.Equal(t, 2, p.estimate(Conditions{}).cells)
}

// TestFits: a plan that cannot be built and measured before the deadline is
// refused, with the -timeout that it needs.
func TestFits(t *testing.T) {
	store, err := build.OpenStore(t.TempDir())
	require.NoError(t, err)
	r := &run{ctx: t.Context(), packages: store}
	p := &plan{run: r}
	cells := func(functions, each int) {
		p.functions = nil
		for range functions {
			f := &plannedFunction{function: function{benchmark: &Benchmark{Files: fstest.MapFS{}}}, on: &openPlatform{Platform: adding{}}}
			f.conditions = make([]condition, each)
			p.functions = append(p.functions, f)
		}
	}
	cells(10, 10)
	require.NoError(t, p.fits(Conditions{Bound: time.Minute}, "-run"), "there is no deadline")
	r.deadline = time.Now().Add(5 * time.Minute)
	cells(10, 2)
	require.NoError(t, p.fits(Conditions{Bound: 5 * time.Second}, "-run"))
	err = p.fits(Conditions{Bound: 10 * time.Second}, "-run")
	require.ErrorContains(t, err, "20 cells may take 3m20s of measuring (10s each), building 10 packages about 2m30s, but -timeout leaves 5m0s: pass -timeout 8m0s")
	cells(1, 20)
	require.NoError(t, p.fits(Conditions{Bound: 10 * time.Second}, "-run"))
	require.NoError(t, p.fits(Conditions{Bound: 14 * time.Second}, "-run"))
	err = p.fits(Conditions{Bound: 20 * time.Second}, "-run")
	require.ErrorContains(t, err, "20 cells may take 6m40s of measuring (20s each), building 1 packages about 15s, but -timeout")
	require.ErrorContains(t, err, ", or narrow -run")
	require.NotContains(t, err.Error(), "SEBS_SAMPLES", "the experiment has a bound of its own")
	p.functions[0].unavailable = errors.New("no interpreter")
	require.NoError(t, p.fits(Conditions{Bound: time.Hour}, "-run"), "nothing of it runs")
	cells(10, 20)
	r.params.MaxTime = 20 * time.Second
	require.ErrorContains(t, p.fits(Conditions{}, "-run"), ", narrow -run, or set a shorter time, as SEBS_SAMPLES=10,5s")
	r.params.MaxTime = 5 * time.Second
	require.NotContains(t, p.fits(Conditions{}, "-run").Error(), "SEBS_SAMPLES", "it is that short already")
}

// adding is a platform that adds a file to every package.
type adding struct{ driver.Platform }

func (adding) Features() driver.Features { return driver.Features{} }

func (adding) Recipe(context.Context, driver.Spec) (driver.Recipe, error) {
	return driver.Recipe{Files: map[string][]byte{"handler.py": nil}}, nil
}
