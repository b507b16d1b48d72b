package harness

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/selection"
	"github.com/sebs-go/sebs/harness/results"
)

const quick = `{"copy": "n", "warm": {"constant": "1ms"}, "cold": {"constant": "1ms"}}`

// TestConcurrentInvoke: Invoke from several goroutines beside batches gives
// each call a record, in the order of their sequence. Calls that overlap are of
// one batch, since they are not independent.
func TestConcurrentInvoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simCell(t, quick, Sequential, driver.SDK, parameters{MaxSamples: 1000, MaxTime: time.Hour})
		var calls sync.WaitGroup
		for i := range 8 {
			calls.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Microsecond) // each overlaps the next
				c.Invoke(t.Context())
			})
		}
		time.Sleep(500 * time.Microsecond)
		c.Batch(t.Context())
		calls.Wait()
		for range 12 {
			c.More()
			c.Batch(t.Context())
		}
		require.NoError(t, c.close())

		all, err := results.ReadInvocations(os.DirFS(c.recorder.Dir), "invocations.jsonl")
		require.NoError(t, err)
		require.Len(t, all, 21)
		for i, v := range all {
			require.Equal(t, i, v.Sequence)
			require.Equal(t, max(0, i-8), v.Batch)
		}
		client := c.Summary().Metric(results.ClientTime)
		require.Equal(t, 21, client.N)
		require.Equal(t, 13, client.Batches)
	})
}

// TestWhatIsNotWrittenIsNotCounted: a disk that is full in the middle of a line
// leaves no number of the call.
func TestWhatIsNotWrittenIsNotCounted(t *testing.T) {
	c := simCell(t, quick, Cold, driver.SDK, parameters{MaxSamples: 10, MaxTime: time.Hour})
	c.Batch(t.Context())
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	require.NoError(t, c.recorder.Rest())
	file := filepath.Join(c.recorder.Dir, "invocations.jsonl")
	require.NoError(t, os.Rename(file, file+".aside"))
	require.NoError(t, os.Symlink("/dev/full", file))
	require.True(t, c.More())
	c.Batch(t.Context())
	require.False(t, c.More())
	require.NoError(t, os.Rename(file+".aside", file))
	require.NoError(t, c.close(), "the run says it")
	require.ErrorContains(t, context.Cause(c.run.ctx), "no space left on device")

	all, err := results.ReadInvocations(os.DirFS(c.recorder.Dir), "invocations.jsonl")
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, 1, c.Summary().Attempts)
	require.Equal(t, 1, c.Summary().Counted)
	require.Equal(t, 1, c.Summary().Metric(results.ClientTime).N)
}

// TestMoreBoundsSingleCalls: the time of measuring is that of single calls too,
// and calls at the same time count once.
func TestMoreBoundsSingleCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := `{"copy": "n", "warm": {"lognormal": {"median": "1s", "sigma": 1}}, "cold": {"constant": "1s"}}`
		c := simCell(t, slow, Sequential, driver.SDK, parameters{MaxSamples: 1000, MaxTime: 5 * time.Second})
		for n := 0; c.More(); n++ {
			require.Less(t, n, 1000, "More has no bound")
			c.Invoke(t.Context())
		}
		require.NoError(t, c.close())
		require.Equal(t, "5s of measuring", c.Summary().Stopped)

		c = simCell(t, `{"copy": "n", "warm": {"constant": "1s"}, "cold": {"constant": "1s"}}`, Sequential, driver.SDK, parameters{MaxSamples: 9, MaxTime: time.Hour})
		var calls sync.WaitGroup
		for range 5 {
			calls.Go(func() { c.Invoke(t.Context()) })
		}
		calls.Wait()
		require.NoError(t, c.close())
		require.InDelta(t, 1, c.Summary().MeasuredS, 0.1)
	})
}

// TestCheckIsBounded: a check that waits forever ends with its context, and the
// invocation is not a success.
func TestCheckIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simCell(t, quick, Sequential, driver.SDK, parameters{MaxSamples: 1, MaxTime: time.Hour})
		c.fn.benchmark.Check = func(ctx context.Context, _ Size, _ any, _ json.RawMessage, _ *Store) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Hour):
				return nil
			}
		}
		v := c.Invoke(t.Context())
		require.NoError(t, c.close())
		require.Equal(t, driver.WrongOutput, v.Cause)
		require.Contains(t, v.Detail, "deadline exceeded")
	})
}

// TestPlatformThatDoesNotOpen: the second experiment of a run is told the same
// as the first.
func TestPlatformThatDoesNotOpen(t *testing.T) {
	r := &run{temp: t.TempDir(), folder: t.TempDir(), ctx: t.Context(), platforms: map[string]*openPlatform{}}
	for range 2 {
		_, err := r.platform("not-linked")
		require.ErrorContains(t, err, "open platform not-linked")
	}
}

// TestInterruptedWhilePlanning: what is interrupted is not called unavailable.
func TestInterruptedWhilePlanning(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	shared.run = &run{temp: t.TempDir(), folder: t.TempDir(), ctx: ctx, platforms: map[string]*openPlatform{}}
	t.Cleanup(func() { shared.run = nil })
	b := testBenchmark("001.model", `"sim"`)
	_, err := shared.run.platform("sim")
	require.NoError(t, err)

	cancel(errors.New("interrupted by signal terminated"))
	sel, err := selection.New("TestModel", "-run", "Model/001", "")
	require.NoError(t, err)
	_, err = newPlan(t, sel, []Benchmark{b}, Conditions{})
	require.EqualError(t, err, "not begun: interrupted by signal terminated")
}

// TestUndone: a summary says what its run did not do.
func TestUndone(t *testing.T) {
	r := &run{progress: &progress{cells: 7, done: 7}}
	require.Empty(t, r.undone(false))
	r.progress.done = 3
	r.manifest.Ended = "interrupted by signal interrupt"
	require.Equal(t, []string{
		"the run ended early: interrupted by signal interrupt",
		"4 of 7 cells were not measured",
		"a test of the run failed: go test has said why",
	}, r.undone(true))
}
