// Package machine has the parts of a platform that are this machine's: a
// driver.Builder that builds with its tools, and driver.Stores that are servers
// on it. A driver embeds the ones that it wants.
//
//	type Platform struct {
//		*machine.Builder
//		*stores.Stores // of machine.NewStores
//		…
//	}
//
// What is special to a platform is data: its entry in dockerfiles/platforms.json
// says which files are added to a function, and what stays beside the folder of
// the user's own files.
//
// The package refuses to deploy and to run functions.
package machine

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// Builder builds the functions of a platform with the interpreters, compilers
// and package managers of this machine. Safe for concurrent use.
type Builder struct {
	platform string
	features driver.Features
	guard    driver.Guard
	cache    string // the folder for what installers keep for other builds

	found sync.Map // driver.Runtime -> interpreter.Interpreter
}

var _ driver.Builder = (*Builder)(nil)

// NewBuilder returns the builder of the platform called name, by its entry in
// platforms.json. It builds what features can do.
func NewBuilder(name string, features driver.Features, run driver.Run) (*Builder, error) {
	cache, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
	if err != nil {
		return nil, err
	}
	return &Builder{platform: name, features: features, guard: run.Guard, cache: filepath.Join(cache, "downloads")}, nil
}

// Interpreter returns the interpreter or compiler of a runtime. It looks for it
// once. One that is missing matches driver.ErrUnavailable.
func (b *Builder) Interpreter(ctx context.Context, rt driver.Runtime) (interpreter.Interpreter, error) {
	if i, ok := b.found.Load(rt); ok {
		return i.(interpreter.Interpreter), nil
	}
	i, err := interpreter.Find(ctx, rt.Language, rt.Version)
	if err == nil {
		b.found.Store(rt, i)
	}
	return i, err
}

// prepare returns what a function is built from and with.
func (b *Builder) prepare(ctx context.Context, s driver.Spec) (dockerfiles.Language, interpreter.Interpreter, error) {
	if err := ctx.Err(); err != nil {
		return dockerfiles.Language{}, interpreter.Interpreter{}, err
	}
	if err := b.features.Check(s); err != nil {
		return dockerfiles.Language{}, interpreter.Interpreter{}, err
	}
	l, err := dockerfiles.Lookup(b.platform, s.Runtime.Language)
	if err != nil {
		return dockerfiles.Language{}, interpreter.Interpreter{}, err
	}
	i, err := b.Interpreter(ctx, s.Runtime)
	return l, i, err
}

// Recipe adds the shims of the function's language and of its stores. The tools
// are the interpreter, by path, version and ABI, and the installer.
func (b *Builder) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if err := ctx.Err(); err != nil {
		return driver.Recipe{}, err
	}
	l, i, err := b.prepare(ctx, s)
	if err != nil {
		return driver.Recipe{}, err
	}
	files, err := dockerfiles.Files(b.platform, s.Runtime.Language, s.Modules)
	if err != nil {
		return driver.Recipe{}, err
	}
	installer, err := dockerfiles.InstallerDigest(s.Runtime.Language)
	if err != nil {
		return driver.Recipe{}, err
	}
	return driver.Recipe{
		Files:    files,
		Packages: l.For(s.Modules).Packages,
		Builder:  fmt.Sprintf("%s, installer %s", i, installer),
	}, nil
}

// Build installs the dependencies and lays the folder out: the user's files and
// the shims that they import in the folder function, what starts them and what
// they depend on beside it. The package is a folder, for the kind archive.
func (b *Builder) Build(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
	l, i, err := b.prepare(ctx, s)
	if err != nil {
		return driver.Package{}, err
	}
	err = build.Install(ctx, dir, build.Installer{
		Runtime:      s.Runtime,
		Architecture: s.Architecture,
		Platform:     b.platform,
		Env:          append(i.Tools(), "SHIMS_CACHE="+filepath.Join(b.cache, s.Runtime.Language, "shims")),
		Guard:        b.guard,
	}, log)
	if err != nil {
		return driver.Package{}, err
	}
	if err := build.Layout(dir, l.Kept...); err != nil {
		return driver.Package{}, err
	}
	return driver.Package{Kind: driver.Archive, Dir: "."}, nil
}
