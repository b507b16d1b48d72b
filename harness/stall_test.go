package harness

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/stalls"
	"github.com/sebs-go/sebs/harness/results"
)

// TestStalledCallsDoNotCount: neither what answered nor what failed by it.
func TestStalledCallsDoNotCount(t *testing.T) {
	for cause, want := range map[driver.Cause]driver.Cause{
		"": "", driver.Network: driver.Cancelled, driver.Crash: driver.Cancelled, driver.Handler: driver.Handler,
	} {
		c := simCell(t, quick, Sequential, driver.HTTP, parameters{MaxSamples: 9, MaxTime: time.Hour})
		if cause != "" {
			c = simCell(t, `{"failures": [{"cause": "`+string(cause)+`", "probability": 1}]}`, Sequential, driver.HTTP, parameters{MaxSamples: 9, MaxTime: time.Hour})
		}
		c.fn.benchmark.Check = nil
		c.run.stalls = stalls.Since(time.Now().Add(-20 * time.Second))
		c.Batch(t.Context())
		require.NoError(t, c.close())
		all, err := results.ReadInvocations(os.DirFS(c.recorder.Dir), "invocations.jsonl")
		require.NoError(t, err)
		require.False(t, all[0].Counted)
		require.Equal(t, want, all[0].Cause)
		if cause == "" {
			require.Equal(t, results.Stalled, all[0].Uncounted)
			require.Contains(t, results.Table(&results.Manifest{}, []*results.Summary{c.Summary()}), "the test stood still during 1 call, which do not count")
		} else if want == driver.Cancelled {
			require.Contains(t, all[0].Detail, "the test stood still for ")
			require.Contains(t, all[0].Detail, ", and then: "+string(cause)+": ")
		}
		require.Less(t, c.Summary().MeasuredS, 1.0, "time in which the test stood still is not time of measuring")
	}
}
