package harness_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/leftout"
)

// TestSweepBesideCopy: a run is left alone whose log is gone or whose results
// were copied, also when it is named.
func TestSweepBesideCopy(t *testing.T) {
	temp := t.TempDir()
	c := newChild(t, []string{"SEBS_SAMPLES=10000,1m", "TMPDIR=" + temp}, "-test.run", "Model/002.slow/sequential")
	started(t, c, slowSequential)
	runs, err := filepath.Glob(filepath.Join(c.results, "2*")) // what it prints is read once it has ended
	require.NoError(t, err)
	require.Len(t, runs, 1)
	folder := runs[0]
	var manifest struct{ ID string }
	read(t, filepath.Join(folder, "run.json"), &manifest)
	folders, err := filepath.Glob(filepath.Join(temp, "sebs-"+manifest.ID+"-*"))
	require.NoError(t, err)
	require.Len(t, folders, 1)
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(c.results)))
	require.NoError(t, os.Remove(filepath.Join(folder, "run.log")))
	for name, results := range map[string]string{"no log": c.results, "copy": copied} {
		for _, prefix := range []string{"", manifest.ID} {
			sweep := newChild(t, []string{"TMPDIR=" + temp, "SEBS_PREFIX=" + prefix, "SEBS_RESULTS=" + results}, "-test.run", "^TestSweepModel$")
			err := sweep.Run()
			require.Equal(t, prefix != "", err != nil, sweep.out.String())
			require.Contains(t, sweep.out.String(), "it is running", name)
			require.NotContains(t, sweep.out.String(), "deleting", name)
			require.FileExists(t, filepath.Join(folders[0], "guard.journal"), name)
		}
	}
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.Error(t, c.Wait())
	require.Contains(t, c.out.String(), "interrupted by signal")
	require.NoDirExists(t, folders[0])
}

// guardOf returns the process of a run's guard.
func guardOf(t *testing.T, c *child) int {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.Process.Pid))
	require.NoError(t, err)
	if len(lists) == 0 {
		t.Skip(leftout.Mark + "the guard is found in /proc: run the tests on Linux")
	}
	var guards []int
	for _, list := range lists {
		ids, _ := os.ReadFile(list) // of a thread that ended since, nothing
		for _, id := range strings.Fields(string(ids)) {
			line, _ := os.ReadFile(filepath.Join("/proc", id, "cmdline"))
			if strings.Contains(string(line), "sebs-guard") {
				n, err := strconv.Atoi(id)
				require.NoError(t, err)
				guards = append(guards, n)
			}
		}
	}
	require.Len(t, guards, 1)
	return guards[0]
}

// TestSweepLeft: a run whose own clean-up failed says what to do, and is swept,
// once.
func TestSweepLeft(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=10000,1m"}, "-test.run", "Model/002.slow/sequential")
	started(t, c, slowSequential)
	require.NoError(t, syscall.Kill(guardOf(t, c), syscall.SIGKILL))
	require.NoError(t, c.Process.Signal(os.Interrupt))
	require.Error(t, c.Wait())
	require.Contains(t, c.out.String(), "not everything was removed: this machine: the guard process: signal: killed; make sweep")
	var manifest map[string]any
	read(t, filepath.Join(c.folder(t), "run.json"), &manifest)
	require.Equal(t, []any{map[string]any{"why": "the guard process: signal: killed"}}, manifest["left"])
	for _, want := range []string{"1 of the runs in", "0 of the runs in"} {
		sweep := newChild(t, []string{"SEBS_RESULTS=" + c.results}, "-test.run", "^TestSweepModel$")
		require.NoError(t, sweep.Run(), sweep.out.String())
		require.Contains(t, sweep.out.String(), want)
	}
}

// TestSweepDamaged: a killed run whose manifest is damaged is swept by the name
// of its folder.
func TestSweepDamaged(t *testing.T) {
	for _, text := range []string{"", `{"format": 1, "id": "r`} {
		temp := t.TempDir()
		folder := filepath.Join(temp, "sebs-rabc234-1")
		require.NoError(t, os.Mkdir(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "guard.journal"), []byte("+ 1 folder "+folder+" ;\n"), 0o600))
		c := newChild(t, []string{"TMPDIR=" + temp}, "-test.run", "^TestSweepModel$")
		results := filepath.Join(c.results, "20260102T030405Z-rabc234")
		require.NoError(t, os.Mkdir(results, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(results, "run.json"), []byte(text), 0o644))
		require.Error(t, c.Run())
		require.Contains(t, c.out.String(), filepath.Join(results, "run.json")+": unexpected end of JSON input: run rabc234 is swept by the name of its folder")
		require.NoDirExists(t, folder)
	}
}

// TestSweepGoesOn: a run whose manifest is broken is named, and does not keep
// others from being swept.
func TestSweepGoesOn(t *testing.T) {
	c := newChild(t, nil, "-test.run", "^TestSweepModel$")
	for id, text := range map[string]string{"a": "{broken", "b": `{"id": "r1", "prefix": "r1"}`} {
		require.NoError(t, os.Mkdir(filepath.Join(c.results, id), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(c.results, id, "run.json"), []byte(text), 0o644))
	}
	require.Error(t, c.Run())
	require.Contains(t, c.out.String(), filepath.Join(c.results, "a", "run.json")+": ")
	require.Contains(t, c.out.String(), "1 of the runs in")
}

// TestSweepTemp: the temporary folder of a run that was killed with its guard
// is deleted when it is old, or when the run is named.
func TestSweepTemp(t *testing.T) {
	temp := t.TempDir()
	c := newChild(t, nil)
	for id, started := range map[string]time.Time{"old": time.Now().Add(-48 * time.Hour), "new": time.Now(), "*": {}} {
		require.NoError(t, os.Mkdir(filepath.Join(c.results, id), 0o755))
		manifest, err := json.Marshal(map[string]any{"id": id, "prefix": id, "started": started, "platforms": []string{"sim"}})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(c.results, id, "run.json"), manifest, 0o644))
	}
	for _, folder := range []string{"sebs-old-1/objects", "sebs-old-2", "sebs-new-1", "sebs-older-1", "old-1"} {
		require.NoError(t, os.MkdirAll(filepath.Join(temp, folder), 0o755))
	}
	left := func(env ...string) []string {
		sweep := newChild(t, append(env, "TMPDIR="+temp), "-test.run", "^TestSweepModel$")
		sweep.Env = append(sweep.Env, "SEBS_RESULTS="+c.results)
		require.Error(t, sweep.Run())
		require.Contains(t, sweep.out.String(), `the id "*" is no run's`)
		folders, err := os.ReadDir(temp)
		require.NoError(t, err)
		var names []string
		for _, f := range folders {
			names = append(names, f.Name())
		}
		return names
	}
	require.Equal(t, []string{"old-1", "sebs-new-1", "sebs-older-1"}, left())
	require.FileExists(t, filepath.Join(c.results, "old", "swept.txt"))
	require.NoFileExists(t, filepath.Join(c.results, "new", "swept.txt"), "something is kept")
	require.Equal(t, []string{"old-1", "sebs-older-1"}, left("SEBS_PREFIX=new"))
	require.FileExists(t, filepath.Join(c.results, "new", "swept.txt"))
}
