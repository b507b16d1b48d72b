//go:build !linux

package child

import (
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sebs-go/sebs/harness/driver"
)

// DieWithThread does nothing: this system cannot do it.
func DieWithThread(*syscall.SysProcAttr) {}

// AwaitExit returns when a child has ended, and leaves it to be waited for.
func AwaitExit(pid int) {
	const byPID, exited, leave = 1, 4, 0x20 // P_PID, WEXITED, WNOWAIT
	var info [16]uint64                     // a siginfo_t of 128 bytes at most
	for {
		_, _, err := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid), uintptr(unsafe.Pointer(&info[0])), exited|leave, 0, 0)
		if err != unix.EINTR {
			return
		}
	}
}

// newKeeper returns one that finds nothing: what leaves the process group
// cannot be found here.
func newKeeper(string) keeper { return none{} }

type none struct{}

func (none) configure(*exec.Cmd)                 {}
func (none) guard(driver.Guard) (release func()) { return func() {} }
func (none) kill() error                         { return nil }
func (none) remove() error                       { return nil }
