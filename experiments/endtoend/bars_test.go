package endtoend_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// TestBars measures what an experiment costs besides its invocations: the wall
// time of a run, from the first thing that it does to its last file, over the
// sum of the client's times, which contain the starts of sandboxes.
func TestBars(t *testing.T) {
	bar.Named(t)
	linked := driver.Platforms()
	if slices.Contains(linked, "process") {
		t.Run("perf-cost", func(t *testing.T) {
			overhead(t, "perf-cost over its invocations", 1.3, "PerfCost/platform=process.*110.dynamic-html.*python/mode=(cold|warm)")
		})
		t.Run("first-call", firstCall)
	}
	if slices.Contains(linked, "local") {
		t.Run("regression", func(t *testing.T) {
			const all = "Regression/platform=local.*(python|nodejs)"
			out, err := experiment(t, all) // builds what is not built
			require.NoError(t, err, out)
			out = overhead(t, "regression over its invocations", 3, all)
			require.NotContains(t, out, ": built in")
		})
	}
}

// overhead judges the median of three runs of an experiment, and returns what
// the last one printed.
func overhead(t *testing.T, name string, limit float64, pattern string) (out string) {
	t.Helper()
	var ratios []float64
	for range 3 {
		results := t.TempDir()
		var err error
		out, err = experiment(t, pattern, "SEBS_RESULTS="+results)
		require.NoError(t, err, out)
		ratios = append(ratios, wall(t, results)/invocations(t, results))
	}
	slices.Sort(ratios)
	bar.AtMost(t, name, ratios[1], limit, "x")
	return out
}

// wall returns how long the run of a folder of results took, in seconds.
func wall(t *testing.T, results string) float64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(results, "*", "run.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var run struct{ Started, Finished time.Time }
	require.NoError(t, json.Unmarshal(data, &run))
	return run.Finished.Sub(run.Started).Seconds()
}

// invocations returns the sum of the client's times of a folder of results, in
// seconds.
func invocations(t *testing.T, folder string) float64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*", "*", "*", "*", "invocations.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	sum := 0.0
	for _, f := range files {
		all, err := results.ReadInvocations(os.DirFS(filepath.Dir(f)), filepath.Base(f))
		require.NoError(t, err)
		for _, v := range all {
			sum += v.Client.Seconds()
		}
	}
	return sum
}
