package platforms_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/harness/leftout"
	_ "github.com/sebs-go/sebs/platforms"
)

// Every platform that the build tags link keeps the rules of package driver,
// with the default version of its first language; if -run names the test, as CI
// does, of each of its languages.
func TestConformance(t *testing.T) {
	packages, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
	require.NoError(t, err)
	for _, name := range driver.Platforms() {
		t.Run(name, func(t *testing.T) {
			open := func(ctx context.Context, run driver.Run) (driver.Platform, error) {
				return driver.Open(ctx, name, run)
			}
			drivertest.Platform(t, open, drivertest.Options{
				Name: name, Timeout: 3 * time.Second, Packages: packages, First: !leftout.Named(),
			})
			t.Run("other languages", func(t *testing.T) {
				if !leftout.Named() {
					t.Skip("their conformance takes minutes, and runs when -run names it: -run '^TestConformance$'")
				}
			})
		})
	}
}
