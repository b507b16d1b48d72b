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
// function that takes no time, recorded and summarised.
func TestBars(t *testing.T) {
	bar.Named(t)
	for _, trigger := range []driver.Trigger{driver.SDK, driver.HTTP} {
		t.Run(string(trigger), func(t *testing.T) {
			const n = 1_000_000
			c := simCell(t, `{"copy": "n"}`, Sequential, trigger, parameters{MaxSamples: n, MaxTime: time.Hour})
			c.fn.benchmark.Check = nil
			c.k = 50 // calls at once, on all processors
			debug.FreeOSMemory()
			before := residentPeak(t)
			start := time.Now()
			for c.sample.attempts < n {
				c.Batch(t.Context())
			}
			took := time.Since(start)
			require.NoError(t, c.close())
			require.Equal(t, n, c.summary().Counted)
			bar.AtLeast(t, "sim invocations recorded, "+string(trigger), n/took.Seconds(), 100_000, "/s")
			bar.AtMost(t, "memory for a million, "+string(trigger), (residentPeak(t)-before)/1e6, 100, "MB")
		})
	}
}

// residentPeak returns the peak resident memory since it was last called, in
// bytes, on Linux.
func residentPeak(t *testing.T) float64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the peak of resident memory is read from /proc")
	}
	data, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
	return float64(kb) * 1024
}
