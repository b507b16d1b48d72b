package drivertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/platforms/sim"
)

// The reference driver keeps all rules, also with a limit of sandboxes.
func TestSim(t *testing.T) {
	for name, o := range map[string]sim.Options{"default": {}, "limited": {MaxConcurrent: 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.World = sim.NewWorld()
			drivertest.Platform(t, func(_ context.Context, run driver.Run) (driver.Platform, error) {
				return sim.New(run, o), nil
			}, options)
		})
	}
}

// So does the driver of a service that is far away.
func TestRemote(t *testing.T) {
	t.Parallel()
	o := remote(driver.Pace{Deploy: 40 * time.Millisecond, Retire: 20 * time.Millisecond, Remove: 10 * time.Millisecond, Parallel: 8})
	o.Rate = 100
	checkRemote(t, o)
}

// checkRemote checks all rules on a remote service, for triggers; none: for all.
func checkRemote(t *testing.T, o sim.RemoteOptions, triggers ...driver.Trigger) {
	t.Helper()
	of := options
	of.Triggers = triggers
	drivertest.Platform(t, func(_ context.Context, run driver.Run) (driver.Platform, error) {
		return sim.NewRemote(run, o), nil
	}, of)
}

// remote is a service with every bad habit.
func remote(pace driver.Pace) sim.RemoteOptions {
	return sim.RemoteOptions{
		Options: sim.Options{World: sim.NewWorld(), MaxConcurrent: 12, MaxBytes: 256 << 10},
		Pace:    pace, Lag: 5 * pace.Deploy, Rate: 15, Spare: 2, Reply: 100 * time.Millisecond,
		UsageDelay: 500 * time.Millisecond, UsageMissing: 7,
	}
}

var options = drivertest.Options{
	Name:    "sim",
	Timeout: time.Second,
	Writes:  func(p driver.Platform) int { return p.(interface{ Writes() int }).Writes() },
}
