// Package filelock locks open files and folders among all processes of this
// machine, and among the users in one process. The kernel gives a lock up when
// the file is closed, which it also is when its process ends, however it ends.
//
// The package refuses to open, create or delete files: what a lock's file means is
// its user's.
package filelock

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrHeld is matched when somebody else has a lock.
var ErrHeld = errors.New("somebody else has its lock")

// Try locks an open file or folder, which need not be writable. If somebody else
// has the lock the error matches ErrHeld.
func Try(f *os.File) error {
	err := flock(f, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrHeld
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// Wait locks an open file or folder once nobody else has the lock. It cannot be
// interrupted.
func Wait(f *os.File) error {
	if err := flock(f, unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// flock calls flock(2) until it is not interrupted by a signal.
func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
