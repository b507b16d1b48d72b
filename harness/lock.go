package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// lock is the kernel's, on a file or a folder: a process that is killed gives it up.
type lock struct{ f *os.File }

// errHeld is matched when another process has a lock.
var errHeld = errors.New("another process has its lock")

// takeLock locks a file, which is made if it is missing. The descriptor is the
// lock's own, so that no child has it.
func takeLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	return lockOpen(f)
}

// lockFolder locks a folder, which exists.
func lockFolder(path string) (*lock, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return lockOpen(f)
}

// lockOpen locks an open file, or closes it.
func lockOpen(f *os.File) (*lock, error) {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errHeld
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return &lock{f}, nil
}

// lockPrefix takes the lock of a prefix, which keeps a second run from using
// it at the same time, or says who holds it.
func lockPrefix(cache, prefix string) (*lock, error) {
	dir := filepath.Join(cache, "prefixes")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock prefix %s: %w: set SEBS_CACHE to a folder that is writable", prefix, err)
	}
	path := filepath.Join(dir, prefix)
	l, err := takeLock(path)
	if errors.Is(err, errHeld) {
		holder, _ := os.ReadFile(path) // empty: it names nobody
		return nil, fmt.Errorf("SEBS_PREFIX=%s is used by another run (process %s): wait for it, or choose another prefix: %w", prefix, strings.TrimSpace(string(holder)), errHeld)
	}
	if err != nil {
		return nil, fmt.Errorf("lock prefix %s: %w", prefix, err)
	}
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if err = l.f.Truncate(0); err == nil {
		_, err = l.f.WriteString(pid)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock prefix %s: %w: free space, or set SEBS_CACHE to another folder", prefix, err), l.release())
	}
	return l, nil
}

// release gives the lock up. A nil lock is of nothing.
func (l *lock) release() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}
