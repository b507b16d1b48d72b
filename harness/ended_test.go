package harness_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// started runs c until its first record is on disk.
func started(t *testing.T, c *child, cell string) {
	t.Helper()
	require.NoError(t, c.Start())
	waitForRecords(t, c, cell, 1)
}

// waitForRecords waits until a cell of c has written n more records.
func waitForRecords(t *testing.T, c *child, cell string, n int) {
	t.Helper()
	records := func() int {
		files, err := filepath.Glob(filepath.Join(c.results, "*", cell, "invocations.jsonl"))
		if err != nil || len(files) == 0 {
			return 0
		}
		text, err := os.ReadFile(files[0])
		require.NoError(t, err)
		return bytes.Count(text, []byte("\n"))
	}
	want := records() + n
	require.Eventually(t, func() bool { return records() >= want }, time.Minute, 5*time.Millisecond, "no record appeared")
}

// requireSummary checks what a run's summary.txt says of how it ended.
func requireSummary(t *testing.T, folder string, want ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "summary.txt"))
	require.NoError(t, err)
	for _, w := range want {
		require.Contains(t, string(text), w)
	}
}

// TestFailedRun: the summary of a run of which a test failed says so, and that
// of another does not.
func TestFailedRun(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=5"}, "-test.run", "Model/003/warm")
	require.Error(t, c.Run())
	requireSummary(t, c.folder(t), "a test of the run failed: go test has said why")

	c = newChild(t, []string{"SEBS_SAMPLES=5"}, "-test.run", "Model/001.*/warm")
	require.NoError(t, c.Run(), c.out.String())
	text, err := os.ReadFile(filepath.Join(c.folder(t), "summary.txt"))
	require.NoError(t, err)
	for _, never := range []string{"ended", "were not measured", "failed:"} {
		require.NotContains(t, string(text), never)
	}
}

const slowSequential = "TestModel/platform=sim,benchmark=002.slow,runtime=sim-1,arch=x64,package=archive,trigger=http/memory=128,size=test,mode=sequential"

// TestInterrupted: a signal ends the run, and what was measured is kept.
func TestInterrupted(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			c := newChild(t, []string{"SEBS_SAMPLES=10000,1m"}, "-test.run", "Model/002.slow/sequential")
			started(t, c, slowSequential)
			require.NoError(t, c.Process.Signal(sig))
			require.Error(t, c.Wait())
			require.Contains(t, c.out.String(), "] interrupted by signal "+sig.String()+": ending the run; once more to kill it\n")
			folder := c.folder(t)
			all, err := results.ReadInvocations(os.DirFS(filepath.Join(folder, slowSequential)), "invocations.jsonl")
			require.NoError(t, err)
			require.NotEmpty(t, all)
			require.FileExists(t, filepath.Join(folder, slowSequential, "summary.json"))
			var manifest map[string]any
			read(t, filepath.Join(folder, "run.json"), &manifest)
			require.Contains(t, manifest["ended"], "interrupted by signal")
			requireSummary(t, folder, "the run ended early: interrupted by signal "+sig.String(), "a test of the run failed")
		})
	}
}

// TestBenchmarkInterrupted: a benchmark's loop ends at a signal, not at the end
// of -benchtime, and makes no calls on the way.
func TestBenchmarkInterrupted(t *testing.T) {
	c := newChild(t, nil, "-test.run", "^$", "-test.bench", "Model/.*/002.slow/.*/.*/.*/.*/.*/.*/mode=sequential", "-test.benchtime", "60s")
	cell := strings.Replace(slowSequential, "TestModel", "BenchmarkModel", 1)
	started(t, c, cell)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Error(t, c.Wait())
	require.Contains(t, c.out.String(), "stopped: interrupted by signal terminated")
	all, err := results.ReadInvocations(os.DirFS(filepath.Join(c.folder(t), cell)), "invocations.jsonl")
	require.NoError(t, err)
	cancelled := 0
	for _, v := range all {
		if v.Cause == driver.Cancelled {
			cancelled++
		}
	}
	require.LessOrEqual(t, cancelled, 1, "calls that were cancelled before they were made")
}

