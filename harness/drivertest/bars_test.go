package drivertest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
)

// TestBars runs the whole suite on a service that takes two seconds to deploy
// and one to change anything: those who write a driver for one run it all day.
func TestBars(t *testing.T) {
	leftout.UnlessNamed(t, "it compares times")
	begun := time.Now()
	t.Run("suite", func(t *testing.T) {
		checkRemoteBy(t, driver.Pace{Deploy: 2 * time.Second, Retire: time.Second, Remove: time.Second, Parallel: 8}, driver.HTTP)
	})
	took := time.Since(begun)
	t.Logf("the suite on a service with 2 s a deployment and 1 s a change: %.0f s for one runtime, kind and trigger, at most 240 s", took.Seconds())
	require.LessOrEqual(t, took, 4*time.Minute)
}
