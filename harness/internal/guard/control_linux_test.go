package guard_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
// group.
func TestControlGroup(t *testing.T) {
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

	g := start(t)
	g.Folder(outer)
	require.NoError(t, g.Close())
	require.NoError(t, alive.SetReadDeadline(time.Now().Add(patience)))
	_, err = alive.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "processes of the control group are still running")
	<-ended
	gone(t, outer)
}
