package platforms_test

import (
	"context"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest"
	_ "github.com/sebs-go/sebs/platforms"
)

// Every platform that the build tags link keeps the rules of package driver,
// with the default version of each of its languages.
func TestConformance(t *testing.T) {
	for _, name := range driver.Platforms() {
		t.Run(name, func(t *testing.T) {
			open := func(ctx context.Context, run driver.Run) (driver.Platform, error) {
				return driver.Open(ctx, name, run)
			}
			drivertest.Platform(t, open, drivertest.Options{
				Name: name, Timeout: 3 * time.Second,
			})
		})
	}
}
