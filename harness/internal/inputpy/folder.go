package inputpy

import (
	"context"
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
