package compression

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"strings"
)

// contents are files by name: how long they are, and their digest.
type contents map[string]content

type content struct {
	size   int64
	digest [sha256.Size]byte
}

func (c contents) add(name string, data []byte) {
	c[name] = content{int64(len(data)), sha256.Sum256(data)}
}

// size is how many bytes all files have together.
func (c contents) size() (n int64) {
	for _, f := range c {
		n += f.size
	}
	return n
}

// compare says how a zip archive differs from the files: it has to hold each
// exactly once and nothing else but folders.
func (c contents) compare(archive []byte) error {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	digest := sha256.New()
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		want, ok := c[f.Name]
		if !ok {
			return fmt.Errorf("the archive holds %.200q, which is not in the input", f.Name)
		}
		if seen[f.Name] {
			return fmt.Errorf("the archive holds %q twice", f.Name)
		}
		seen[f.Name] = true
		got, err := read(f, want.size, digest)
		if err != nil {
			return fmt.Errorf("the archive's %q: %w", f.Name, err)
		}
		if got != want {
			return fmt.Errorf("the archive's %q differs from the input", f.Name)
		}
	}
	for name := range c {
		if !seen[name] {
			return fmt.Errorf("the archive lacks %q; it holds %d of %d files", name, len(seen), len(c))
		}
	}
	return nil
}

// read digests a file of an archive, which has at most limit bytes.
func read(f *zip.File, limit int64, digest hash.Hash) (got content, err error) {
	r, err := f.Open()
	if err != nil {
		return got, err
	}
	defer r.Close()
	digest.Reset()
	got.size, err = io.Copy(digest, io.LimitReader(r, limit+1))
	digest.Sum(got.digest[:0])
	return got, err
}
