// Package probe is the function with which the conformance suite tries
// platforms and wrappers: it does what its event asks, and lets it answer,
// misbehave and die. Its sources, one folder a language, have the same actions.
//
// A [Lab] opens a platform and builds the probe for it. A [Site] is the
// platform, opened under a prefix of its own for functions of one form; a
// [Session] is what one rule has of it. Rules share deployed functions unless
// they change them, since deploying takes seconds to minutes elsewhere.
package probe

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"strconv"
	"sync"
	"testing/fstest"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/control"
)

// The folders of all languages; what else is here is not looked at.
//
//go:embed *
var files embed.FS

// Target is the form of the functions that rules are checked with.
type Target struct {
	Runtime driver.Runtime
	Kind    driver.Kind
	Trigger driver.Trigger
}

// Lab opens a platform, as often as rules need it, and builds the probe for it.
// Safe for concurrent use.
type Lab struct {
	open    driver.OpenFunc
	name    string
	timeout time.Duration
	log     io.Writer
	store   *build.Store

	prefixes prefixes

	mu       sync.Mutex
	packages map[string]driver.Package
	plane    *control.Plane // of the account, whatever the run
}

// NewLab returns a lab for the platform that open opens. name is its registered
// name, packages are kept in the folder dir, timeout is that of functions that
// are made to exceed it, and what platforms tell goes to log, which must be safe
// for concurrent use.
func NewLab(open driver.OpenFunc, name, dir string, timeout time.Duration, log io.Writer) (*Lab, error) {
	store, err := build.OpenStore(dir)
	if err != nil {
		return nil, err
	}
	return &Lab{open: open, name: name, timeout: timeout, log: log, store: store, packages: map[string]driver.Package{}}, nil
}

// Package returns the package of the probe for a spec, which is built once. A
// variant differs in its code: the probe tells the variant's name.
func (l *Lab) Package(ctx context.Context, p driver.Builder, s driver.Spec, variant string) (driver.Package, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := s.Runtime.String() + " " + string(s.Kind) + " " + variant
	if p, ok := l.packages[key]; ok {
		return p, nil
	}
	folder, err := sources(s.Runtime.Language, variant)
	if err != nil {
		return driver.Package{}, err
	}
	result, err := l.store.Package(ctx, build.Job{Builder: p, Platform: l.name, Files: folder, Spec: s})
	if err != nil {
		return driver.Package{}, fmt.Errorf("build the probe: %w", err)
	}
	l.packages[key] = result.Package
	return result.Package, nil
}

// Builds returns why functions of a form cannot be built, or nil.
func (l *Lab) Builds(ctx context.Context, p driver.Platform, on Target) error {
	_, err := l.Package(ctx, p, on.spec(p.Features()), "")
	return err
}

// sources returns the folder of the probe, as if it were a benchmark's.
func sources(language, variant string) (fs.FS, error) {
	if _, err := fs.Stat(files, language); err != nil {
		return nil, fmt.Errorf("there is no probe in language %s: %w", language, err)
	}
	folder := fstest.MapFS{}
	if variant != "" {
		folder[path.Join(language, "variant.txt")] = &fstest.MapFile{Data: []byte(variant), Mode: 0o644}
	}
	err := fs.WalkDir(files, language, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if variant != "" { // a model reads no files; its own result tells the variant
			data = bytes.Replace(data, []byte(`"behaviour": "probe"`), fmt.Appendf(nil, `"behaviour": "probe", "result": %q`, variant), 1)
		}
		folder[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	return folder, err
}

// Word returns eight random letters and digits.
func Word() string {
	return strconv.FormatUint(1<<40+rand.Uint64N(1<<40), 36)
}
