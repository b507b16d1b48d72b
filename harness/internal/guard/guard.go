// Package guard cleans up after a test that was killed: a process of its own
// that outlives the test, kills the process groups, deletes the folders and runs
// the commands that are registered at that moment.
//
// It works through two files. A pipe, held open by the test alone, ends when
// the test does, however it does. A journal, which has no name, holds one line
// for every entry and every withdrawal; the kernel has a line as soon as it is
// written. While the test runs the guard sleeps, so it does not disturb what is
// being measured.
//
// A process id may be used again once the process was waited for. So an entry
// must be withdrawn right after that. If the test is killed between the two,
// and the id is given to the leader of another process group before the guard
// has acted, that one is killed: a window of microseconds at the end of a
// process, once in a killed test.
//
// The package refuses to delete what is not at least two levels below the root
// (/tmp/x), and to act on anything that was not registered. A machine that
// loses power is not cleaned.
package guard

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

//go:embed guard.sh
var script string

// Guard is a running guard process. All methods are safe for concurrent use.
type Guard struct {
	process *exec.Cmd
	hold    *os.File // the guard acts at its end
	journal *os.File
	next    atomic.Int64

	mu     sync.Mutex
	errs   []error
	closed bool
}

var _ driver.Guard = (*Guard)(nil)

// Start starts a guard process. It ends at Close or after this process, not
// with ctx.
func Start(ctx context.Context) (*Guard, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g, err := start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the guard process: %w", err)
	}
	return g, nil
}

func start(ctx context.Context) (*Guard, error) {
	journal, entries, err := openJournal()
	if err != nil {
		return nil, err
	}
	defer entries.Close()
	end, hold, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	defer end.Close()

	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", script, "sebs-guard")
	cmd.Dir = "/"
	cmd.Env = environment.System.Variables()
	cmd.Stdin = end
	cmd.ExtraFiles = []*os.File{entries}
	// A session of its own: no terminal's interrupt and no kill of the test's
	// group reaches it. No output: go test waits until that is closed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, hold.Close(), journal.Close())
	}
	return &Guard{process: cmd, hold: hold, journal: journal}, nil
}

// openJournal opens a new file without a name for appending and for reading.
func openJournal() (appending, reading *os.File, err error) {
	f, err := os.CreateTemp("", "sebs-guard-")
	if err != nil {
		return nil, nil, err
	}
	appending, err = os.OpenFile(f.Name(), os.O_WRONLY|os.O_APPEND, 0)
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return appending, f, nil
}

// Process implements driver.Guard.
func (g *Guard) Process(pgid int) (release func()) {
	if pgid <= 1 {
		g.fail(fmt.Errorf("guard process group %d: not one of ours", pgid))
		return func() {}
	}
	return g.enter("process", strconv.Itoa(pgid))
}

// Folder implements driver.Guard. A folder that the guard refuses is an error
// of Close.
func (g *Guard) Folder(path string) (release func()) {
	if err := checkFolder(path); err != nil {
		g.fail(fmt.Errorf("guard folder %q: %w", path, err))
		return func() {}
	}
	if !strings.HasPrefix(path, controlGroups) {
		return g.enter("folder", path)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "cgroup.procs")); err != nil {
		g.fail(fmt.Errorf("guard folder %q: the control group has no parent: %w", path, err))
		return func() {}
	}
	return g.enter("control", path)
}

// Command implements driver.Guard. A command with a line break is an error of
// Close.
func (g *Guard) Command(argv ...string) (release func()) {
	words := make([]string, len(argv))
	for i, word := range argv {
		if strings.ContainsAny(word, "\n\x00") {
			g.fail(fmt.Errorf("guard command %q: it has a line break", argv))
			return func() {}
		}
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return g.enter("command", strings.Join(words, " "))
}

// controlGroups begins the paths of control groups.
const controlGroups = "/sys/fs/cgroup/"

// checkFolder says why a folder must not be deleted.
func checkFolder(path string) error {
	switch {
	case !filepath.IsAbs(path):
		return errors.New("the path is not absolute")
	case filepath.Clean(path) != path:
		return errors.New("the path is not clean")
	case strings.Count(path, "/") < 2 || path+"/" == controlGroups:
		return errors.New("the path is not two levels below the root")
	case strings.ContainsAny(path, "\n\x00"):
		return errors.New("the path has a line break")
	}
	return nil
}

// enter writes an entry and returns what withdraws it.
func (g *Guard) enter(kind, value string) (release func()) {
	id := g.next.Add(1)
	g.write(fmt.Sprintf("+ %d %s %s ;\n", id, kind, value))
	return sync.OnceFunc(func() { g.write(fmt.Sprintf("- %d ;\n", id)) })
}

// write adds a line to the journal in one call of the kernel.
func (g *Guard) write(line string) {
	if _, err := g.journal.WriteString(line); err != nil {
		g.fail(fmt.Errorf("write to the guard's journal: %w", err))
	}
}

func (g *Guard) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.errs = append(g.errs, err)
	}
}

// Close has the guard act on what is still registered, and waits for it. The
// error names what could not be guarded. A second Close does nothing.
func (g *Guard) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return nil
	}
	g.closed = true
	errs := g.errs
	g.mu.Unlock()
	errs = append(errs, g.hold.Close(), g.journal.Close())
	if err := g.process.Wait(); err != nil {
		errs = append(errs, fmt.Errorf("the guard process: %w", err))
	}
	return errors.Join(errs...)
}
