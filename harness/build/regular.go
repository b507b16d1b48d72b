package build

import (
	"fmt"
	"io/fs"
)

// Regular returns a file system in which files and folders alone can be
// opened: opening a named pipe would wait for somebody to write to it, and a
// device may have no end.
func Regular(fsys fs.FS) fs.FS {
	if r, ok := fsys.(regular); ok {
		return r
	}
	return regular{fsys}
}

type regular struct{ fsys fs.FS }

// Open looks before it opens.
func (r regular) Open(name string) (fs.File, error) {
	info, err := fs.Stat(r.fsys, name)
	if err != nil {
		return nil, err
	}
	if m := info.Mode(); !m.IsRegular() && !m.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("it is a %s: want a file", kindOf(m))}
	}
	return r.fsys.Open(name)
}

func (r regular) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(r.fsys, name) }
func (r regular) Lstat(name string) (fs.FileInfo, error)     { return fs.Lstat(r.fsys, name) }
func (r regular) ReadLink(name string) (string, error)       { return fs.ReadLink(r.fsys, name) }
func (r regular) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(r.fsys, name) }
