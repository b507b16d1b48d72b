package build

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// zipDate is the date of every entry. The first that the format knows, in
// 1980, is refused by some.
var zipDate = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip writes the files below dir to the archive dst and returns its size in
// bytes. The same files give the same bytes: entries are in the order of their
// paths, with one date, and with the modes 0644 or 0755. Symbolic links stay
// links; they must be relative and lead to something in dir. Empty folders
// are left out. dst must not be below dir.
func Zip(dir, dst string) (size int64, err error) {
	out, err := os.Create(dst)
	if err != nil {
		return 0, fmt.Errorf("archive %s: %w", dir, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("archive %s: %w", dir, errors.Join(err, out.Close(), os.Remove(dst)))
		}
	}()
	files, err := list(dir)
	if err != nil {
		return 0, err
	}
	w := zip.NewWriter(out)
	for _, f := range files {
		if !validName(f.Path) {
			return 0, fmt.Errorf("%q: a path that cannot be in an archive", f.Path)
		}
		if err := zipFile(w, dir, f); err != nil {
			return 0, err
		}
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	info, err := out.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), out.Close()
}

// zipFile adds the file f below dir to an archive.
func zipFile(w *zip.Writer, dir string, f stored) error {
	h := &zip.FileHeader{Name: f.Path, Method: zip.Deflate, Modified: zipDate}
	switch {
	case f.Link != "":
		h.SetMode(fs.ModeSymlink | 0o777)
	case f.Exec:
		h.SetMode(0o755)
	default:
		h.SetMode(0o644)
	}
	entry, err := w.CreateHeader(h)
	if err != nil {
		return err
	}
	if f.Link != "" {
		_, err := io.WriteString(entry, f.Link)
		return err
	}
	in, err := os.Open(filepath.Join(dir, filepath.FromSlash(f.Path)))
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(entry, in)
	return err
}

// maxLink bounds the target of a symbolic link in an archive.
const maxLink = 4096

// Unzip unpacks the archive src into the folder dir, which is created and must
// be empty. Paths that lead out of dir, links that do, entries named twice and
// anything but files, folders and links are errors, and so is an archive that
// unpacks to more than limit bytes. Files that were unpacked before an error
// stay, links do not.
func Unzip(src, dir string, limit int64) error {
	r, err := zip.OpenReader(src)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", src, err)
	}
	defer func() { _ = r.Close() }()
	if err := unzip(&r.Reader, dir, limit); err != nil {
		return fmt.Errorf("unpack %s: %w", src, err)
	}
	return nil
}

func unzip(r *zip.Reader, dir string, limit int64) (err error) {
	if len(r.File) > maxStored {
		return fmt.Errorf("it has more than %d entries", maxStored)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if notEmpty(dir) {
		return fmt.Errorf("the folder %s is not empty", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	var links []string
	defer func() {
		if err != nil { // not all of them are known to stay in the folder
			for _, name := range links {
				err = errors.Join(err, root.Remove(name))
			}
		}
	}()
	left := limit
	for _, f := range r.File {
		name := strings.TrimSuffix(f.Name, "/")
		if !validName(name) || name == "." {
			return fmt.Errorf("entry %q: a path that cannot be used", f.Name)
		}
		n, err := unzipEntry(root, name, f, left)
		if err != nil {
			return fmt.Errorf("entry %s: %w", f.Name, err)
		}
		left -= n
		if f.Mode()&fs.ModeSymlink != 0 {
			links = append(links, name)
		}
	}
	// Where a link leads is known when all entries are there.
	base, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	for _, name := range links {
		if _, err := checkLink(base, name); err != nil {
			return err
		}
	}
	return nil
}

// unzipEntry unpacks one entry of at most left bytes and returns its size.
func unzipEntry(root *os.Root, name string, f *zip.File, left int64) (int64, error) {
	mode := f.Mode()
	if mode.IsDir() {
		return 0, root.MkdirAll(name, 0o755)
	}
	if parent := filepath.Dir(filepath.FromSlash(name)); parent != "." {
		if err := root.MkdirAll(parent, 0o755); err != nil {
			return 0, err
		}
	}
	in, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	switch {
	case mode&fs.ModeSymlink != 0:
		target, err := io.ReadAll(io.LimitReader(in, maxLink+1))
		if err != nil {
			return 0, err
		}
		if len(target) > maxLink || filepath.IsAbs(string(target)) {
			return 0, errors.New("a link that leads out of the folder")
		}
		return 0, root.Symlink(string(target), name)
	case !mode.IsRegular():
		return 0, fmt.Errorf("a %s", kindOf(mode))
	}
	perm := fs.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, io.LimitReader(in, left+1))
	if err := errors.Join(err, out.Close()); err != nil {
		return n, err
	}
	if n > left {
		return n, errors.New("the archive unpacks to more bytes than allowed")
	}
	return n, root.Chmod(name, perm) // whatever the umask
}
