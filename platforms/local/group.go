package local

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// group reads the control groups of a container on this machine: its own
// counters, without a detour through the engine.
type group struct {
	mu     sync.Mutex
	v2     bool
	memory *os.File // peak of memory
	cpu    *os.File // CPU time
	oom    *os.File // processes killed for lack of memory
	pids   *os.File // processes refused
	used   time.Duration
	seen   pool.Hits // when it was looked at last
}

// mountpoint of control groups, and the process file system.
const (
	groupRoot = "/sys/fs/cgroup"
	procRoot  = "/proc"
)

// openGroup opens the control groups of a process; nil if they cannot be read
// here.
func openGroup(pid int) *group {
	if pid <= 0 {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(procRoot, strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return nil
	}
	folders := map[string]string{} // by controller; "" for version 2
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			folders[controller] = filepath.Join(groupRoot, controller, fields[2])
		}
	}
	g := &group{}
	open := func(controller, name string) *os.File {
		folder := folders[controller]
		if g.v2 {
			folder = folders[""]
		}
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			return nil // not counted here
		}
		return f
	}
	if folders["memory"] != "" {
		g.memory = open("memory", "memory.max_usage_in_bytes")
		g.oom = open("memory", "memory.oom_control")
		g.cpu = open("cpuacct", "cpuacct.usage")
		g.pids = open("pids", "pids.events")
	} else {
		g.v2 = true
		g.memory = open("", "memory.peak")
		g.oom = open("", "memory.events")
		g.cpu = open("", "cpu.stat")
		g.pids = open("", "pids.events")
	}
	return g
}

// hits returns how often the limits stopped a process so far. Counters that
// cannot be read any more, as the container has ended, keep what they were.
func (g *group) hits() pool.Hits {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n, ok := field(g.oom, "oom_kill"); ok {
		g.seen.Memory = n
	}
	if n, ok := field(g.pids, "max"); ok {
		g.seen.Processes = n
	}
	return g.seen
}

// usage returns the CPU time since it was called last, and the peak of memory.
func (g *group) usage() (driver.Usage, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var used time.Duration
	var ok bool
	if g.v2 {
		n, has := field(g.cpu, "usage_usec")
		used, ok = time.Duration(n)*time.Microsecond, has
	} else {
		n, has := field(g.cpu, "")
		used, ok = time.Duration(n), has
	}
	if !ok {
		return driver.Usage{}, false
	}
	peak, _ := field(g.memory, "") // zero: unknown, before Linux 5.19
	u := driver.Usage{CPU: used - g.used, MemoryBytes: peak}
	g.used = used
	return u, true
}

// close closes the files.
func (g *group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range []**os.File{&g.memory, &g.cpu, &g.oom, &g.pids} {
		if *f != nil {
			(*f).Close()
			*f = nil
		}
	}
}

// field returns the number behind a name in a file of lines "name number", or
// the number that the file is if name is empty.
func field(f *os.File, name string) (int64, bool) {
	if f == nil {
		return 0, false
	}
	buf := make([]byte, 4096)
	n, err := f.ReadAt(buf, 0)
	if n == 0 && err != nil {
		return 0, false
	}
	for line := range bytes.Lines(buf[:n]) {
		words := bytes.Fields(line)
		switch {
		case name == "" && len(words) == 1:
			n, err := strconv.ParseInt(string(words[0]), 10, 64)
			return n, err == nil
		case name != "" && len(words) == 2 && string(words[0]) == name:
			n, err := strconv.ParseInt(string(words[1]), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
