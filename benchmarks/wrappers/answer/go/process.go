package answer

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// randomID returns 16 random hexadecimal digits. The runtime's generator, which
// the system seeds, takes less time to load than package crypto/rand.
func randomID() string { return fmt.Sprintf("%016x", rand.Uint64()) }

// enterSandbox returns the sandbox's id, and whether this call made it.
func (f *Function) enterSandbox() (id string, made bool) {
	dir := os.Getenv("TMPDIR")
	if dir == "" {
		dir = "/tmp"
	}
	name := filepath.Join(dir, ".sebs-sandbox")
	id = randomID()
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = file.WriteString(id)
		if err = errors.Join(err, file.Close()); err == nil {
			return id, true
		}
	}
	if !errors.Is(err, fs.ErrExist) {
		return f.worker, f.count == 1 // no place to write: the process is all that can be told
	}
	for range 100 { // another process may be about to write it
		found, err := os.ReadFile(name)
		if err != nil {
			break
		}
		if len(found) > 0 {
			return string(found), false
		}
		time.Sleep(time.Millisecond)
	}
	return f.worker, false
}

// bootTime returns when the process started, Unix µs. What the process has
// computed since then is a good estimate, since it had nothing to wait for;
// Linux's own figure bounds it to ten milliseconds.
func bootTime() int64 {
	const tick = 10_000 // µs; the kernel's unit for programs
	now := time.Now().UnixMicro()
	computed, _ := used()
	boot := now - computed.Microseconds()
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return boot
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return boot
	}
	up, _, _ := bytes.Cut(uptime, []byte(" "))
	seconds, err := strconv.ParseFloat(string(up), 64)
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if err != nil || len(fields) < 20 {
		return boot
	}
	ticks, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return boot
	}
	started := now - int64(seconds*1e6) + ticks*tick // both figures are rounded down
	return min(max(boot, started-tick), started+tick, now)
}

// used returns the CPU time of the process so far, and how often it was given
// memory.
func used() (cpu time.Duration, faults int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Minflt + u.Majflt
}

// status is /proc/self/status, open before the handler can use up what may be
// open; -1 elsewhere than on Linux.
var status = func() int {
	fd, err := syscall.Open("/proc/self/status", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}()

// peak is what was read there last, bytes, when the process had been given
// memory faults times.
var peak struct {
	sync.Mutex
	bytes, faults int64
}

// peakMemory returns the resident memory that a process had at most, in bytes,
// which was given memory faults times: without more of these it has no higher
// peak, and reading it is half of the time of a short call. Elsewhere than on
// Linux it is getrusage's figure, in which a process begins with its parent's.
func peakMemory(faults int64) int64 {
	peak.Lock()
	defer peak.Unlock()
	if peak.bytes > 0 && faults == peak.faults {
		return peak.bytes
	}
	var text [4096]byte
	if n, err := syscall.Pread(status, text[:], 0); err == nil {
		if _, after, ok := bytes.Cut(text[:n], []byte("VmHWM:")); ok {
			figure, _, _ := bytes.Cut(after, []byte("kB"))
			if kb, err := strconv.ParseInt(string(bytes.TrimSpace(figure)), 10, 64); err == nil {
				peak.bytes, peak.faults = kb<<10, faults
				return peak.bytes
			}
		}
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10
}
