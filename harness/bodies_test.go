package harness_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/results"
)

// TestBody is an experiment whose bodies the tests below have do what the
// variable BODY says, in cells of the mode cold.
func TestBody(t *testing.T) {
	harness.Cells(t, models, harness.Conditions{Modes: harness.Modes}, func(ctx context.Context, t *testing.T, cell *harness.Cell) {
		what := os.Getenv("BODY")
		if cell.Mode() != harness.Cold {
			what = ""
		}
		switch what {
		case "parallel":
			t.Parallel()
		case "parallel sub-tests":
			for _, name := range []string{"one", "two"} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					if v := cell.Invoke(ctx); v.Err() != nil {
						t.Error(v.Err())
					}
				})
			}
			return
		}
		for n := 0; cell.More(); n++ {
			cell.Batch(ctx)
			if n < 12 {
				continue // its second turn
			}
			switch what {
			case "fail":
				t.Fatal("as the test wants")
			case "skip":
				t.Skip("as the test wants")
			case "panic":
				panic("as the test wants")
			case "return":
				return
			}
		}
	})
}

// TestBodies: however a body ends, nobody waits for ever, the others are
// measured, and what it measured is kept.
func TestBodies(t *testing.T) {
	tests := []struct {
		body string
		args []string
		want []string // in the output
		fail bool
		keep []string // modes with as many samples as they wanted
	}{
		{body: "return", keep: []string{"warm", "sequential"}},
		{body: "fail", fail: true, want: []string{"as the test wants"}, keep: []string{"warm", "sequential"}},
		{body: "skip", want: []string{"as the test wants", "--- SKIP: TestBody/", "stopped: the body skipped the rest"}, keep: []string{"warm", "sequential"}},
		{body: "fail", args: []string{"-test.failfast"}, fail: true, want: []string{"as the test wants"}},
		{body: "fail", args: []string{"-test.count=2"}, fail: true, keep: []string{"warm", "sequential"}},
		{body: "panic", fail: true, want: []string{"panic: as the test wants"}},
		{body: "parallel", fail: true, want: []string{"mode=cold: the body calls t.Parallel, which cells cannot do"}, keep: []string{"warm", "sequential"}},
		{body: "parallel", args: []string{"-test.parallel=1"}, fail: true, want: []string{"the body calls t.Parallel"}, keep: []string{"warm", "sequential"}},
		{body: "parallel sub-tests", keep: []string{"warm", "sequential"}},
		{body: "parallel sub-tests", args: []string{"-test.parallel=1"}, keep: []string{"warm", "sequential"}},
	}
	for _, tt := range tests {
		t.Run(strings.Join(append([]string{tt.body}, tt.args...), " "), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			c := newChild(t, []string{"BODY=" + tt.body, "SEBS_SAMPLES=30"}, append(tt.args, "-test.run", "Body/004.noisy")...)
			require.NoError(t, c.Start())
			stop := context.AfterFunc(ctx, func() { c.Process.Kill() })
			err := c.Wait()
			require.True(t, stop(), "it waits for ever:\n%s", &c.out)
			require.Equal(t, tt.fail, err != nil, c.out.String())
			for _, want := range tt.want {
				require.Contains(t, c.out.String(), want)
			}
			for _, mode := range tt.keep {
				var summary results.Summary
				read(t, filepath.Join(c.folder(t), strings.NewReplacer("TestModel", "TestBody", "001.fast", "004.noisy", "mode=cold", "mode="+mode).Replace(fastCold), "summary.json"), &summary)
				require.Equal(t, 30, summary.Counted, mode)
			}
			if tt.body == "parallel sub-tests" {
				var summary results.Summary
				read(t, filepath.Join(c.folder(t), strings.NewReplacer("TestModel", "TestBody", "001.fast", "004.noisy").Replace(fastCold), "summary.json"), &summary)
				require.Equal(t, 2, summary.Attempts, "sub-tests of a body are a part of its turn")
			}
		})
	}
}

