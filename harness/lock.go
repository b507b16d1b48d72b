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

// prefixLock keeps a second run from using the same prefix at the same time.
// It is the kernel's: a killed run gives it up.
type prefixLock struct{ f *os.File }

// lockPrefix takes the lock of a prefix, or says who holds it.
func lockPrefix(cache, prefix string) (*prefixLock, error) {
	dir := filepath.Join(cache, "prefixes")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock prefix %s: %w: set SEBS_CACHE to a folder that is writable", prefix, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, prefix), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock prefix %s: %w", prefix, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock prefix %s: %w", prefix, err)
		}
		holder := make([]byte, 20)
		n, _ := f.ReadAt(holder, 0) // an empty file names nobody
		return nil, fmt.Errorf("SEBS_PREFIX=%s is used by another run (process %s): wait for it, or choose another prefix", prefix, strings.TrimSpace(string(holder[:n])))
	}
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if err := errors.Join(f.Truncate(0), writeAt(f, pid)); err != nil {
		return nil, errors.Join(fmt.Errorf("lock prefix %s: %w", prefix, err), f.Close())
	}
	return &prefixLock{f}, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

func (l *prefixLock) release() error { return l.f.Close() }
