package build

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/environment"
)

// outside is what a function's manifest names that is not in its folder, and
// so may change while the folder stays the same.
type outside struct {
	paths  []string // files and folders of this machine: their content is part of the digest
	moving []string // addresses behind which there may be other code each time: the package is built each time
	ranges []string // dependencies whose version is chosen when the package is built
}

// outsiders find what is outside of a function's folder, by language. Manifests
// of the others name exact versions alone.
var outsiders = map[string]func(code *tree, o *outside) error{
	"python": outsidePython, "nodejs": outsideNode, "java": outsideJava,
}

// findOutside returns what is outside of the folder of a function.
func findOutside(language string, code *tree) (outside, error) {
	var o outside
	find, ok := outsiders[language]
	if !ok {
		return o, nil
	}
	err := find(code, &o)
	for _, list := range []*[]string{&o.paths, &o.moving, &o.ranges} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return o, err
}

// notes says what of it may not be as it was.
func (o outside) notes(manifest string) []string {
	var notes []string
	if len(o.moving) > 0 {
		notes = append(notes, fmt.Sprintf("%s names what may be other code each time, so the package is built for each run: %s", manifest, strings.Join(o.moving, ", ")))
	}
	if len(o.ranges) > 0 {
		notes = append(notes, fmt.Sprintf("%s does not say which version of %s: the package has those of the day when it was built (SEBS_UPDATE=code builds it anew)", manifest, strings.Join(o.ranges, ", ")))
	}
	for i, text := range notes {
		notes[i] = environment.Plain(text)
	}
	return notes
}

// commitHash ends an address that names one state of a repository.
var commitHash = regexp.MustCompile(`[@#][0-9a-f]{40}\b`)

// address adds what a manifest in the folder from of the function names: an
// address of a repository or of a file, or a path. hashed says that the manifest
// has its hash.
func (o *outside) address(manifest, from, ref string, hashed bool) error {
	local, isFile := strings.CutPrefix(ref, "file:")
	if !isFile {
		local, isFile = strings.CutPrefix(ref, "link:")
	}
	switch {
	case isFile:
		local = strings.TrimPrefix(strings.TrimPrefix(local, "//localhost"), "//")
		local, _, _ = strings.Cut(local, "#")
		if decoded, err := url.PathUnescape(local); err == nil {
			local = decoded
		}
	case strings.Contains(ref, "://") || strings.Contains(ref, "git@"):
		if !hashed && !commitHash.MatchString(ref) && !strings.Contains(ref, "#sha256=") {
			o.moving = append(o.moving, ref)
		}
		return nil
	default:
		local = ref
	}
	if rest, ok := strings.CutPrefix(local, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		local = filepath.Join(home, rest)
	}
	if filepath.IsAbs(local) {
		o.paths = append(o.paths, filepath.Clean(local))
		return nil
	}
	if inside := path.Join(from, filepath.ToSlash(local)); inside == ".." || strings.HasPrefix(inside, "../") {
		return fmt.Errorf("%s names %s, which is outside of the function's folder, and the folder is copied: put it there, or name it by an absolute path", manifest, ref)
	}
	return nil
}

// passedOver are the folders of a library, and the endings of others, that
// installing it makes.
var passedOver = []string{"build", "dist", ".egg-info"}

// errTooLarge is that of a folder whose content is not read.
var errTooLarge = errors.New("it is too large to be compared")

// sumOutside returns the SHA-256 of the content of a file or a folder of this
// machine; of one that is not there, that of nothing.
func sumOutside(root string) ([]byte, error) {
	d := digester{sha256.New()}
	files, left := 0, int64(maxBytes)
	err := filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				return nil // the installer says so
			}
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		base := entry.Name()
		if p != root && (clutter(base) || filepath.Dir(name) == "." && slices.Contains(passedOver[:2], base) || strings.HasSuffix(base, passedOver[2])) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if files++; files > maxFiles {
			return errTooLarge
		}
		info, err := os.Stat(p) // what a link leads to
		if err != nil {
			return nil // a link that leads nowhere
		}
		d.text(filepath.ToSlash(name), info.Mode().String())
		if !info.Mode().IsRegular() {
			return nil
		}
		if left -= info.Size(); left < 0 {
			return errTooLarge
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, io.LimitReader(f, maxBytes)); err != nil {
			return err
		}
		d.bytes(h.Sum(nil))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", root, err)
	}
	return d.h.Sum(nil), nil
}
