package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

// Builder builds the functions of a platform in containers of this engine, as
// archives and as images. A driver embeds it. Safe for concurrent use.
type Builder struct {
	engine    *Engine
	platform  string
	features  driver.Features
	run       driver.Run
	downloads string // the folder for what package managers keep, a folder for each language
}

var _ driver.Builder = (*Builder)(nil)

// NewBuilder returns the builder of the platform called name, by its entry in
// platforms.json and its Dockerfiles. It builds what features can do.
func NewBuilder(e *Engine, name string, features driver.Features, run driver.Run) (*Builder, error) {
	cache, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
	if err != nil {
		return nil, err
	}
	return &Builder{engine: e, platform: name, features: features, run: run, downloads: filepath.Join(cache, "downloads")}, nil
}

// Recipe adds the shims of the function's language and of its stores. The tools
// are the base image, by the id of what the engine has under its name, and the
// installer in it. Without the base images there is only what fetches them.
func (b *Builder) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if err := ctx.Err(); err != nil {
		return driver.Recipe{}, err
	}
	if err := b.features.Check(s); err != nil {
		return driver.Recipe{}, err
	}
	l, err := dockerfiles.Lookup(b.platform, s.Runtime.Language)
	if err != nil {
		return driver.Recipe{}, err
	}
	files, err := dockerfiles.Files(b.platform, s.Runtime.Language, s.Modules)
	if err != nil {
		return driver.Recipe{}, err
	}
	bases, err := b.bases(s)
	if err != nil {
		return driver.Recipe{}, err
	}
	for _, name := range bases {
		here, err := b.engine.Pulled(ctx, name, s.Architecture)
		if err != nil {
			return driver.Recipe{}, err
		}
		if !here {
			return driver.Recipe{Fetch: func(ctx context.Context, log io.Writer) error { return b.fetch(ctx, s, bases, log) }}, nil
		}
	}
	identity, err := b.identity(ctx, s)
	return driver.Recipe{Files: files, Packages: l.For(s.Modules).Packages, Builder: identity}, err
}

// bases lists the base images that a function is built from.
func (b *Builder) bases(s driver.Spec) ([]string, error) {
	uses := []func(dockerfiles.Language) dockerfiles.Images{buildImages}
	if s.Kind == driver.Image {
		uses = append(uses, runImages)
	}
	var names []string
	for _, use := range uses {
		name, err := b.engine.baseName(b.platform, s.Runtime, s.Architecture, use)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// fetch pulls base images.
func (b *Builder) fetch(ctx context.Context, s driver.Spec, bases []string, log io.Writer) error {
	for _, name := range bases {
		if _, err := b.engine.Image(ctx, name, s.Architecture, log); err != nil {
			return err
		}
	}
	return nil
}

// identity identifies the tools that build a function, whose base images are
// here.
func (b *Builder) identity(ctx context.Context, s driver.Spec) (string, error) {
	tools, err := b.engine.Tools(ctx, b.platform, s.Runtime, s.Architecture, b.run.Log)
	if err != nil || s.Kind != driver.Image {
		return tools.String(), err
	}
	base, err := b.engine.RunIdentity(ctx, b.platform, s.Runtime, s.Architecture, b.run.Log)
	if err != nil {
		return "", err
	}
	dockerfile, err := dockerfiles.Dockerfile(b.platform, s.Runtime.Language, "function")
	return fmt.Sprintf("%s, image on %s by %q", tools, base, dockerfile), err
}

// Build installs the dependencies in a container of the builder image, lays
// the folder out, and makes an image of it for the kind image.
func (b *Builder) Build(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
	if err := b.features.Check(s); err != nil {
		return driver.Package{}, err
	}
	l, err := dockerfiles.Lookup(b.platform, s.Runtime.Language)
	if err != nil {
		return driver.Package{}, err
	}
	tools, err := b.engine.Tools(ctx, b.platform, s.Runtime, s.Architecture, log)
	if err != nil {
		return driver.Package{}, err
	}
	packages, err := systemPackages(dir)
	if err != nil {
		return driver.Package{}, err
	}
	if err := tools.With(packages).Install(ctx, b.run, dir, filepath.Join(b.downloads, s.Runtime.Language), log); err != nil {
		return driver.Package{}, err
	}
	if err := build.Layout(dir, l.Kept...); err != nil {
		return driver.Package{}, err
	}
	pkg := driver.Package{Kind: s.Kind, Dir: "."}
	if s.Kind == driver.Image {
		pkg.Image, pkg.Size, err = b.engine.Assemble(ctx, b.platform, s, dir, log)
	}
	return pkg, err
}

// systemPackages returns Debian's packages that a staged C++ function needs; of
// other languages there are none.
func systemPackages(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "CMakeLists.txt"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return dockerfiles.CMakePackages(text), err
}
