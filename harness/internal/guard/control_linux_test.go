package guard_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/guard"
)

// controlGroup makes a control group with a child, in either version's tree.
func controlGroup(t *testing.T) (outer, inner string) {
	t.Helper()
	name := "sebs-guard-test-" + strconv.Itoa(os.Getpid())
	for _, tree := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/pids"} {
		outer := filepath.Join(tree, name)
		inner := filepath.Join(outer, "inner")
		if _, err := os.Stat(filepath.Join(tree, "cgroup.procs")); err != nil {
			continue
		}
		if os.MkdirAll(inner, 0o755) == nil {
			t.Cleanup(func() { _ = os.Remove(inner); _ = os.Remove(outer) })
			return outer, inner
		}
	}
	t.Skip("no control group can be made here: run as root, or with a delegated one, to have this tested")
	return "", ""
}

// A process that leaves its group and session does not leave its control
// group: not for the guard, and not for a clean-up after a guard that was
// killed, which spares process groups, as their numbers may be others' by then.
func TestControlGroup(t *testing.T) {
	t.Run("guard", func(t *testing.T) {
		checkControlGroup(t, func(dir, group string) {
			g, err := guard.Start(t.Context(), dir, lost(t))
			require.NoError(t, err)
			g.Folder(group)
			require.NoError(t, g.Close())
		})
	})
	t.Run("clean-up", func(t *testing.T) {
		bystander, ended := sleeper(t)
		checkControlGroup(t, func(dir, group string) {
			journal := fmt.Sprintf("+ 1 folder %s ;\n+ 2 control %s ;\n+ 3 process %d ;\n", dir, group, bystander)
			require.NoError(t, os.WriteFile(filepath.Join(dir, guard.Journal), []byte(journal), 0o600))
			require.NoError(t, guard.CleanUp(t.Context(), dir))
		})
		select {
		case <-ended:
			t.Error("a process was killed that may be another's")
		default:
		}
		require.NoError(t, syscall.Kill(-bystander, syscall.SIGKILL))
		require.ErrorContains(t, guard.CleanUp(t.Context(), t.TempDir()), guard.Journal)
	})
}

// checkControlGroup runs processes in a control group and has clean remove it
// and a folder.
func checkControlGroup(t *testing.T, clean func(dir, group string)) {
	t.Helper()
	outer, inner := controlGroup(t)
	alive, held, err := os.Pipe()
	require.NoError(t, err)
	defer alive.Close()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c",
		`echo $$ >"$0/cgroup.procs" && { setsid sleep 1000 & } && echo joined && sleep 1000`, inner)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.ExtraFiles = []*os.File{held}
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.NoError(t, held.Close())
	ended := make(chan struct{})
	_, err = io.ReadFull(stdout, make([]byte, len("joined\n")))
	require.NoError(t, err)
	go func() { _ = cmd.Wait(); close(ended) }()

	dir := t.TempDir()
	clean(dir, outer)
	require.NoError(t, alive.SetReadDeadline(time.Now().Add(patience)))
	_, err = alive.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "processes of the control group are still running")
	<-ended
	gone(t, outer)
	gone(t, dir)
}

// A clean-up kills what has its temporary files in a folder of the run, and
// nothing that has them elsewhere.
func TestStrays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's [the] run")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	var processes []*exec.Cmd
	for _, temp := range []string{dir, dir + "/sandbox", dir + "-2", dir + "-2/sandbox"} {
		cmd := exec.CommandContext(t.Context(), "sleep", "1000")
		cmd.Env = []string{"TMPDIR=" + temp}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		require.NoError(t, cmd.Start())
		processes = append(processes, cmd)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, guard.Journal), []byte("+ 1 folder "+dir+" ;\n"), 0o600))
	require.NoError(t, guard.CleanUp(t.Context(), dir))
	require.Error(t, processes[0].Wait())
	require.Error(t, processes[1].Wait())
	for _, other := range processes[2:] {
		require.NoError(t, other.Process.Signal(syscall.Signal(0)), "it was killed")
		require.NoError(t, other.Process.Kill())
		require.Error(t, other.Wait())
	}
	gone(t, dir)
}
