package harness

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
)

// TestBars measures what the harness costs: one million invocations of a
// function that takes no time, recorded and summarised, and the end of a run.
func TestBars(t *testing.T) {
	bar.Named(t)
	t.Run("removal", removalBar)
	for _, trigger := range []driver.Trigger{driver.SDK, driver.HTTP} {
		t.Run(string(trigger), func(t *testing.T) {
			const n = 1_000_000
			c := simCell(t, `{"copy": "n"}`, Sequential, trigger, parameters{MaxSamples: n, MaxTime: time.Hour})
			c.fn.benchmark.Check = nil
			c.k = 200 // calls at once, on all processors
			debug.FreeOSMemory()
			resetPeak(t)
			before := resident(t, "VmRSS:")
			start := time.Now()
			for c.sample.Attempts < n {
				c.Batch(t.Context())
			}
			took := time.Since(start)
			require.NoError(t, c.close())
			require.Equal(t, n, c.sample.Counted)
			bar.AtLeast(t, "sim invocations recorded, "+string(trigger), n/took.Seconds(), 100_000, "/s")
			bar.AtMost(t, "memory for a million, "+string(trigger), (resident(t, "VmHWM:")-before)/1e6, 100, "MB")
		})
	}
}

// resident returns a figure of resident memory in bytes, on Linux.
func resident(t *testing.T, key string) float64 {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(data), key)
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return float64(kb) * 1024
}

// resetPeak makes VmHWM begin anew.
func resetPeak(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the peak of resident memory is read from /proc")
	}
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
}