// TestEndless is an experiment that ends with its run, whatever its bound says.
func TestEndless(t *testing.T) {
	harness.Cells(t, models, harness.Conditions{Bound: time.Millisecond}, func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
		for ctx.Err() == nil {
			cell.Invoke(ctx)
		}
	})
}

// TestDeadline: the run ends before the test binary's deadline.
func TestDeadline(t *testing.T) {
	t.Parallel() // it waits
	c := newChild(t, nil, "-test.run", "^TestEndless$/002.slow", "-test.timeout", "12s")
	require.Error(t, c.Run())
	require.Contains(t, c.out.String(), "the time of -timeout is over")
	require.NotContains(t, c.out.String(), "panic: test timed out")
	require.Contains(t, c.out.String(), "results: ")
	requireSummary(t, c.folder(t), "the run ended early: the time of -timeout is over")
}

// TestKilled: after kill -9 everything written is readable, and no temporary
// folder is left.
func TestKilled(t *testing.T) {
	temp := t.TempDir()
	c := newChild(t, []string{"SEBS_SAMPLES=10000,1m", "TMPDIR=" + temp}, "-test.run", "Model/002.slow/sequential")
	started(t, c, slowSequential)
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())

	folder := c.folder(t)
	all, err := results.ReadInvocations(os.DirFS(filepath.Join(folder, slowSequential)), "invocations.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	var manifest map[string]any
	read(t, filepath.Join(folder, "run.json"), &manifest)
	require.NotContains(t, manifest, "finished")
	requireSummary(t, folder, "the run has not ended: it is still running, or it was killed")
	require.Eventually(t, func() bool {
		left, err := filepath.Glob(filepath.Join(temp, "sebs-*"))
		return err == nil && len(left) == 0
	}, time.Minute, 10*time.Millisecond, "the guard deletes the run's temporary folder")
}

// TestOrphaned: a run whose go command was killed ends by itself.
func TestOrphaned(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=10000,5m"}, "-test.run", "Model/002.slow/sequential")
	shell := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `"$@"; true`, "sh", c.Path}, c.Args[1:]...)...)
	shell.Env = c.Env
	c.Cmd = shell
	started(t, c, slowSequential)
	require.NoError(t, shell.Process.Kill())
	require.Error(t, shell.Wait())
	require.Eventually(t, func() bool {
		var manifest map[string]any
		data, err := os.ReadFile(filepath.Join(c.folder(t), "run.json"))
		return err == nil && json.Unmarshal(data, &manifest) == nil && manifest["ended"] == "the go command is gone"
	}, time.Minute, 10*time.Millisecond)
}

// TestTwoRunsAtOnce: runs that share a folder of results and a store keep
// apart; a prefix that is fixed is for one at a time.
func TestTwoRunsAtOnce(t *testing.T) {
	first := newChild(t, []string{"SEBS_SAMPLES=10000,1m", "SEBS_PREFIX=shared"}, "-test.run", "Model/002.slow/sequential")
	started(t, first, slowSequential)
	t.Cleanup(func() { first.Wait() })
	t.Cleanup(func() { first.Process.Signal(os.Interrupt) })

	same := newChild(t, nil, "-test.run", "Model/001.fast/cold")
	same.Env = append(append([]string(nil), first.Env...), "SEBS_SAMPLES=5")
	require.Error(t, same.Run())
	require.Contains(t, same.out.String(), "prefix shared is used by process "+strconv.Itoa(first.Process.Pid)+": wait for it")

	sweep := newChild(t, nil, "-test.run", "^TestSweepModel$")
	sweep.Env = first.Env
	require.Error(t, sweep.Run())
	require.Contains(t, sweep.out.String(), "it is running")

	other := newChild(t, nil, "-test.run", "Model/001.fast/cold")
	other.Env = append(append([]string(nil), first.Env...), "SEBS_SAMPLES=5", "SEBS_PREFIX=")
	require.NoError(t, other.Run(), other.out.String())
	runs, err := filepath.Glob(filepath.Join(first.results, "*", "run.json"))
	require.NoError(t, err)
	require.Len(t, runs, 2)
}
