//go:build !linux

package process

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

// isolate returns the strongest isolation that this system has.
func isolate(run driver.Run) (i isolation, reason string, err error) {
	return newWatchdog(run), "this system has neither mount namespaces nor control groups", nil
}

func firstThread() bool { return false }

func socketpair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return fds, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return fds, unix.SetNonblock(fds[0], true)
}

// limitDescriptors does nothing: this system can only limit the own process.
func limitDescriptors(int) error { return nil }

// freeMemory returns half of the machine's memory, in bytes.
func freeMemory() (int64, error) {
	out, err := ask("sysctl", "-n", "hw.memsize")
	if err != nil {
		return 0, err
	}
	total, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return total / 2, err
}

// ask returns what a program of the system prints.
func ask(program string, args ...string) ([]byte, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = environment.System.Variables()
	return cmd.Output()
}

// watchInterval is how often the watchdog looks, which takes a process here.
const watchInterval = 250 * time.Millisecond

// groupUse returns what process groups use.
func groupUse() (map[int]use, error) {
	out, err := ask("ps", "-axo", "pgid=,rss=")
	if err != nil {
		return nil, err
	}
	all := map[int]use{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 2 {
			continue
		}
		pgid, err1 := strconv.Atoi(f[0])
		kB, err2 := strconv.ParseInt(f[1], 10, 64)
		if err1 != nil || err2 != nil {
			continue
		}
		u := all[pgid]
		all[pgid] = use{memory: u.memory + kB<<10, processes: u.processes + 1}
	}
	return all, nil
}

// strays returns nothing: the environment of processes cannot be read.
func strays(string) []int { return nil }
