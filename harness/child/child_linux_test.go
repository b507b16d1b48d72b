package child_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sebs-go/sebs/harness/child"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/guard"
)

// leaving are ways in which a process leaves the one that started it. Each
// shell has the write end of a pipe as descriptor 3, which ends with the last
// of them.
var leaving = []struct {
	name, script string
	hidden       bool // can be found in a control group alone
}{
	{name: "stays", script: `sleep 1000 & echo ready`},
	{name: "group of its own", script: `set -m; sleep 1000 & echo ready`},
	{name: "session of its own", script: `setsid sleep 1000 & sleep 0.1; echo ready`},
	{name: "daemon", script: `(setsid sh -c 'cd /; sleep 1000 & exit' <&- &); sleep 0.1; echo ready`},
	{name: "ignores signals", script: `setsid sh -c 'trap "" TERM INT HUP; sleep 1000; sleep 1000' & sleep 0.1; echo ready`},
	{name: "without an environment", script: `env -i setsid sleep 1000 & sleep 0.1; echo ready`, hidden: true},
}

// entries is a guard that keeps what is registered.
type entries struct {
	mu  sync.Mutex
	all map[string]int
}

func (e *entries) enter(kind string) func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all[kind]++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all[kind]--
	}
}

func (e *entries) Process(int) func()            { return e.enter("process") }
func (e *entries) Folder(path string) func()     { return e.enter(path) }
func (e *entries) Command(argv ...string) func() { return e.enter(strings.Join(argv, " ")) }

// start starts a script and returns it with the end of a pipe that its
// processes have open.
func start(ctx context.Context, t *testing.T, g driver.Guard, script string) (*child.Child, *os.File) {
	t.Helper()
	alive, held, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { alive.Close() })
	printed, print, err := os.Pipe()
	require.NoError(t, err)
	defer printed.Close()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Stdout, cmd.ExtraFiles = print, []*os.File{held}
	c, err := child.Start(cmd, g)
	require.NoError(t, err)
	require.NoError(t, print.Close())
	require.NoError(t, held.Close())
	line, err := bufio.NewReader(printed).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return c, alive
}

// requireNobody waits until no process has the other end of a pipe.
func requireNobody(t *testing.T, alive *os.File) {
	t.Helper()
	require.NoError(t, alive.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err := alive.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "a process still runs")
}

// ends are how a child ends, and what its script does after it has started
// others.
var ends = []struct{ name, script, want string }{
	{"ends", "", ""},
	{"fails", "; exit 3", "exit status 3"},
	{"is killed", "; wait; sleep 1000", "signal: killed"},
	{"is cancelled", "; wait; sleep 1000", "signal: killed"},
}

func TestNothingOutlivesAChild(t *testing.T) {
	t.Run("control groups", func(t *testing.T) {
		if err := child.TryGroup(); err != nil {
			t.Skipf("this process may not make control groups: %v", err)
		}
		testNothingOutlives(t, true)
	})
	t.Run("marks", func(t *testing.T) {
		child.WithoutGroups(t)
		testNothingOutlives(t, false)
	})
}

func testNothingOutlives(t *testing.T, groups bool) {
	for _, l := range leaving {
		if l.hidden && !groups {
			continue
		}
		for _, end := range ends {
			t.Run(l.name+" "+end.name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				g := &entries{all: map[string]int{}}
				c, alive := start(ctx, t, g, l.script+end.script)
				require.Len(t, g.all, 2, "its process, and what finds the others")
				switch end.name {
				case "is killed":
					c.Kill()
				case "is cancelled":
					cancel()
				}
				err := c.Wait()
				if end.want == "" {
					require.NoError(t, err)
				} else if end.name != "is cancelled" {
					require.EqualError(t, err, end.want)
				} else {
					require.Error(t, err)
				}
				require.Equal(t, err, c.Wait(), "again")
				c.Kill()
				requireNobody(t, alive)
				for entry, n := range g.all {
					require.Zero(t, n, entry)
					require.NoDirExists(t, entry)
				}
			})
		}
	}
}

// TestNoTerminal: a child is in a session of its own, so that it has no terminal
// to write control characters to.
func TestNoTerminal(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sleep", "1000")
	c, err := child.Start(cmd, nil)
	require.NoError(t, err)
	session, err := unix.Getsid(cmd.Process.Pid)
	require.NoError(t, err)
	require.Equal(t, cmd.Process.Pid, session)
	c.Kill()
	require.EqualError(t, c.Wait(), "signal: killed")
}

// A child that cannot be started leaves nothing.
func TestNoSuchProgram(t *testing.T) {
	_, err := child.Start(exec.CommandContext(t.Context(), "/nowhere/program"), nil)
	require.Error(t, err)
	_, err = child.Start(exec.CommandContext(t.Context(), "no-such-program"), nil)
	require.ErrorIs(t, err, exec.ErrNotFound)
}

// victim is the environment variable of a process that is to be killed: how its
// child is found.
const victim = "CHILD_TEST_VICTIM"

// Of a process that is killed nothing remains: the kernel kills the child, even
// one that does not listen, and the guard the rest.
func TestKilled(t *testing.T) {
	if how := os.Getenv(victim); how != "" {
		if how == "marks" {
			child.WithoutGroups(t)
		}
		g, err := guard.Start(t.Context(), t.TempDir(), func(error) {})
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), "bash", "-c", "setsid sleep 1000 & echo $(sleep 0.1) >&2; while :; do :; done")
		cmd.Stderr, cmd.ExtraFiles = os.NewFile(3, "ready"), []*os.File{os.NewFile(4, "alive")}
		c, err := child.Start(cmd, g)
		require.NoError(t, err)
		t.Fatal("it was not killed:", c.Wait())
	}
	for _, how := range []string{"control groups", "marks"} {
		t.Run(how, func(t *testing.T) {
			alive, held, err := os.Pipe()
			require.NoError(t, err)
			defer alive.Close()
			ready, print, err := os.Pipe()
			require.NoError(t, err)
			defer ready.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestKilled$")
			cmd.Env = append(os.Environ(), victim+"="+how, "TMPDIR="+t.TempDir()) // which the victim cannot delete
			cmd.ExtraFiles = []*os.File{print, held}
			require.NoError(t, cmd.Start())
			require.NoError(t, print.Close())
			require.NoError(t, held.Close())
			_, err = bufio.NewReader(ready).ReadString('\n')
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Kill())
			require.Error(t, cmd.Wait())
			requireNobody(t, alive)
		})
	}
}
