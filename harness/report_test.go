package harness_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/results"
)

// filesOf returns the files of a folder.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	fsys := os.DirFS(folder)
	require.NoError(t, fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		all[path] = string(data)
		return err
	}))
	return all
}

// TestReportOfRun: what a run computed as it ended is computed again with the same
// bytes, also of cells that failed, were repeated, or had no place in the end.
func TestReportOfRun(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=20"}, "-test.run", "^(TestModel|TestAcross|TestSingles)$/00[13]", "-test.count", "2")
	require.Error(t, c.Run(), "003.failing does")
	folder := c.folder(t)
	want := filesOf(t, folder)
	computed := 0
	for path := range want {
		switch filepath.Base(path) {
		case "summary.json", "bench.txt", "summary.txt":
			require.NoError(t, os.Remove(filepath.Join(folder, path)))
			computed++
		}
	}
	require.Greater(t, computed, 30)
	table, err := results.Report(folder)
	require.NoError(t, err)
	require.Equal(t, want["summary.txt"], table)
	require.Equal(t, want, filesOf(t, folder))
}

// TestReportOfKilledRun: a run that was killed has its table too, which says so.
func TestReportOfKilledRun(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=1000"}, "-test.run", "TestModel/001")
	started(t, c, fastCold)
	waitForRecords(t, c, fastCold, 10)
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	folder := c.folder(t)
	table, err := results.Report(folder)
	require.NoError(t, err)
	require.Contains(t, table, "001.fast")
	require.Contains(t, table, "the run has not ended: it is still running, or it was killed")
	require.Contains(t, table, "stopped: the cell has not ended")
	once := filesOf(t, folder)
	require.Equal(t, table, once["summary.txt"])
	require.Contains(t, once["bench.txt"], "BenchmarkModel/platform=sim/benchmark=001.fast/")
	again, err := results.Report(folder)
	require.NoError(t, err)
	require.Equal(t, table, again)
	require.Equal(t, once, filesOf(t, folder))
}
