package process

import (
	"sync"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/child"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// watchdog is the isolation of machines where sandboxes cannot have their own
// /tmp and control groups. Every watchInterval it looks at what each sandbox's process
// group uses, and kills the ones above their limits. So a function may exceed
// its limits for that long, memory that its processes share counts for each of
// them, and processes that leave the group do not count. On Linux these are
// killed with the sandbox all the same, unless they hide their environment.
type watchdog struct {
	mu       sync.Mutex
	watched  map[*groupWatch]struct{}
	watching bool
}

func newWatchdog(driver.Run) *watchdog {
	return &watchdog{watched: map[*groupWatch]struct{}{}}
}

func (w *watchdog) enter(dir string, fn *function) (jail, error) {
	return &groupWatch{watchdog: w, dir: dir, memory: int64(fn.pooled.Memory) << 20}, nil
}

func (w *watchdog) private() bool { return false }
func (w *watchdog) close() error  { return nil }
func (w *watchdog) describe() string {
	return "process groups, limits kept by a watchdog, /tmp shared, so one handler at a time"
}
func (w *watchdog) environment(dir string) []string {
	return []string{"TMPDIR=" + dir, "HOME=" + dir}
}

// use is what a process group uses.
type use struct {
	memory    int64 // resident, bytes
	processes int   // and threads, where the system tells
}

// watch looks until nothing is left to watch.
func (w *watchdog) watch() {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for range tick.C {
		all, err := groupUse()
		w.mu.Lock()
		for g := range w.watched {
			if err == nil {
				g.judge(all[g.pid])
			}
		}
		if len(w.watched) == 0 {
			w.watching = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
	}
}

// groupWatch is the watch over one sandbox.
type groupWatch struct {
	watchdog *watchdog
	dir      string // the private folder
	memory   int64
	pid      int

	mu   sync.Mutex
	seen pool.Hits
}

func (g *groupWatch) configure(attr *syscall.SysProcAttr) { child.DieWithThread(attr) }
func (g *groupWatch) leave() error                        { return nil }

func (g *groupWatch) started(pid int) {
	g.pid = pid
	w := g.watchdog
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watched[g] = struct{}{}
	if !w.watching {
		w.watching = true
		go w.watch()
	}
}

// judge kills the group if it uses too much.
func (g *groupWatch) judge(u use) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.memory > 0 && u.memory > g.memory:
		g.seen.Memory++
	case u.processes > processLimit:
		g.seen.Processes++
	default:
		return
	}
	_ = syscall.Kill(-g.pid, syscall.SIGKILL) // it may have ended
}

// kill is called when the first process has ended, and before it is waited for,
// so that its group's number is not another's.
func (g *groupWatch) kill() {
	g.watchdog.mu.Lock()
	delete(g.watchdog.watched, g)
	g.watchdog.mu.Unlock()
	_ = syscall.Kill(-g.pid, syscall.SIGKILL) // mostly there is none
	for range 100 {                           // each time what was forked meanwhile
		left := strays(g.dir)
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
		if len(left) == 0 {
			return
		}
	}
}

func (g *groupWatch) hits() pool.Hits {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen
}

func (g *groupWatch) remove() error { return nil }
