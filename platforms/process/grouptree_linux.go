package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// killing bounds how long processes and groups may take to be gone.
const killing = 5 * time.Second

// killGroup kills everything in a group and in those that its processes made
// below it, and returns when that is dead.
func killGroup(folder string) error {
	return untilGone(folder, func(string) error { return nil })
}

// removeGroup removes a group, with those below it, once everything in them was
// killed.
func removeGroup(folder string) error {
	err := untilGone(folder, func(dir string) error {
		err := os.Remove(dir)
		if errors.Is(err, unix.EBUSY) {
			return errBusy // the last process is still on its way out
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove the control group: %w", err)
	}
	return nil
}

// errBusy is that of a group in which there is something.
var errBusy = errors.New("something is left in it")

// untilGone kills what is in a group, and calls after for each that is empty,
// those below another first, until nothing is busy.
func untilGone(folder string, after func(dir string) error) error {
	stopped := false
	for start := time.Now(); ; time.Sleep(time.Millisecond / 2) {
		err := eachGroup(folder, func(dir string) error {
			pids, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			if err != nil {
				return err
			}
			if len(pids) == 0 {
				return after(dir)
			}
			if !stopped { // nothing new while they are killed
				_ = write(folder, "pids.max", "0")    // v1: that of pids alone
				_ = write(folder, "cgroup.kill", "1") // v2: since Linux 5.14
				stopped = true
			}
			for pid := range bytes.FieldsSeq(pids) {
				if pid, err := strconv.Atoi(string(pid)); err == nil && pid > 1 && pid != os.Getpid() {
					_ = unix.Kill(pid, unix.SIGKILL) // it may be gone
				}
			}
			return errBusy
		})
		if !errors.Is(err, errBusy) {
			return err
		}
		if time.Since(start) > killing {
			return fmt.Errorf("%s: %w after %v", folder, err, killing)
		}
	}
}

// eachGroup calls f for a group and those below it, these first. A group that
// is gone is none. The error is errBusy if one is busy.
func eachGroup(dir string, f func(dir string) error) error {
	entries, err := os.ReadDir(dir)
	errs := []error{err}
	for _, e := range entries {
		if e.IsDir() {
			errs = append(errs, eachGroup(filepath.Join(dir, e.Name()), f))
		}
	}
	errs = append(errs, f(dir))
	if slices.Contains(errs, errBusy) {
		return errBusy
	}
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV)
	})...)
}
