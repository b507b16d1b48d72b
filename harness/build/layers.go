package build

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Layers returns the file system that has the files of all of parts, for
// benchmarks that share sources: the benchmark's own folder, and the folders of
// what it shares, each with a folder for each language. A file that two parts
// have cannot be read, and neither can the folder that it is in.
func Layers(parts ...fs.FS) fs.FS { return layers(parts) }

type layers []fs.FS

// Open opens a file, or a folder with what all parts have in it.
func (l layers) Open(name string) (fs.File, error) {
	info, part, err := l.find("open", name)
	if err != nil || !info.IsDir() {
		if err != nil {
			return nil, err
		}
		return part.Open(name)
	}
	entries, err := l.ReadDir(name)
	if err != nil {
		return nil, err
	}
	return &layeredFolder{info: folderInfo{info}, name: name, entries: entries}, nil
}

// find returns the part that has a file, or the first that has a folder.
func (l layers) find(op, name string) (fs.FileInfo, fs.FS, error) {
	if !fs.ValidPath(name) {
		return nil, nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	var found fs.FileInfo
	var in fs.FS
	for _, part := range l {
		info, err := fs.Stat(part, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, nil, err
		case found == nil:
			found, in = info, part
		case !found.IsDir() || !info.IsDir():
			return nil, nil, &fs.PathError{Op: op, Path: name, Err: errors.New("it is in two of the folders that the benchmark is made of")}
		}
	}
	if found == nil {
		return nil, nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return found, in, nil
}

// Stat describes a file or a folder.
func (l layers) Stat(name string) (fs.FileInfo, error) {
	info, _, err := l.find("stat", name)
	if err == nil && info.IsDir() {
		info = folderInfo{info}
	}
	return info, err
}

// ReadDir lists what all parts have in a folder.
func (l layers) ReadDir(name string) ([]fs.DirEntry, error) {
	if info, _, err := l.find("readdir", name); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("it is no folder")}
	}
	var all []fs.DirEntry
	for _, part := range l {
		entries, err := fs.ReadDir(part, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			i, there := slices.BinarySearchFunc(all, e, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
			switch {
			case !there && e.IsDir():
				all = slices.Insert(all, i, fs.DirEntry(folderEntry{e}))
			case !there:
				all = slices.Insert(all, i, e)
			case !e.IsDir() || !all[i].IsDir():
				return nil, &fs.PathError{Op: "readdir", Path: name, Err: fmt.Errorf("%s is in two of the folders that the benchmark is made of", e.Name())}
			}
		}
	}
	return all, nil
}

// folderEntry and folderInfo describe a folder of several parts, which has no
// time of its own.
type folderEntry struct{ fs.DirEntry }

func (e folderEntry) Info() (fs.FileInfo, error) {
	info, err := e.DirEntry.Info()
	return folderInfo{info}, err
}

type folderInfo struct{ fs.FileInfo }

func (folderInfo) ModTime() time.Time { return time.Time{} }

// layeredFolder is an open folder.
type layeredFolder struct {
	info    fs.FileInfo
	name    string
	entries []fs.DirEntry // not read yet
}

func (f *layeredFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *layeredFolder) Close() error               { return nil }

func (f *layeredFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: errors.New("it is a folder")}
}

// ReadDir lists the next n entries, or all that are left.
func (f *layeredFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.entries) {
		n = len(f.entries)
	}
	next := f.entries[:n]
	f.entries = f.entries[n:]
	return next, nil
}
