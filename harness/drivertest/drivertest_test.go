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
			o.World = sim.NewWorld()
			drivertest.Platform(t, func(_ context.Context, run driver.Run) (driver.Platform, error) {
				return sim.New(run, o), nil
			}, options)
		})
	}
}

var options = drivertest.Options{
	Name:    "sim",
	Timeout: time.Second,
	Writes:  func(p driver.Platform) int { return p.(interface{ Writes() int }).Writes() },
}
