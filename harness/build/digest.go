package build

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"maps"
	"slices"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

// format is the version of what the digest is made of and of the store's
// entries. A change of either makes all older entries unused.
const format = "1"

// digest returns the SHA-256 of everything that can change the package.
func (s *staging) digest(j Job, r driver.Recipe) (string, error) {
	installer, err := dockerfiles.Installer(j.Spec.Runtime.Language)
	if err != nil && !errors.Is(err, driver.ErrUnsupported) {
		return "", err
	}
	d := digester{sha256.New()}
	d.text("sebs package", format, j.Platform, j.Spec.Benchmark, j.Spec.Runtime.Language, j.Spec.Runtime.Version,
		string(j.Spec.Architecture), string(j.Spec.Kind), r.Builder)
	if s.whole {
		d.text("all that SeBS installs")
	}
	if len(s.outside) > 0 {
		d.text("outside")
		d.files(s.outside)
	}
	d.bytes(installer)
	d.list(r.Packages)
	d.files(r.Files)
	d.files(s.made)
	if err := d.tree(&s.code); err != nil {
		return "", err
	}
	d.list(s.inits)
	if err := d.tree(&s.folder); err != nil {
		return "", err
	}
	return hex.EncodeToString(d.h.Sum(nil)), nil
}

// digester hashes values with their lengths, so that different values never
// have the same bytes.
type digester struct{ h hash.Hash }

func (d digester) count(n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	d.h.Write(b[:])
}

func (d digester) bytes(b []byte) {
	d.count(len(b))
	d.h.Write(b)
}

func (d digester) text(values ...string) {
	for _, v := range values {
		d.bytes([]byte(v))
	}
}

func (d digester) list(values []string) {
	d.count(len(values))
	d.text(values...)
}

func (d digester) files(files map[string][]byte) {
	d.count(len(files))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d.text(name)
		d.bytes(files[name])
	}
}

func (d digester) tree(t *tree) error {
	d.count(len(t.files))
	for _, f := range t.files {
		sum, err := t.sum(f)
		if err != nil {
			return err
		}
		d.text(f.name, f.mode().String())
		d.bytes(sum)
	}
	return nil
}
