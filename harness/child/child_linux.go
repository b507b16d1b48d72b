package child

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sebs-go/sebs/harness/controlgroup"
	"github.com/sebs-go/sebs/harness/driver"
)

// DieWithThread has a child killed when the thread that started it ends, and
// so when this process does.
func DieWithThread(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// AwaitExit returns when a child has ended, and leaves it to be waited for.
func AwaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// makeGroup is replaced in tests.
var makeGroup = controlgroup.Make

// newKeeper returns a control group if this process may make one.
func newKeeper(name string) keeper {
	if folder, err := makeGroup("sebs-child-" + strings.ToLower(name)); err == nil {
		return group(folder)
	}
	return mark(variable + "=" + name)
}

// group keeps a child in the control group with this folder.
type group string

// configure has a shell go into the group and become the command.
func (g group) configure(cmd *exec.Cmd) {
	args := []string{"sh", "-c", `echo 0 >"$1" || exit 125; shift; exec "$@"`, "sh", filepath.Join(string(g), "cgroup.procs"), cmd.Path}
	cmd.Args = append(args, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
}

func (g group) guard(by driver.Guard) (release func()) { return by.Folder(string(g)) }
func (g group) kill() error                            { return controlgroup.Kill(string(g)) }
func (g group) remove() error                          { return controlgroup.Remove(string(g)) }

// variable is the one by which processes are found.
const variable = "SEBS_CHILD"

// mark keeps a child by this entry of its environment.
type mark string

func (m mark) configure(cmd *exec.Cmd) { cmd.Env = append(cmd.Environ(), string(m)) }

func (m mark) guard(by driver.Guard) (release func()) {
	const kill = `for p in /proc/[0-9]*; do tr "\0" "\n" 2>/dev/null <$p/environ | grep -qxF "$1" && kill -KILL ${p#/proc/}; done`
	return by.Command("sh", "-c", kill, "sh", string(m))
}

// rounds bounds how often processes are looked for that were forked meanwhile.
const rounds = 200

// A look at all processes can miss one: that was forked with a number already
// passed, by one that has ended since; or that is becoming another program, and
// has no environment for a moment. So nobody must be found several times running,
// more often while there is a process without an environment.
const (
	sure     = 4
	sureBare = 25
)

func (m mark) kill() error {
	nobody := 0
	for range rounds {
		found, bare, err := m.find()
		if err != nil {
			return err
		}
		for _, pid := range found {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
		}
		nobody++
		if len(found) > 0 {
			nobody = 0
		}
		if nobody >= sureBare || nobody >= sure && !bare {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return errors.New("there are always new processes")
}

// find returns the processes with the mark, and whether there are any without
// an environment.
func (m mark) find() (found []int, bare bool, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil, false, err
	}
	for _, f := range files {
		env, err := os.ReadFile(f)
		if err != nil { // it has ended, or is another user's
			continue
		}
		if len(env) == 0 { // kernel threads and the dead have no program either
			_, err := os.Readlink(filepath.Join(filepath.Dir(f), "exe"))
			bare = bare || err == nil
			continue
		}
		for entry := range bytes.SplitSeq(env, []byte{0}) {
			if string(entry) == string(m) {
				if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil {
					found = append(found, pid)
				}
				break
			}
		}
	}
	return found, bare, nil
}

func (m mark) remove() error { return nil }
