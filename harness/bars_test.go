package harness

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
)

// TestBars measures what the harness costs: invocations of a function that takes
// no time, recorded and summarised, and the end of a run.
func TestBars(t *testing.T) {
	bar.Named(t)
	t.Run("removal", removalBar)
	for _, trigger := range []driver.Trigger{driver.SDK, driver.HTTP} {
		t.Run("records/"+string(trigger), func(t *testing.T) { recordsBar(t, trigger) })
		t.Run("memory/"+string(trigger), func(t *testing.T) { memoryBar(t, trigger) })
	}
}

// atOnce is how many calls are made at once, on all processors, and written
// together.
const atOnce = 200

func barCell(t *testing.T, trigger driver.Trigger) *Cell {
	t.Helper()
	c := simCell(t, `{"copy": "n"}`, Sequential, trigger, parameters{MaxSamples: 10_000_000, MaxTime: time.Hour})
	c.fn.benchmark.Check = nil
	c.k = atOnce
	return c
}

// recordsBar compares making and recording calls with a loop that appends
// records that are ready.
func recordsBar(t *testing.T, trigger driver.Trigger) {
	const batches = 50
	c := barCell(t, trigger)
	ready := c.Invoke(t.Context())
	line := append(ready.AppendJSON(nil), '\n')
	file, err := os.Create(filepath.Join(t.TempDir(), "bare.jsonl"))
	require.NoError(t, err)
	var lines []byte
	bare := func() time.Duration {
		start := time.Now()
		for range batches {
			lines = lines[:0]
			for range atOnce {
				lines = append(lines, line...)
			}
			_, err := file.Write(lines)
			require.NoError(t, err)
		}
		return time.Since(start)
	}
	ours := func() time.Duration {
		start := time.Now()
		for range batches {
			c.Batch(t.Context())
		}
		return time.Since(start)
	}
	bar.Pairs{Name: "10000 calls on sim, recorded, " + string(trigger), Limit: recordsLimit[trigger], N: 20}.Judge(t, ours, bare)
	require.NoError(t, file.Close())
	require.NoError(t, c.close())
	require.Equal(t, c.sample.Attempts, c.sample.Counted)
}

// recordsLimit is a third more than the least that was seen on two cores: 30 and
// 60 times as long as the loop.
var recordsLimit = map[driver.Trigger]float64{driver.SDK: 40, driver.HTTP: 80}

// memoryBar judges what a million records of a cell take.
func memoryBar(t *testing.T, trigger driver.Trigger) {
	const n = 1_000_000
	c := barCell(t, trigger)
	grown := bar.Memory(t, func() {
		for c.sample.Attempts < n {
			c.Batch(t.Context())
		}
		require.NoError(t, c.close())
	})
	require.Equal(t, n, c.sample.Counted)
	bar.AtMost(t, "memory for a million, "+string(trigger), grown, 100, "MB")
}
