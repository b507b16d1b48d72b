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
	for name := range remoteFaults {
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
			require.NotNil(t, with)
			world := sim.NewWorld()
			breaks(t, ruleOf(name), func(run driver.Run) driver.Platform {
				f := &fault{run: run, world: world}
				// A limit, so that calls can be throttled.
				f.Platform = sim.New(run, sim.Options{World: world, MaxConcurrent: 8, MaxBytes: 64 << 10})
				with(f)
				if f.host != nil {
					return hosting{f}
				}
				return f
			})
		})
	}
}

// TestBrokenRemote is TestBroken for the driver of a service that is far away.
func TestBrokenRemote(t *testing.T) {
	for name, with := range remoteFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			breaks(t, ruleOf(name), with(remote(slow)))
		})
	}
}

// What is not broken breaks no rule in a bubble either, and these are all the
// rules that do not apply.
func TestUnbroken(t *testing.T) {
	far := remote(slow)
	for name, tt := range map[string]struct {
		open         func(driver.Run) driver.Platform
		inapplicable []string
	}{
		"sim": {
			func(run driver.Run) driver.Platform {
				return sim.New(run, sim.Options{MaxConcurrent: 8, MaxBytes: 64 << 10})
			},
			[]string{"expiry-renewed", "host", "ledger", "ledger-first", "meter", "resources-labels", "second-open"},
		},
		"remote": {
			func(run driver.Run) driver.Platform { return sim.NewRemote(run, far) },
			[]string{"close-gives-up", "crash", "host", "memory", "processes", "protocol"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := verdicts(t, tt.open)
			require.Empty(t, v.Broken)
			require.Empty(t, v.Unclean)
			require.Equal(t, tt.inapplicable, slices.Sorted(maps.Keys(v.Inapplicable)))
		})
	}
}

// breaks requires that a platform breaks a rule, and no other.
func breaks(t *testing.T, rule string, open func(driver.Run) driver.Platform) {
	t.Helper()
	v := verdicts(t, open)
	require.Equal(t, []string{rule}, slices.Sorted(maps.Keys(v.Broken)), "the rules that fail: %v", v.Broken)
}

// verdicts checks all rules on a platform.
func verdicts(t *testing.T, open func(driver.Run) driver.Platform) (v rules.Verdicts) {
	t.Helper()
	dir := t.TempDir()
	check := func(t *testing.T) {
		t.Helper()
		var err error
		v, err = drivertest.Verdicts(t.Context(), func(_ context.Context, run driver.Run) (driver.Platform, error) {
			return open(run), nil
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

// slow is the pace of a service that takes its time.
var slow = driver.Pace{Deploy: 2 * time.Second, Retire: time.Second, Remove: time.Second, Parallel: 8}

// target is the form of functions on the simulated platform.
var target = probe.Target{Runtime: driver.Runtime{Language: "sim", Version: "1"}, Kind: driver.Archive, Trigger: driver.HTTP}
