package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/process"
)

// newMarker returns a time to sleep that nobody else sleeps.
func newMarker() string { return fmt.Sprintf("987.%09d", rand.IntN(1e9)) }

// processes returns the processes that have the word in their command lines: of
// Linux, and elsewhere as ps shows them.
func processes(t *testing.T, word string) []string {
	t.Helper()
	var found []string
	if running, err := filepath.Glob("/proc/[0-9]*/cmdline"); err == nil && len(running) > 0 {
		for _, name := range running {
			line, _ := os.ReadFile(name) // of one that ended since, and of the dead, nothing
			if command := strings.ReplaceAll(string(line), "\x00", " "); strings.Contains(command, word) {
				found = append(found, filepath.Base(filepath.Dir(name))+" "+strings.TrimSpace(command))
			}
		}
		return found
	}
	out, err := exec.Command("ps", "-axo", "pid=,stat=,args=").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) > 2 && strings.Contains(line, word) && !strings.HasPrefix(f[1], "Z") && f[2] != "ps" {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// victim is the variable that makes the test binary a process to be killed.
const victim = "SEBS_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		go func() { // ends with the test that started it, however that ends
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
		fmt.Fprintln(os.Stderr, die())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A killed test takes its sandboxes with it, and what their processes left is
// in what was registered with the guard.
func TestKilled(t *testing.T) {
	dir, marker := t.TempDir(), newMarker()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+dir+" "+marker)
	cmd.Stderr = os.Stderr
	_, err := cmd.StdinPipe() // closed when this process has ended
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it is dead if nothing failed
	var guarded []string                         // what the guard would clean up
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		guarded = append(guarded, lines.Text())
	}
	// A process has its new command line a moment after its parent goes on.
	require.Eventually(t, func() bool { return len(processes(t, marker)) > 0 }, time.Minute, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	for _, entry := range guarded {
		kind, value, _ := strings.Cut(entry, " ")
		if kind == "process" {
			pgid, err := strconv.Atoi(value)
			require.NoError(t, err)
			if runtime.GOOS == "linux" {
				require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pgid, 0), syscall.ESRCH) },
					time.Minute, time.Millisecond, "the sandbox's first process outlives the test")
			}
			_ = syscall.Kill(-pgid, syscall.SIGKILL) // there may be none
		}
	}
	for _, entry := range guarded {
		if path, ok := strings.CutPrefix(entry, "folder "); ok && isDir(path) && strings.HasPrefix(path, "/sys/fs/cgroup/") {
			require.NoError(t, filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.Name() != "cgroup.procs" {
					return err
				}
				pids, err := os.ReadFile(path)
				for pid := range strings.FieldsSeq(string(pids)) {
					n, err := strconv.Atoi(pid)
					require.NoError(t, err)
					_ = syscall.Kill(n, syscall.SIGKILL) // it may be dying
				}
				return err
			}))
			require.Eventually(t, func() bool {
				inner, err := os.ReadDir(path)
				if err != nil {
					return false
				}
				for _, d := range inner {
					if d.IsDir() {
						_ = os.Remove(filepath.Join(path, d.Name())) // while the last process is on its way out, it cannot be
					}
				}
				return os.Remove(path) == nil
			}, time.Minute, time.Millisecond)
		}
	}
	require.Eventually(t, func() bool { return len(processes(t, marker)) == 0 }, time.Minute, 10*time.Millisecond)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// die runs a function that leaves a process in a session of its own, and waits
// to be killed.
func die() error {
	dir, marker, _ := strings.Cut(os.Getenv(victim), " ")
	p, err := process.Open(context.Background(), driver.Run{
		ID: "killed" + strings.ReplaceAll(marker, ".", ""), Prefix: "t", Dir: dir,
		Guard: tellGuard{}, Ledger: noLedger{}, Log: io.Discard,
	})
	if err != nil {
		return err
	}
	code := filepath.Join(dir, "code")
	files, err := dockerfiles.Files(process.Name, "python", nil)
	if err != nil {
		return err
	}
	files["function/__init__.py"] = nil // as the installer does
	files["function/function.py"] = []byte(`
import subprocess
def handler(event):
    subprocess.Popen(["sleep", "` + marker + `"], start_new_session=` + map[bool]string{true: "True", false: "False"}[strings.HasPrefix(p.Isolation(), "mount")] + `)
`)
	for name, data := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(code, name)), 0o755), os.WriteFile(filepath.Join(code, name), data, 0o644)); err != nil {
			return err
		}
	}
	f := p.Features()
	target, err := p.Deploy(context.Background(), driver.Spec{
		Name: "t-killed", Runtime: f.Runtimes[0], Architecture: f.Architectures[0], Kind: driver.Archive, Trigger: driver.HTTP, Memory: 256,
	}, driver.Package{Kind: driver.Archive, Dir: code})
	if err != nil {
		return err
	}
	c, err := invoke.For(context.Background(), p, target)
	if err != nil {
		return err
	}
	x := c.Call(context.Background(), []byte(`{}`))
	if x.Failure != nil {
		return x.Failure
	}
	if a, err := answer.Parse(x.Reply.Body); err != nil || a.Error != nil {
		return fmt.Errorf("the function failed: %s", x.Reply.Body)
	}
	fmt.Println("ready")
	select {}
}

// tellGuard prints what is registered.
type tellGuard struct{}

func (tellGuard) Process(pgid int) func()   { fmt.Println("process", pgid); return func() {} }
func (tellGuard) Command(...string) func()  { return func() {} }
func (tellGuard) Folder(path string) func() { fmt.Println("folder " + path); return func() {} }
