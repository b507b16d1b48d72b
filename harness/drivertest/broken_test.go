package drivertest_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/platforms/sim"
)

// faultVariable names, in a child process, the fault that its platform has.
const faultVariable = "SEBS_DRIVERTEST_FAULT"

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

// Each broken platform fails exactly the rule that it breaks. The suite runs
// in a child process, where it may fail.
func TestBroken(t *testing.T) {
	if name := os.Getenv(faultVariable); name != "" {
		breakSim(t, faults()[name])
		return
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	names := slices.Sorted(maps.Keys(faults()))
	places := make(chan struct{}, 3*runtime.GOMAXPROCS(0)) // children mostly wait
	ended := map[string]chan child{}
	for _, name := range names {
		result := make(chan child, 1)
		ended[name] = result
		go func() {
			places <- struct{}{}
			defer func() { <-places }()
			cmd := exec.CommandContext(t.Context(), executable,
				"-test.run=^TestBroken$/^(sim-1|platform)$", "-test.v", "-test.parallel=16", "-test.timeout=5m")
			cmd.Env = append(os.Environ(), faultVariable+"="+name)
			out, err := cmd.CombinedOutput()
			result <- child{string(out), err}
		}()
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := <-ended[name]
			require.Error(t, c.err, "the suite passes")
			require.Equal(t, []string{ruleOf(name)}, failed(c.out), "the rules that fail; output:\n%s", c.out)
		})
	}
}

// child is how the suite ended in a child process.
type child struct {
	out string
	err error
}

// breakSim runs the suite on a broken platform.
func breakSim(t *testing.T, with func(*fault)) {
	require.NotNil(t, with, "there is no such fault")
	o := options
	o.Triggers = []driver.Trigger{driver.HTTP}
	world := sim.NewWorld()
	drivertest.Platform(t, func(_ context.Context, run driver.Run) (driver.Platform, error) {
		f := &fault{run: run, world: world}
		// A limit, so that calls can be throttled.
		f.Platform = sim.New(run, sim.Options{World: world, MaxConcurrent: 8})
		with(f)
		if f.host != nil {
			return hosting{f}, nil
		}
		return f, nil
	}, o)
}

var failLine = regexp.MustCompile(`(?m)^ *--- FAIL: TestBroken/[^/ ]+/(?:archive/http/)?([^/ ]+) `)

// failed returns the rules that failed, sorted.
func failed(output string) []string {
	var rules []string
	for _, match := range failLine.FindAllStringSubmatch(output, -1) {
		if match[1] != "archive" {
			rules = append(rules, match[1])
		}
	}
	slices.Sort(rules)
	return rules
}
