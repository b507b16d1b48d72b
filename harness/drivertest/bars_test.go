package drivertest_test

import (
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
)

// TestBars runs the whole suite on a service that takes two seconds to deploy
// and one to change anything: those who write a driver for one run it all day.
func TestBars(t *testing.T) {
	bar.Named(t)
	begun := time.Now()
	t.Run("suite", func(t *testing.T) { checkRemote(t, remote(slow), driver.HTTP) })
	bar.AtMost(t, "conformance suite, 2 s a deployment, 1 s a change", time.Since(begun).Seconds(), 240, "s")
}
