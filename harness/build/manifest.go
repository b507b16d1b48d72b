package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// manifest is what an entry of the store is, the file manifest.json in it.
type manifest struct {
	Format       string              `json:"format"`
	Digest       string              `json:"digest"`
	Platform     string              `json:"platform"`
	Benchmark    string              `json:"benchmark"`
	Runtime      string              `json:"runtime"`
	Variant      string              `json:"variant,omitempty"`
	Architecture driver.Architecture `json:"architecture"`
	Kind         driver.Kind         `json:"kind"`
	Builder      string              `json:"builder"`
	Built        time.Time           `json:"built"`
	Dir          string              `json:"dir"` // in the entry, as the other paths
	Archive      string              `json:"archive,omitempty"`
	Image        string              `json:"image,omitempty"`
	Size         int64               `json:"size"`
	Warnings     []string            `json:"warnings,omitempty"`
	Incomplete   bool                `json:"incomplete,omitempty"` // it is built again the next time: something failed, or may be other code by then
	Dependencies []Dependency        `json:"dependencies"`
	Files        []stored            `json:"files"` // everything in the entry but manifest.json
}

// stored is a file of an entry.
type stored struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Exec   bool   `json:"exec,omitempty"`
	Link   string `json:"link,omitempty"` // of a symbolic link: where it leads
	SHA256 string `json:"sha256,omitempty"`
}

const manifestName = "manifest.json"

// The bounds of an entry.
const (
	maxManifest = 256 << 20
	maxStored   = 1_000_000
)

// readManifest reads the manifest of the entry in dir.
func readManifest(dir string) (manifest, error) {
	f, err := os.Open(filepath.Join(dir, manifestName))
	if err != nil {
		return manifest{}, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return manifest{}, err
	}
	m, err := parseManifest(raw)
	if err != nil {
		return manifest{}, fmt.Errorf("%s: %w", manifestName, err)
	}
	return m, nil
}

// parseManifest decodes and checks a manifest.
func parseManifest(raw []byte) (manifest, error) {
	if len(raw) > maxManifest {
		return manifest{}, fmt.Errorf("more than %d bytes", maxManifest)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var m manifest
	if err := d.Decode(&m); err != nil {
		return manifest{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return manifest{}, errors.New("more than one JSON value")
	}
	if m.Format != format {
		return manifest{}, fmt.Errorf("format %q, want %q", m.Format, format)
	}
	for _, p := range []string{m.Dir, m.Archive} {
		if p != "" && !validName(p) {
			return manifest{}, fmt.Errorf("path %q leads out of the entry", p)
		}
	}
	if m.Dir == "" {
		return manifest{}, errors.New("no dir")
	}
	last := ""
	for _, f := range m.Files {
		if !fs.ValidPath(f.Path) || f.Path <= last || f.Size < 0 {
			return manifest{}, fmt.Errorf("file %q is malformed or out of order", f.Path)
		}
		last = f.Path
	}
	return m, nil
}

// list lists the files below dir by path in byte order, without sums. Symbolic
// links must be relative and stay in dir; nothing but files, folders and links
// is allowed.
func list(dir string) ([]stored, error) {
	base, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	var files []stored
	err = fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if len(files) == maxStored {
			return fmt.Errorf("more than %d files", maxStored)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := stored{Path: p}
		switch {
		case info.Mode().IsRegular():
			f.Size, f.Exec = info.Size(), info.Mode()&0o111 != 0
		case info.Mode()&fs.ModeSymlink != 0:
			f.Link, err = checkLink(base, p)
		default:
			err = fmt.Errorf("%s is a %s: only files, folders and links can be kept", p, kindOf(info.Mode()))
		}
		files = append(files, f)
		return err
	})
	slices.SortFunc(files, func(a, b stored) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

// checkLink returns where the symbolic link p in the folder dir leads. A link
// that is absolute, leads out of dir or to nothing is an error.
func checkLink(dir, p string) (string, error) {
	full := filepath.Join(dir, filepath.FromSlash(p))
	link, err := os.Readlink(full)
	if err != nil {
		return "", err
	}
	if filepath.IsAbs(link) {
		return "", fmt.Errorf("%s is a link to %s: it would not be right in another place", p, link)
	}
	target, err := filepath.EvalSymlinks(full)
	if err != nil {
		return "", fmt.Errorf("%s is a link to %s: %w", p, link, err)
	}
	if rel, err := filepath.Rel(dir, target); err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is a link to %s, outside the folder", p, link)
	}
	return filepath.ToSlash(link), nil
}

// sumFile returns the SHA-256 of a file's content in hex.
func sumFile(p string) (string, error) {
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// damage compares the entry in dir with its manifest and says what differs:
// missing, other and additional files, by size, or by content if full.
func (m manifest) damage(ctx context.Context, dir string, full bool) error {
	have, err := list(dir)
	if err != nil {
		return err
	}
	want := m.Files
	for _, f := range have {
		switch {
		case f.Path == manifestName:
			continue
		case len(want) == 0 || f.Path < want[0].Path:
			return fmt.Errorf("%s was added", f.Path)
		case f.Path > want[0].Path:
			return fmt.Errorf("%s is missing", want[0].Path)
		case f.Size != want[0].Size:
			return fmt.Errorf("%s has %d bytes and had %d", f.Path, f.Size, want[0].Size)
		case f.Exec != want[0].Exec || f.Link != want[0].Link:
			return fmt.Errorf("%s is another kind of file than it was", f.Path)
		}
		if full && f.Link == "" {
			if err := ctx.Err(); err != nil {
				return err
			}
			sum, err := sumFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
			if err != nil {
				return err
			}
			if sum != want[0].SHA256 {
				return fmt.Errorf("%s has another content than it had", f.Path)
			}
		}
		want = want[1:]
	}
	if len(want) > 0 {
		return fmt.Errorf("%s is missing", want[0].Path)
	}
	return nil
}

// record fills in the files of the entry in dir, and what is installed in it,
// and writes the manifest.
func (m *manifest) record(dir string) error {
	files, err := list(dir)
	if err != nil {
		return err
	}
	found := dependencySet{}
	for i, f := range files {
		p := filepath.Join(dir, filepath.FromSlash(f.Path))
		if f.Link == "" {
			if files[i].SHA256, err = sumFile(p); err != nil {
				return err
			}
		}
		if err := found.add(f.Path, p); err != nil {
			return err
		}
	}
	m.Files = files
	m.Dependencies = found.sorted()
	raw, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, manifestName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// result returns the entry in dir as a result.
func (m manifest) result(dir string) Result {
	at := func(p string) string {
		if p == "" {
			return ""
		}
		return filepath.Join(dir, filepath.FromSlash(p))
	}
	return Result{
		Package: driver.Package{
			Digest:  m.Digest,
			Kind:    m.Kind,
			Dir:     at(m.Dir),
			Archive: at(m.Archive),
			Image:   m.Image,
			Size:    m.Size,
		},
		Log:          filepath.Join(dir, "build.log"),
		Builder:      m.Builder,
		Dependencies: m.Dependencies,
		Warnings:     m.Warnings,
	}
}

// isDigest says whether s is a SHA-256 in hex.
func isDigest(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}
