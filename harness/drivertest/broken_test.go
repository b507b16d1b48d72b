package drivertest_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
	"github.com/sebs-go/sebs/platforms/sim"
)

// faults are the deliberately broken platforms, by the rule that catches each.
func faults() map[string]func(*fault) {
	all := map[string]func(*fault){}
	for _, group := range []map[string]func(*fault){
		deployFaults, startFaults, failureFaults, limitFaults, answerFaults, isolationFaults, resourceFaults, lifecycleFaults, hostFaults,
	} {
		maps.Copy(all, group)
	}
	return all
}

// ruleOf returns the rule that a fault is for.
func ruleOf(fault string) string {
	name, _, _ := strings.Cut(fault, "/")
	return name
}

// Every rule has a platform that breaks it, and every fault is for a rule.
func TestFaultsCoverRules(t *testing.T) {
	broken := map[string]bool{}
	for name := range faults() {
		broken[ruleOf(name)] = true
	}
	require.ElementsMatch(t, drivertest.RuleNames(), slices.Collect(maps.Keys(broken)))
}

// Each broken platform fails exactly the rule that it breaks, of all rules that
// there are. Times are those of a bubble: nothing is waited for, and no machine
// is too busy. Only what has to do with real servers takes real time.
func TestBroken(t *testing.T) {
	for name, with := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdicts := breakSim(t, with)
			require.Equal(t, []string{ruleOf(name)}, slices.Sorted(maps.Keys(verdicts.Broken)), "the rules that fail: %v", verdicts.Broken)
		})
	}
}

// breakSim checks all rules on a broken platform.
func breakSim(t *testing.T, with func(*fault)) (v rules.Verdicts) {
	t.Helper()
	dir, world := t.TempDir(), sim.NewWorld()
	check := func(t *testing.T) {
		t.Helper()
		var err error
		v, err = drivertest.Verdicts(t.Context(), func(_ context.Context, run driver.Run) (driver.Platform, error) {
			f := &fault{run: run, world: world}
			// A limit, so that calls can be throttled.
			f.Platform = sim.New(run, sim.Options{World: world, MaxConcurrent: 8, MaxBytes: 64 << 10})
			with(f)
			if f.host != nil {
				return hosting{f}, nil
			}
			return f, nil
		}, options, target, dir)
		require.NoError(t, err)
	}
	if strings.HasPrefix(t.Name(), "TestBroken/host") {
		check(t)
		return v
	}
	synctest.Test(t, func(t *testing.T) {
		check(t)
		time.Sleep(2 * time.Hour) // what hangs has ended then
	})
	return v
}

// target is the form of functions on the simulated platform.
var target = probe.Target{Runtime: driver.Runtime{Language: "sim", Version: "1"}, Kind: driver.Archive, Trigger: driver.HTTP}
