package inputpy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// What a folder that is copied may hold.
const (
	maxFiles = 10_000
	maxBytes = 1 << 30
)

// project lays out what input.py takes for the root of SeBS: a folder with
// benchmarks, and benchmarks-data, where the benchmark's data has its place among
// that of all.
func (s *Session) project(f Folder, dir string) (string, error) {
	project := filepath.Join(s.tmp, "project")
	data := filepath.Join(project, "benchmarks-data")
	if err := os.Mkdir(project, 0o700); err != nil {
		return "", err
	}
	if err := os.Symlink(filepath.Dir(filepath.Dir(dir)), filepath.Join(project, "benchmarks")); err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(f.Root, s.data); f.Root != "" && err == nil && filepath.IsLocal(rel) {
		return project, os.Symlink(f.Root, data)
	}
	group := filepath.Join(data, filepath.Base(filepath.Dir(dir)))
	if err := os.MkdirAll(group, 0o700); err != nil {
		return "", err
	}
	if err := os.Symlink(s.data, filepath.Join(group, f.Name)); err != nil {
		return "", err
	}
	if f.Root == "" {
		return project, nil
	}
	for _, level := range []string{".", filepath.Base(group)} {
		entries, err := os.ReadDir(filepath.Join(f.Root, level))
		if err != nil {
			continue // the group has no other data
		}
		for _, entry := range entries {
			err := os.Symlink(filepath.Join(f.Root, level, entry.Name()), filepath.Join(data, level, entry.Name()))
			if err != nil && !errors.Is(err, fs.ErrExist) {
				return "", err
			}
		}
	}
	return project, nil
}

// copyFolder copies the regular files of a file system to the new folder dir.
// Symbolic links and other special files are left out.
func copyFolder(ctx context.Context, files fs.FS, dir string) error {
	count, bytes := 0, int64(0)
	return fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		count++
		n, err := copyFile(files, path, target, maxBytes-bytes)
		bytes += n
		if err != nil {
			return err
		}
		if count > maxFiles || bytes >= maxBytes {
			return fmt.Errorf("the folder has more than %d files or %d bytes", maxFiles, maxBytes)
		}
		return nil
	})
}

// copyFile copies at most limit bytes.
func copyFile(files fs.FS, path, target string, limit int64) (n int64, err error) {
	from, err := files.Open(path)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	to, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := to.Close(); err == nil {
			err = closed
		}
	}()
	return io.Copy(to, io.LimitReader(from, limit))
}
