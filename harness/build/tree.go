package build

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The bounds of a benchmark's folder.
const (
	maxFiles = 50_000
	maxBytes = 4 << 30
)

// tree is files of a benchmark's folder, by slash-separated path.
type tree struct {
	fsys  fs.FS
	files []source // sorted by name, none twice
}

// source is a file of a tree.
type source struct {
	name string // in the tree
	path string // in the benchmark's folder
	exec bool
}

// mode returns the permissions that the file gets.
func (f source) mode() fs.FileMode {
	if f.exec {
		return 0o755
	}
	return 0o644
}

// clutter says whether a file or folder called name is never part of a
// benchmark: what interpreters, tools and editors leave beside sources.
func clutter(name string) bool {
	switch name {
	case "__pycache__", "node_modules", ".git", ".hg", ".svn", ".DS_Store", ".idea", ".vscode",
		".venv", "venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".python_packages":
		return true
	}
	return strings.HasSuffix(name, ".pyc") || strings.HasSuffix(name, ".pyo") || strings.HasSuffix(name, "~")
}

// readTree lists the files below the folder root of fsys, by their path below
// root, without clutter and without what skip names (by path below root).
// Anything that is neither a file nor a folder is an error, and so is a tree
// beyond the bounds.
func readTree(fsys fs.FS, root string, skip func(name string) bool) (tree, error) {
	t := tree{fsys: fsys}
	var total int64
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !validName(p) {
			return fmt.Errorf("%q: a path that cannot be used", p)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p, root), "/")
		if p == root || root == "." && p == "." {
			if !d.IsDir() {
				return fmt.Errorf("%s is not a folder", p)
			}
			return nil
		}
		if root == "." {
			name = p
		}
		if clutter(d.Name()) || skip(name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		f, size, err := inspect(fsys, p)
		if err != nil {
			return err
		}
		f.name = name
		t.files = append(t.files, f)
		if total += size; total > maxBytes {
			return fmt.Errorf("%s: the folder has more than %d bytes", p, int64(maxBytes))
		}
		if len(t.files) > maxFiles {
			return fmt.Errorf("%s: the folder has more than %d files", p, maxFiles)
		}
		return nil
	})
	if err != nil {
		return tree{}, err
	}
	t.sort()
	return t, nil
}

// validName says whether a slash-separated path can be used on every system
// and in every archive, and stays where it is put.
func validName(p string) bool {
	return fs.ValidPath(p) && !strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '\uFFFD' })
}

// kindOf names what a file is that is not a regular one.
func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	case m.IsDir():
		return "folder"
	}
	return "special file"
}

// inspect says whether a file is executable, which a file that begins with #!
// always is, and how many bytes it has.
func inspect(fsys fs.FS, p string) (source, int64, error) {
	if info, err := fs.Lstat(fsys, p); err != nil {
		return source{}, 0, err
	} else if !info.Mode().IsRegular() {
		return source{}, 0, fmt.Errorf("%s is a %s: a benchmark has only files and folders", p, kindOf(info.Mode()))
	}
	f, err := fsys.Open(p)
	if err != nil {
		return source{}, 0, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return source{}, 0, err
	}
	var start [2]byte
	if _, err := io.ReadFull(f, start[:]); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return source{}, 0, err
	}
	return source{path: p, exec: info.Mode()&0o111 != 0 || string(start[:]) == "#!"}, info.Size(), nil
}

// sort puts the files in the order of their names.
func (t *tree) sort() {
	slices.SortFunc(t.files, func(a, b source) int { return strings.Compare(a.name, b.name) })
}

// find returns the file called name.
func (t *tree) find(name string) (source, bool) {
	i, ok := slices.BinarySearchFunc(t.files, name, func(f source, name string) int { return strings.Compare(f.name, name) })
	if !ok {
		return source{}, false
	}
	return t.files[i], true
}

// sum returns the SHA-256 of the file's content.
func (t *tree) sum(f source) ([]byte, error) {
	r, err := t.fsys.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(r, maxBytes)); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	return h.Sum(nil), nil
}

// write writes the tree to the folder dir.
func (t *tree) write(dir string) error {
	for _, f := range t.files {
		if err := t.copy(f, filepath.Join(dir, filepath.FromSlash(f.name))); err != nil {
			return err
		}
	}
	return nil
}

// copy writes one file of the tree to the path to, which must not exist.
func (t *tree) copy(f source, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	r, err := t.fsys.Open(f.path)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode())
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.LimitReader(r, maxBytes))
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", path.Clean(f.path), err)
	}
	return os.Chmod(to, f.mode()) // whatever the umask
}
