package harness

import (
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
			var took time.Duration
			grown := bar.Memory(t, func() {
				start := time.Now()
				for c.sample.Attempts < n {
					c.Batch(t.Context())
				}
				took = time.Since(start)
				require.NoError(t, c.close())
			})
			require.Equal(t, n, c.sample.Counted)
			bar.AtLeast(t, "sim invocations recorded, "+string(trigger), n/took.Seconds(), 100_000, "/s")
			bar.AtMost(t, "memory for a million, "+string(trigger), grown, 100, "MB")
		})
	}
}
