// Package controlgroup makes and removes control groups, with all that is in
// them.
package controlgroup

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

// Root is where control groups are mounted.
const Root = "/sys/fs/cgroup"

// Make makes a group that nothing limits, for processes to be found in, and
// returns its folder. A process enters it by the file cgroup.procs.
func Make(name string) (string, error) {
	parent := Root
	if _, err := os.Stat(filepath.Join(Root, "cgroup.controllers")); err != nil { // version 1
		parent = filepath.Join(Root, "pids")
	}
	if _, err := os.Stat(filepath.Join(parent, "cgroup.procs")); err != nil {
		return "", fmt.Errorf("%s is not a hierarchy of control groups", parent)
	}
	folder := filepath.Join(parent, name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	return folder, nil
}

// killing bounds how long processes and groups may take to be gone.
const killing = 5 * time.Second

// Kill kills everything in a group and in those that its processes made
// below it, and returns when that is dead.
func Kill(folder string) error {
	return untilGone(folder, func(string) error { return nil })
}

// Remove removes a group, with those below it, once everything in them was
// killed.
func Remove(folder string) error {
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
			if !stopped && !ours(pids) { // nothing new while they are killed
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

// ours reports whether this process, or in version 1 a thread of it, is among
// those of a group: then it may neither be killed nor lack threads.
func ours(pids []byte) bool {
	self := []byte(strconv.Itoa(os.Getpid()))
	for pid := range bytes.FieldsSeq(pids) {
		if bytes.Equal(pid, self) {
			return true
		}
	}
	return false
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

// write writes a control file.
func write(dir, name, value string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644)
}
