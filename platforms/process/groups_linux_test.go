package process_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/process"
)

// openGrouped opens the platform for a run where it can have control groups.
func openGrouped(t *testing.T, run driver.Run) *process.Platform {
	t.Helper()
	p, err := process.Open(t.Context(), run)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	if !strings.Contains(p.Isolation(), "control groups") {
		t.Skip(leftout.Mark + "no control groups can be made here: run the tests as root on Linux with control groups")
	}
	return p
}

// groupsOf returns the control groups of a run, and of its sandboxes.
func groupsOf(t *testing.T, run driver.Run) (ofRun, ofSandboxes []string) {
	t.Helper()
	for _, tree := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
		found, err := filepath.Glob(filepath.Join(tree, "sebs-"+run.ID))
		require.NoError(t, err)
		ofRun = append(ofRun, found...)
		for _, group := range found {
			inside, err := os.ReadDir(group)
			require.NoError(t, err)
			for _, e := range inside {
				if e.IsDir() {
					ofSandboxes = append(ofSandboxes, filepath.Join(group, e.Name()))
				}
			}
		}
	}
	return ofRun, ofSandboxes
}

// TestGroupsBelow: processes that a function put into control groups of its own
// end with its sandbox, and nothing is left of the groups.
func TestGroupsBelow(t *testing.T) {
	run, marker := newRun(t), newMarker()
	var log strings.Builder
	run.Log = &log
	p := openGrouped(t, run)
	s := spec(t, p, "python")
	c := deploy(t, p, s, stage(t, s, `
import os, subprocess

def handler(event):
    for i in range(3):
        child = subprocess.Popen(["sleep", "`+marker+`"], start_new_session=True)
        for line in open("/proc/self/cgroup"):
            _, controllers, path = line.strip().split(":", 2)
            for c in controllers.split(","):
                group = os.path.join("/sys/fs/cgroup", c, path.strip("/"))
                if c in ("pids", "memory", "") and os.path.exists(group + "/cgroup.procs"):
                    own = os.path.join(group, "own", *(["deeper"] * i))
                    os.makedirs(own)
                    with open(own + "/cgroup.procs", "w") as f:
                        f.write(str(child.pid))
`))
	require.Nil(t, call(t, c, `{}`).Error)
	require.Eventually(t, func() bool { return len(processes(t, marker)) == 3 }, time.Minute, time.Millisecond)
	require.NoError(t, p.Retire(t.Context(), s.Name))
	require.Empty(t, processes(t, marker))
	_, left := groupsOf(t, run)
	require.Empty(t, left)
	require.Empty(t, log.String(), "what could not be removed")
}

// TestGroupsOfAnother: a platform that is opened with the id of a run whose
// platform is open leaves that one's control groups alone.
func TestGroupsOfAnother(t *testing.T) {
	run := newRun(t)
	first := openGrouped(t, run)
	s := spec(t, first, "python")
	c := deploy(t, first, s, stage(t, s, echo["python"]))
	before, _ := groupsOf(t, run)
	require.NotEmpty(t, before)

	same := run
	same.Dir = t.TempDir()
	second, err := process.Open(t.Context(), same)
	require.NoError(t, err)
	require.NoError(t, second.Close(context.Background()))
	after, _ := groupsOf(t, run)
	require.Equal(t, before, after)
	require.Nil(t, call(t, c, `{}`).Error)
}

// keptGuard counts the entries of folders that were not withdrawn.
type keptGuard struct {
	noGuard
	kept *int
}

func (g keptGuard) Folder(string) func() { *g.kept++; return func() { *g.kept-- } }

// TestGroupThatStays: what cannot be removed stays with the guard.
func TestGroupThatStays(t *testing.T) {
	run, kept := newRun(t), 0
	run.Guard = keptGuard{kept: &kept}
	p, err := process.Open(t.Context(), run)
	require.NoError(t, err)
	groups, _ := groupsOf(t, run)
	if len(groups) == 0 {
		t.Skip(leftout.Mark + "no control groups can be made here: run the tests as root on Linux with control groups")
	}
	require.Equal(t, len(groups), kept)
	pid := []byte(strconv.Itoa(os.Getpid())) // the one process that the platform does not kill
	stays := filepath.Join(groups[len(groups)-1], "cgroup.procs")
	if limit := filepath.Join(filepath.Dir(stays), "pids.max"); isFile(limit) { // this process may have many threads
		require.NoError(t, os.WriteFile(limit, []byte("max"), 0o644))
	}
	require.NoError(t, os.WriteFile(stays, pid, 0o644))
	t.Cleanup(func() {
		home := filepath.Join(filepath.Dir(filepath.Dir(stays)), "cgroup.procs")
		require.NoError(t, os.WriteFile(home, pid, 0o644))
		require.NoError(t, os.Remove(filepath.Dir(stays)))
	})
	require.ErrorContains(t, p.Close(context.Background()), "something is left in it")
	require.Equal(t, 1, kept)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
