package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// namespaces keeps sandboxes apart by a mount namespace for each, in which /tmp
// is private and the code cannot be written, and by control groups.
//
// There is no PID namespace: its first process ignores the signals that it
// sends itself, so that handlers would crash in other ways than elsewhere. The
// control group finds all processes of a sandbox just as well.
type namespaces struct {
	groups *groups
	tmp    string   // what /tmp is
	hidden []string // files that sandboxes see empty
}

// isolate returns the strongest isolation that this process may use. reason
// says why that is not the strongest there is.
func isolate(run driver.Run) (i isolation, reason string, err error) {
	g, err := openGroups(run)
	if err == nil {
		n := &namespaces{groups: g, hidden: environments()}
		n.tmp, err = filepath.EvalSymlinks("/tmp")
		if err == nil {
			err = n.try(run.Dir)
		}
		if err == nil {
			return n, "", nil
		}
		err = errors.Join(err, g.close())
	}
	return newWatchdog(run), err.Error(), nil
}

// try sets up a sandbox without a process.
func (n *namespaces) try(dir string) error {
	result := make(chan error, 1)
	private, err := os.MkdirTemp(dir, "try-")
	if err != nil {
		return err
	}
	onOwnThread(func() {
		j, err := n.enter(private, &function{root: dir, pooled: &pool.Function{Memory: 64}})
		if err == nil {
			err = errors.Join(j.leave(), j.remove())
		}
		result <- err
	})
	err = <-result
	return errors.Join(err, os.RemoveAll(private))
}

func (n *namespaces) private() bool { return true }
func (n *namespaces) close() error  { return n.groups.close() }
func (n *namespaces) describe() string {
	return "mount namespaces and control groups " + n.groups.version
}
func (n *namespaces) environment(string) []string {
	return []string{"TMPDIR=/tmp", "HOME=/tmp"}
}

func (n *namespaces) enter(dir string, fn *function) (jail, error) {
	g, err := n.groups.enter(filepath.Base(dir), fn.pooled.Memory)
	if err != nil {
		return nil, err
	}
	if err := n.mount(dir, fn); err != nil {
		return nil, errors.Join(err, g.leave(), g.remove())
	}
	return g, nil
}

// mount gives the calling thread its own view of the file system: dir is
// /tmp, and the function's code cannot be written. What the function needs and
// lies below /tmp stays where it is.
func (n *namespaces) mount(dir string, fn *function) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare the mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	for _, need := range []struct {
		path     string
		readOnly bool
	}{{fn.root, true}, {fn.interpreter.Prefix, false}} {
		at := need.path
		if rest, below := strings.CutPrefix(need.path, n.tmp+"/"); below {
			at = filepath.Join(dir, rest)
			if err := os.MkdirAll(at, 0o755); err != nil {
				return err
			}
		} else if !need.readOnly {
			continue
		}
		if err := unix.Mount(need.path, at, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind %s: %w", need.path, err)
		}
		if !need.readOnly {
			continue
		}
		if err := unix.Mount("", at, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("make %s read-only: %w", need.path, err)
		}
	}
	if err := unix.Mount(dir, n.tmp, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind the private /tmp: %w", err)
	}
	for _, file := range n.hidden {
		if err := unix.Mount(os.DevNull, file, "", unix.MS_BIND, ""); err != nil && !errors.Is(err, unix.ENOENT) { // that process has ended
			return fmt.Errorf("hide %s: %w", file, err)
		}
	}
	return nil
}

// environments are the files in which the environments of this process and of
// those that started it can be read.
func environments() []string {
	var files []string
	for pid := os.Getpid(); pid > 0 && len(files) < 32; {
		proc := "/proc/" + strconv.Itoa(pid)
		stat, err := os.ReadFile(proc + "/stat")
		if err != nil {
			break
		}
		files = append(files, proc+"/environ")
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // after the name: state, parent
		if len(fields) < 2 {
			break
		}
		pid, _ = strconv.Atoi(string(fields[1]))
	}
	return files
}

func firstThread() bool { return unix.Gettid() == unix.Getpid() }

func socketpair() ([2]int, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fds[0], true)
	}
	return fds, err
}

// limitDescriptors bounds the files that a process, and what it starts, may have
// open.
func limitDescriptors(pid int) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		return err
	}
	limit.Max = min(limit.Max, descriptorLimit)
	limit.Cur = limit.Max
	return unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)
}

// freeMemory returns how many bytes are free: of the machine, or of the
// control group that this process is in.
func freeMemory() (int64, error) {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	free := int64(-1)
	for line := range bytes.Lines(info) {
		if f := bytes.Fields(line); len(f) >= 2 && string(f[0]) == "MemAvailable:" {
			kB, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err != nil {
				return 0, err
			}
			free = kB << 10
		}
	}
	if free < 0 {
		return 0, errors.New("/proc/meminfo does not say how much memory is available")
	}
	// In a container its own group is at the root of what is mounted.
	for _, pair := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		most, err1 := readNumber(pair[0])
		used, err2 := readNumber(pair[1])
		if err1 == nil && err2 == nil {
			free = min(free, max(most-used, 0))
		}
	}
	return free, nil
}

func readNumber(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
