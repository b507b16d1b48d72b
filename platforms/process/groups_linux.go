package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sebs-go/sebs/harness/child"
	"github.com/sebs-go/sebs/harness/controlgroup"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// groups are the control groups of a run: a folder in each hierarchy that is
// used (the only one in version 2), and below it one for each sandbox.
type groups struct {
	version string   // "v1", "v2"
	folders []string // of the run, in each hierarchy, that were made
	homes   []string // v1: the tasks files of the groups that this process is in
	release []func() // of each folder, from the guard
}

// openGroups makes the groups of a run.
func openGroups(run driver.Run) (*groups, error) {
	g, parents := &groups{version: "v1"}, []string{filepath.Join(controlgroup.Root, "memory"), filepath.Join(controlgroup.Root, "pids")}
	if exists(filepath.Join(controlgroup.Root, "cgroup.controllers")) {
		g.version, parents = "v2", []string{controlgroup.Root}
	}
	for _, parent := range parents {
		if !exists(filepath.Join(parent, "cgroup.procs")) {
			return nil, errors.Join(fmt.Errorf("%s is not a hierarchy of control groups", parent), g.close())
		}
		// Guarded only once it is ours: one that exists is another run's.
		folder := filepath.Join(parent, "sebs-"+run.ID)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return nil, errors.Join(err, g.close())
		}
		g.folders = append(g.folders, folder)
		g.release = append(g.release, run.Guard.Folder(folder))
	}
	var err error
	if g.version == "v1" {
		err = g.findHomes()
		// Memory must run out rather than go to disk. Groups below inherit it.
		_ = write(g.folders[0], "memory.swappiness", "0") // not where there is no swap
	} else {
		_ = write(controlgroup.Root, "cgroup.subtree_control", "+memory +pids") // often so already, and then not writable
		err = write(g.folders[0], "cgroup.subtree_control", "+memory +pids")
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// findHomes finds the groups that this process is in.
func (g *groups) findHomes() error {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	for _, controller := range []string{"memory", "pids"} {
		home := filepath.Join(controlgroup.Root, controller, "tasks")
		for line := range bytes.Lines(text) {
			parts := strings.SplitN(strings.TrimSpace(string(line)), ":", 3) // 4:memory:/path
			if len(parts) == 3 && slices.Contains(strings.Split(parts[1], ","), controller) {
				// In a container the path may be one of the host.
				if own := filepath.Join(controlgroup.Root, controller, parts[2], "tasks"); exists(own) {
					home = own
				}
			}
		}
		g.homes = append(g.homes, home)
	}
	return nil
}

// enter makes the groups of a sandbox. In version 1 it puts the calling thread
// into them, whose children are then born there.
func (g *groups) enter(name string, memory int) (*groupJail, error) {
	j := &groupJail{groups: g}
	bytes := strconv.FormatInt(int64(memory)<<20, 10)
	for _, f := range g.folders {
		folder := filepath.Join(f, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return nil, errors.Join(err, j.remove())
		}
		j.folders = append(j.folders, folder)
	}
	var err error
	if g.version == "v2" {
		dir := j.folders[0]
		err = errors.Join(write(dir, "memory.max", bytes), write(dir, "pids.max", strconv.Itoa(processLimit)))
		_ = write(dir, "memory.swap.max", "0")  // not where there is no swap
		_ = write(dir, "memory.oom.group", "0") // the function may survive the loss of a child
		if err == nil {
			j.dir, err = os.Open(dir)
		}
	} else {
		err = errors.Join(
			write(j.folders[0], "memory.limit_in_bytes", bytes),
			write(j.folders[1], "pids.max", strconv.Itoa(processLimit)))
		for _, f := range j.folders {
			if err == nil {
				err = write(f, "tasks", strconv.Itoa(unix.Gettid()))
				j.inside = true
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, j.leave(), j.remove())
	}
	return j, nil
}

// close removes the groups of the run. What cannot be removed stays with the
// guard.
func (g *groups) close() error {
	var errs []error
	for i, f := range g.folders {
		if err := controlgroup.Remove(f); err != nil {
			errs = append(errs, err)
			continue
		}
		g.release[i]()
	}
	return errors.Join(errs...)
}

// groupJail is the control groups of one sandbox.
type groupJail struct {
	groups  *groups
	folders []string
	dir     *os.File // v2: the folder
	inside  bool     // v1: the starting thread is in them

	mu           sync.Mutex
	oom, refused *os.File // where hits of the limits are counted
}

func (j *groupJail) configure(attr *syscall.SysProcAttr) {
	child.DieWithThread(attr)
	if j.dir != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(j.dir.Fd())
	}
}

func (j *groupJail) started(int) {}

func (j *groupJail) leave() error {
	if j.dir != nil {
		return j.dir.Close()
	}
	if !j.inside {
		return nil
	}
	var errs []error
	for _, home := range j.groups.homes {
		errs = append(errs, write(filepath.Dir(home), filepath.Base(home), strconv.Itoa(unix.Gettid())))
	}
	return errors.Join(errs...)
}

func (j *groupJail) kill() {
	for _, f := range j.folders {
		if err := controlgroup.Kill(f); err != nil {
			return // which remove finds too, and tells
		}
	}
}

func (j *groupJail) hits() pool.Hits {
	j.mu.Lock()
	defer j.mu.Unlock()
	name := "memory.oom_control"
	if j.groups.version == "v2" {
		name = "memory.events"
	}
	return pool.Hits{
		Memory:    count(&j.oom, filepath.Join(j.folders[0], name), "oom_kill"),
		Processes: count(&j.refused, filepath.Join(j.folders[len(j.folders)-1], "pids.events"), "max"),
	}
}

func (j *groupJail) remove() error {
	j.mu.Lock()
	for _, f := range []**os.File{&j.oom, &j.refused} {
		if *f != nil {
			(*f).Close()
			*f = nil
		}
	}
	j.mu.Unlock()
	var errs []error
	for _, f := range j.folders {
		errs = append(errs, controlgroup.Remove(f))
	}
	return errors.Join(errs...)
}

// count reads a line "key number" of a file of counters, which is opened once.
// It is 0 where there is no such counter.
func count(f **os.File, path, key string) int64 {
	if *f == nil {
		var err error
		if *f, err = os.Open(path); err != nil {
			return 0
		}
	}
	var buf [512]byte
	n, _ := (*f).ReadAt(buf[:], 0)
	for line := range bytes.Lines(buf[:n]) {
		if name, number, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" ")); ok && string(name) == key {
			v, _ := strconv.ParseInt(string(number), 10, 64)
			return v
		}
	}
	return 0
}

// write writes a control file.
func write(dir, name, value string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644)
}
