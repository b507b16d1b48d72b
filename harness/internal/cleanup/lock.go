package cleanup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/harness/internal/filelock"
)

// Lock is the kernel's, on a file or a folder: a process that is killed gives it
// up. It is also held against other users in this process. The descriptor is the
// lock's own, so that no child has it.
type Lock struct{ f *os.File }

// ErrHeld is matched when somebody else has a lock.
var ErrHeld = filelock.ErrHeld

// Take locks a file or a folder that exists. It need not be writable.
func Take(path string) (*Lock, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := filelock.Try(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// prefixFile is the file in a cache folder that who uses a prefix locks. A run
// that was killed leaves it.
func prefixFile(cache, prefix string) string { return filepath.Join(cache, "prefixes", prefix) }

// killedPrefixes returns the prefixes whose users were killed on this machine, or
// are alive.
func killedPrefixes(cache string) ([]string, error) {
	files, err := os.ReadDir(filepath.Dir(prefixFile(cache, "any")))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var all []string
	for _, f := range files {
		if runID.MatchString(f.Name()) {
			all = append(all, f.Name())
		}
	}
	return all, err
}

// TakePrefix takes the lock of a prefix, or says who has it. Only those with
// the same cache folder keep each other out.
func TakePrefix(cache, prefix string) (*Lock, error) {
	path := prefixFile(cache, prefix)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock prefix %s: %w: set SEBS_CACHE to a folder that is writable", prefix, err)
	}
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, fmt.Errorf("lock prefix %s: %w: set SEBS_CACHE to a folder that is writable", prefix, err)
		}
		err = filelock.Try(f)
		if errors.Is(err, ErrHeld) {
			holder, _ := os.ReadFile(path) // empty: it names nobody
			return nil, errors.Join(fmt.Errorf("prefix %s is used by process %s: wait for it, or choose another prefix: %w",
				prefix, strings.TrimSpace(string(holder)), ErrHeld), f.Close())
		}
		if err == nil && !current(f, path) { // who had it has deleted it
			f.Close()
			continue
		}
		if err == nil {
			err = note(f)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock prefix %s: %w: free space, or set SEBS_CACHE to another folder", prefix, err), f.Close())
		}
		return &Lock{f}, nil
	}
}

// current reports whether f is the file that is at path.
func current(f *os.File, path string) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	open, err := f.Stat()
	return err == nil && os.SameFile(there, open)
}

// note writes into the file of a lock who has it.
func note(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// Release gives the lock up. A nil lock is of nothing.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}

// Delete gives the lock of a prefix up and deletes its file, which says that
// nobody of the prefix was killed. A nil lock is of nothing.
func (l *Lock) Delete() error {
	if l == nil {
		return nil
	}
	err := os.Remove(l.f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.Release())
}
