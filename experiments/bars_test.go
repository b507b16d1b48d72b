package experiments_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/bar"
)

// TestBars measures what an experiment costs besides its invocations: the wall
// time of a run with cold and warm cells, from the first thing that it does to
// its last file, over the sum of the client's times.
func TestBars(t *testing.T) {
	bar.Named(t)
	var ratios []float64
	for range 3 {
		results := t.TempDir()
		out, err := experiment(t, "PerfCost/110.dynamic-html.*python/mode=(cold|warm)", "SEBS_RESULTS="+results)
		require.NoError(t, err, out)
		ratios = append(ratios, wall(t, results)/invocations(t, results))
	}
	slices.Sort(ratios)
	bar.AtMost(t, "perf-cost over its invocations", ratios[1], 1.3, "x")
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
func invocations(t *testing.T, results string) float64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(results, "*", "*", "*", "*", "invocations.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	sum := 0.0
	for _, f := range files {
		all, err := harness.ReadInvocations(os.DirFS(filepath.Dir(f)), filepath.Base(f))
		require.NoError(t, err)
		for _, v := range all {
			sum += v.Client.Seconds()
		}
	}
	return sum
}
