package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
)

// overlay adds what a recipe says to the staged folder dir: files, none of
// which may be there already, and packages to the language's manifest.
func overlay(dir, lang string, r driver.Recipe) error {
	if err := addFiles(dir, r.Files); err != nil {
		return err
	}
	if len(r.Packages) == 0 {
		return nil
	}
	l := languages[lang]
	if l.merge == nil && l.generate != nil {
		return nil // it got them
	}
	if l.merge == nil {
		return fmt.Errorf("add packages to a function in %s: %w", lang, driver.ErrUnsupported)
	}
	manifest := filepath.Join(dir, l.manifest)
	old, err := os.ReadFile(manifest)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	merged, err := l.merge(old, r.Packages)
	if err != nil {
		return fmt.Errorf("%s: %w", l.manifest, err)
	}
	return os.WriteFile(manifest, merged, 0o644)
}

// completeManifest has the manifest in the staged folder dir name all that SeBS
// installs, if there is one.
func completeManifest(dir string, l language) error {
	manifest := filepath.Join(dir, l.manifest)
	old, err := os.ReadFile(manifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	whole, err := l.whole(old)
	if err != nil {
		return fmt.Errorf("%s: %w", l.manifest, err)
	}
	return os.WriteFile(manifest, whole, 0o644)
}

// addFiles writes files to dir, none of which may be there already.
func addFiles(dir string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !validName(name) || name == "." {
			return fmt.Errorf("%q: a path that cannot be used", name)
		}
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(name)), files[name]); err != nil {
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s: the platform adds a file of this name, rename the benchmark's", name)
			}
			return err
		}
	}
	return nil
}

// writeNew writes a file that must not exist yet; one that begins with #! is
// executable.
func writeNew(to string, data []byte) error {
	mode := fs.FileMode(0o644)
	if bytes.HasPrefix(data, []byte("#!")) {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Chmod(to, mode) // whatever the umask
}
