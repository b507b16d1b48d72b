package guard_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/guard"
)

// childVariable makes the test binary be the test that is killed.
const childVariable = "SEBS_TEST_GUARD_CHILD"

// patience bounds what is waited for.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if how := os.Getenv(childVariable); how != "" {
		if err := child(how); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// witness is what a child that is to be killed has registered.
type witness struct {
	Folder string
	Groups []int
}

// child starts a guard, two process groups of two processes each, one in a
// session of its own, and a folder, says so on standard output, and ends as it
// was told to. Descriptor 3 is held by the processes and by nobody else.
func child(how string) error {
	syscall.CloseOnExec(3)
	held := os.NewFile(3, "held")
	var w witness
	var err error
	if w.Folder, err = os.MkdirTemp("", "sebs-guard-test-"); err != nil {
		return err
	}
	g, err := guard.Start(context.Background(), w.Folder, func(error) {})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(w.Folder, "a", "b"), 0o700); err != nil {
		return err
	}
	for _, attributes := range []syscall.SysProcAttr{{Setpgid: true}, {Setsid: true}} {
		cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", "trap '' TERM INT HUP; sleep 1000 & sleep 1000")
		cmd.SysProcAttr = &attributes
		cmd.ExtraFiles = []*os.File{held}
		if err := cmd.Start(); err != nil {
			return err
		}
		g.Process(cmd.Process.Pid)
		w.Groups = append(w.Groups, cmd.Process.Pid)
	}
	if err := json.NewEncoder(os.Stdout).Encode(w); err != nil {
		return err
	}
	if how == "exit" {
		return nil
	}
	_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
	return err
}

// A test that ends without Close, however it ends, leaves nothing.
func TestEndedTestLeavesNothing(t *testing.T) {
	tests := []struct {
		name string
		end  func(t *testing.T, pid int)
	}{
		{"killed", func(t *testing.T, pid int) { require.NoError(t, syscall.Kill(pid, syscall.SIGKILL)) }},
		{"group killed", func(t *testing.T, pid int) { require.NoError(t, syscall.Kill(-pid, syscall.SIGKILL)) }},
		{"group interrupted", func(t *testing.T, pid int) { require.NoError(t, syscall.Kill(-pid, syscall.SIGINT)) }},
		{"exit", func(*testing.T, int) {}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			alive, held, err := os.Pipe()
			require.NoError(t, err)
			defer alive.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childVariable+"="+test.name)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.ExtraFiles = []*os.File{held}
			cmd.Stderr = os.Stderr
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			defer stdin.Close()
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			require.NoError(t, held.Close())

			line, err := bufio.NewReader(stdout).ReadBytes('\n')
			require.NoError(t, err)
			var w witness
			require.NoError(t, json.Unmarshal(line, &w))
			t.Cleanup(func() { // what the guard did not do
				for _, pgid := range w.Groups {
					_ = syscall.Kill(-pgid, syscall.SIGKILL)
				}
				_ = os.RemoveAll(w.Folder)
			})
			test.end(t, cmd.Process.Pid)
			_ = cmd.Wait() // its status is how it was told to end

			require.NoError(t, alive.SetReadDeadline(time.Now().Add(patience)))
			_, err = alive.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF, "processes of the test are still running")
			gone(t, w.Folder)
		})
	}
}

// gone waits until a path does not exist.
func gone(t *testing.T, path string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := os.Lstat(path)
		return errors.Is(err, os.ErrNotExist)
	}, patience, 10*time.Millisecond, "%s still exists", path)
}

// lost fails the test.
func lost(t *testing.T) func(error) {
	return func(err error) { t.Error(err) }
}