// TestInterruptedInTurns: a signal ends all cells, those too that wait for
// their turn, and those that had none make no folder.
func TestInterruptedInTurns(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=10000,1m"}, "-test.run", "Model/002.slow/(sequential|warm|cold)")
	started(t, c, strings.Replace(slowSequential, "mode=sequential", "mode=*", 1))
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.Error(t, c.Wait())
	require.Contains(t, c.out.String(), "interrupted by signal")
	cells, err := filepath.Glob(filepath.Join(c.folder(t), "TestModel", "*", "*"))
	require.NoError(t, err)
	require.Equal(t, 3, len(cells)+strings.Count(c.out.String(), "not begun: interrupted by signal"), c.out.String())
	for _, cell := range cells {
		require.FileExists(t, filepath.Join(cell, "summary.json"))
	}
}

// TestSeed: run.json has the order and its seed, and SEBS_SEED repeats it.
func TestSeed(t *testing.T) {
	order := func(env ...string) (seed float64, first []string) {
		c := newChild(t, append(env, "SEBS_SAMPLES=12"), "-test.run", "Model/004.noisy")
		require.NoError(t, c.Run(), c.out.String())
		var manifest map[string]any
		read(t, filepath.Join(c.folder(t), "run.json"), &manifest)
		require.Equal(t, "interleaved", manifest["order"])
		cells, err := filepath.Glob(filepath.Join(c.folder(t), "TestModel", "*", "*"))
		require.NoError(t, err)
		require.Len(t, cells, 4)
		sent := map[int64]string{}
		for _, cell := range cells {
			all, err := results.ReadInvocations(os.DirFS(cell), "invocations.jsonl")
			require.NoError(t, err)
			sent[all[0].Sent] = filepath.Base(cell)
		}
		for _, at := range slices.Sorted(maps.Keys(sent)) {
			first = append(first, sent[at])
		}
		return manifest["seed"].(float64), first
	}
	seed, first := order()
	require.Positive(t, seed)
	again, same := order(fmt.Sprintf("SEBS_SEED=%.0f", seed))
	require.Equal(t, seed, again)
	require.Equal(t, first, same)
}

// shortStops are stops that are shorter than what a busy machine makes wait.
const shortStops = 2

// TestStopped: a pause of the test becomes no timing, and is told.
func TestStopped(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=10000,1m"}, "-test.run", "Model/002.slow/sequential")
	started(t, c, slowSequential)
	for _, pause := range append([]time.Duration{2 * time.Second}, slices.Repeat([]time.Duration{300 * time.Millisecond}, shortStops)...) {
		require.NoError(t, c.Process.Signal(syscall.SIGSTOP))
		time.Sleep(pause)
		require.NoError(t, c.Process.Signal(syscall.SIGCONT))
		waitForRecords(t, c, slowSequential, 2) // it runs again, and has noted the stop
	}
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.Error(t, c.Wait())
	require.Regexp(t, `the test stood still \d+ times?, for \d`, c.out.String())
	require.Contains(t, c.out.String(), "which do not count")
	var manifest struct {
		Stalls []struct {
			Seconds float64 `json:"s"`
		} `json:"stalls"`
	}
	read(t, filepath.Join(c.folder(t), "run.json"), &manifest)
	longest := 0.0
	for _, stall := range manifest.Stalls {
		longest = max(longest, stall.Seconds)
	}
	require.Greater(t, longest, 1.9)
	require.GreaterOrEqual(t, len(manifest.Stalls), 1+shortStops)
	cells, err := filepath.Glob(filepath.Join(c.folder(t), "TestModel", "*", "*"))
	require.NoError(t, err)
	stalled := 0
	for _, cell := range cells {
		all, err := results.ReadInvocations(os.DirFS(cell), "invocations.jsonl")
		require.NoError(t, err)
		for _, v := range all {
			require.False(t, v.Counted && v.Client > 1500*time.Millisecond, "%+v", v)
			if v.Uncounted == results.Stalled {
				stalled++
			}
		}
	}
	require.Positive(t, stalled)
}
