// Package guard cleans up after a test that was killed: a process of its own
// that outlives the test, kills the process groups, deletes the folders and runs
// the commands that are registered at that moment.
//
// It works through two files. A pipe, held open by the test alone, ends when
// the test does, however it does. A journal holds one line for every entry and
// every withdrawal; the kernel has a line as soon as it is written. While the
// test runs the guard sleeps, so it does not disturb what is being measured. If
// the guard is killed too, its journal is still there for [CleanUp].
//
// A process id may be used again once the process was waited for. So an entry
// is withdrawn before that, when the process has ended and its group was killed.
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
	lost    func(error)
	next    atomic.Int64

	mu     sync.Mutex
	errs   []error
	closed bool
}

var _ driver.Guard = (*Guard)(nil)

// Journal is the name of a guard's journal.
const Journal = "guard.journal"

// Start starts a guard process with its journal in the folder dir, which it
// deletes too. It ends at Close or after this process, not with ctx. lost is
// called when the journal cannot be written, so that there is no guard any more.
func Start(ctx context.Context, dir string, lost func(error)) (*Guard, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkFolder(dir); err != nil {
		return nil, fmt.Errorf("guard folder %q: %w", dir, err)
	}
	g, err := start(ctx, dir, lost)
	if err != nil {
		return nil, fmt.Errorf("start the guard process: %w", err)
	}
	return g, nil
}

func start(ctx context.Context, dir string, lost func(error)) (*Guard, error) {
	path := filepath.Join(dir, Journal)
	journal, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	g := &Guard{journal: journal, lost: lost}
	g.Folder(dir)
	end, hold, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	defer end.Close()
	g.hold = hold
	if g.process, err = run(context.WithoutCancel(ctx), path, "the test", end); err != nil {
		return nil, errors.Join(err, hold.Close(), journal.Close())
	}
	return g, nil
}

// run starts the script with a journal. It acts at the end of the file end.
func run(ctx context.Context, journal, after string, end *os.File) (*exec.Cmd, error) {
	entries, err := os.Open(journal)
	if err != nil {
		return nil, err
	}
	defer entries.Close()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script, "sebs-guard", after)
	cmd.Dir = "/"
	cmd.Env = environment.System.Variables()
	cmd.Stdin = end
	cmd.ExtraFiles = []*os.File{entries}
	// A session of its own: no terminal's interrupt and no kill of the test's
	// group reaches it. No output: go test waits until that is closed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, cmd.Start()
}

// CleanUp does what a guard whose journal is in dir did not do, as it was
// killed with its test. Of processes it kills those in control groups and those
// whose TMPDIR is in a registered folder: the number of another may by now be
// that of somebody else's.
func CleanUp(ctx context.Context, dir string) error {
	cmd, err := run(ctx, filepath.Join(dir, Journal), "both", nil)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("clean up by %s: %w", filepath.Join(dir, Journal), err)
	}
	return nil
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
		err = fmt.Errorf("write to the guard's journal: %w", err)
		g.fail(err)
		g.lost(err)
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