func start(t *testing.T) *guard.Guard {
	t.Helper()
	g, err := guard.Start(t.Context(), t.TempDir(), lost(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// sleeper starts a process group and returns its id and whether it ended.
func sleeper(t *testing.T) (pgid int, ended <-chan struct{}) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	end := make(chan struct{})
	go func() { _ = cmd.Wait(); close(end) }()
	return cmd.Process.Pid, end
}

func TestCloseLeavesWhatWasWithdrawn(t *testing.T) {
	g := start(t)
	kept, left := t.TempDir(), filepath.Join(t.TempDir(), "left")
	require.NoError(t, os.Mkdir(left, 0o700))
	keptGroup, keptEnd := sleeper(t)
	leftGroup, leftEnd := sleeper(t)
	releases := []func(){g.Folder(kept), g.Process(keptGroup)}
	g.Folder(left)
	g.Process(leftGroup)
	for _, release := range releases {
		release()
		release() // a second call does nothing
	}
	require.NoError(t, g.Close())
	require.NoError(t, g.Close())

	require.DirExists(t, kept)
	require.NoDirExists(t, left)
	select {
	case <-leftEnd:
	case <-time.After(patience):
		t.Error("a registered process is still running")
	}
	select {
	case <-keptEnd:
		t.Error("a process was killed after its entry was withdrawn")
	default:
	}
}

func TestProcessThatAlreadyEnded(t *testing.T) {
	g := start(t)
	cmd := exec.CommandContext(t.Context(), "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	g.Process(cmd.Process.Pid)
	require.NoError(t, cmd.Wait())
	require.NoError(t, g.Close())
}

func TestThousandsOfEntries(t *testing.T) {
	g := start(t)
	root := t.TempDir()
	for i := range 5000 {
		g.Process(1<<22 + i)() // beyond the largest id that a kernel gives
		g.Process(1<<23 + i)
	}
	const all, keep = 500, 20
	for i := range all {
		dir := filepath.Join(root, fmt.Sprint(i))
		require.NoError(t, os.Mkdir(dir, 0o700))
		release := g.Folder(dir)
		if i%(all/keep) == 0 {
			release()
		}
	}
	require.NoError(t, g.Close())
	left, err := os.ReadDir(root)
	require.NoError(t, err)
	require.Len(t, left, keep)
}

func TestFoldersOfAnyShape(t *testing.T) {
	g := start(t)
	root := t.TempDir()
	for _, name := range []string{"with space", " leading", "trailing ", "-rf", "$HOME", "`date`", "*", "a;b", "quo\"te'", "back\\slash", "ünï", "end ;"} {
		dir := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "file"), nil, 0o400))
		require.NoError(t, os.Chmod(filepath.Join(dir, "sub"), 0o500)) // as Go's module cache
		g.Folder(dir)
	}
	outside := t.TempDir()
	link := filepath.Join(root, "link")
	require.NoError(t, os.Symlink(outside, link))
	g.Folder(link)
	g.Folder(filepath.Join(root, "never", "made"))
	require.NoError(t, os.Mkdir(filepath.Join(root, "kept"), 0o700))

	require.NoError(t, g.Close())
	left, err := os.ReadDir(root)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, "kept", left[0].Name())
	require.DirExists(t, outside)
}

func TestRefusesDangerousFolders(t *testing.T) {
	for _, path := range []string{"", "/", "/tmp", "relative/path", "./x/y", "/tmp/../etc", "/tmp/x/..", "/tmp//x", "/tmp/x/",
		"/tmp/line\nbreak", "/sys/fs/cgroup", "/sys/fs/cgroup/no/such/parent"} {
		t.Run(path, func(t *testing.T) {
			g := start(t)
			g.Folder(path)()
			require.ErrorContains(t, g.Close(), fmt.Sprintf("%q", path))
		})
	}
	for _, pgid := range []int{-5, 0, 1} {
		g := start(t)
		g.Process(pgid)()
		require.ErrorContains(t, g.Close(), "process group")
	}
}

// Commands run after folders were deleted, words as they are, unless they were
// withdrawn.
func TestCommand(t *testing.T) {
	g, err := guard.Start(t.Context(), t.TempDir(), lost(t))
	require.NoError(t, err)
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	g.Folder(folder)
	file := filepath.Join(t.TempDir(), "it's a $file")
	g.Command("sh", "-c", `[ -d "$1" ] || echo "$2" >"$3"`, "sh", folder, "two  $words; 'quoted'", file)
	withdrawn := filepath.Join(t.TempDir(), "withdrawn")
	g.Command("touch", withdrawn)()
	require.NoError(t, g.Close())
	require.NoFileExists(t, withdrawn)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "two  $words; 'quoted'\n", string(content))
}

func TestCommandWithLineBreakIsRefused(t *testing.T) {
	g, err := guard.Start(t.Context(), t.TempDir(), lost(t))
	require.NoError(t, err)
	g.Command("touch", "a\nb")
	require.ErrorContains(t, g.Close(), "line break")
}
