package harness

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// TestPlainProgress: without a terminal, what lasts is a line each.
func TestPlainProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{started: time.Now(), plain: &out, cells: 2}
	c := simCell(t, quick, Sequential, driver.SDK, parameters{MaxSamples: 40, MaxTime: time.Hour})
	for i := range 40 {
		v := Invocation{Invocation: results.Invocation{Batch: i, OK: true, Counted: true, Client: time.Duration(100+i) * time.Millisecond}}
		require.NoError(t, c.write([]Invocation{v}))
	}
	require.NoError(t, c.write([]Invocation{{Invocation: results.Invocation{Batch: 40, Cause: driver.Crash}}}))
	p.cellBegins(c)
	p.sampled(c, true)
	require.Empty(t, out.String())
	p.cellDone(c, c.Summary())
	require.Equal(t, "sebs [1/2 0s] 001.model sim-1 memory=128 size=test mode=sequential: 40 samples, 1 failed, median 120 ms (113 ms – 126 ms)\n", out.String())
}
