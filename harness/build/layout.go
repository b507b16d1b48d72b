package build

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Layout moves everything in dir to dir/function, except the entries of dir
// named keep: the handler and what it needs, manifests, and folders of
// dependencies. Compiled Python files stay with their sources. Names in keep
// that do not exist are not an error.
func Layout(dir string, keep ...string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("lay out: %w", err)
	}
	if slices.Contains(keep, "function") {
		return errors.New("lay out: a kept entry is named function, as the folder for all others")
	}
	// The folder gets its name at the end: sources may have a function folder.
	moved, err := os.MkdirTemp(dir, ".function-")
	if err != nil {
		return fmt.Errorf("lay out: %w", err)
	}
	if err := os.Chmod(moved, 0o755); err != nil {
		return fmt.Errorf("lay out: %w", err)
	}
	for _, e := range entries {
		if slices.Contains(keep, e.Name()) {
			continue
		}
		if e.Name() == "__pycache__" && e.IsDir() {
			err = splitCompiled(filepath.Join(dir, e.Name()), filepath.Join(moved, e.Name()), keep)
		} else {
			err = os.Rename(filepath.Join(dir, e.Name()), filepath.Join(moved, e.Name()))
		}
		if err != nil {
			return fmt.Errorf("lay out: %w", err)
		}
	}
	if err := os.Rename(moved, filepath.Join(dir, "function")); err != nil {
		return fmt.Errorf("lay out: %w", err)
	}
	return nil
}

// LaidOut returns an error unless dir was laid out with the entries keep, of
// which the first is what serves functions: a package of another platform was
// not.
func LaidOut(dir string, keep ...string) error {
	if len(keep) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, keep[0])); err != nil {
		return fmt.Errorf("the package was not built for this platform: %w", err)
	}
	return nil
}

// splitCompiled moves the compiled files of from to the folder to, except
// those of the sources named keep.
func splitCompiled(from, to string, keep []string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		source, _, _ := strings.Cut(e.Name(), ".") // handler.cpython-311.pyc
		if slices.Contains(keep, source+".py") {
			continue
		}
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	for _, folder := range []string{from, to} {
		if err := os.Remove(folder); err != nil && !notEmpty(folder) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// notEmpty says whether dir is a folder that has entries.
func notEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) > 0
}
