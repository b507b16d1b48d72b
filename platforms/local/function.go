package local

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// function is what makes the sandboxes of a deployed function. It is fixed.
type function struct {
	image   string // of its containers
	root    string // the folder of its code on this machine, for an archive
	command []string
	env     []string

	pooled *pool.Function // what the pool knows of it
}

// Recipe adds the shims of the function's language and of its stores. The
// builder is the base image, by the id of what the engine has under its name,
// and the installer in it. A base image that is missing is pulled.
func (p *Platform) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if err := p.features.Check(s); err != nil {
		return driver.Recipe{}, err
	}
	l, err := dockerfiles.Lookup(Name, s.Runtime.Language)
	if err != nil {
		return driver.Recipe{}, err
	}
	files, err := dockerfiles.Files(Name, s.Runtime.Language, s.Modules)
	if err != nil {
		return driver.Recipe{}, err
	}
	builder, err := p.engine.Builder(ctx, Name, s.Runtime, s.Architecture, p.run.Log)
	if err != nil {
		return driver.Recipe{}, err
	}
	identity := builder.String()
	if s.Kind == driver.Image {
		base, err := p.engine.RunIdentity(ctx, Name, s.Runtime, s.Architecture, p.run.Log)
		if err != nil {
			return driver.Recipe{}, err
		}
		dockerfile, err := dockerfiles.Dockerfile(Name, s.Runtime.Language, "function")
		if err != nil {
			return driver.Recipe{}, err
		}
		identity += fmt.Sprintf(", image on %s by %q", base, dockerfile)
	}
	return driver.Recipe{Files: files, Packages: l.For(s.Modules).Packages, Builder: identity}, nil
}

// Build installs the dependencies in a container of the builder image, lays
// the folder out, and makes an image of it for the kind image.
func (p *Platform) Build(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
	if err := p.features.Check(s); err != nil {
		return driver.Package{}, err
	}
	l, err := dockerfiles.Lookup(Name, s.Runtime.Language)
	if err != nil {
		return driver.Package{}, err
	}
	builder, err := p.engine.Builder(ctx, Name, s.Runtime, s.Architecture, log)
	if err != nil {
		return driver.Package{}, err
	}
	if text, err := os.ReadFile(filepath.Join(dir, "CMakeLists.txt")); err == nil && s.Runtime.Language == "cpp" {
		builder = builder.With(dockerfiles.CMakePackages(text))
	}
	downloads := filepath.Join(p.cache, "downloads", s.Runtime.Language)
	if err := builder.Install(ctx, p.run, dir, downloads, log); err != nil {
		return driver.Package{}, err
	}
	if err := build.Layout(dir, l.Kept...); err != nil {
		return driver.Package{}, err
	}
	pkg := driver.Package{Kind: s.Kind, Dir: "."}
	if s.Kind == driver.Image {
		pkg.Image, pkg.Size, err = p.engine.Assemble(ctx, Name, s, dir, log)
	}
	return pkg, err
}

// newFunction returns a function of a package that was built.
func (p *Platform) newFunction(ctx context.Context, s driver.Spec, pkg driver.Package) (*pool.Function, error) {
	l, err := dockerfiles.Lookup(Name, s.Runtime.Language)
	if err != nil {
		return nil, err
	}
	f := &function{command: l.Command}
	switch { // the collectors of these languages do not see a container's limit, or leave most of it
	case s.Memory <= 0:
	case s.Runtime.Language == "go":
		f.env = append(f.env, fmt.Sprintf("GOMEMLIMIT=%dMiB", s.Memory*9/10))
	case s.Runtime.Language == "java":
		f.command = slices.Insert(slices.Clone(l.Command), 1, fmt.Sprintf("-Xmx%dm", interpreter.JavaHeap(s.Memory)))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		f.env = append(f.env, name+"="+s.Environment[name])
	}
	if pkg.Dir == "" {
		return nil, fmt.Errorf("the package has no folder of code")
	}
	if f.root, err = filepath.Abs(pkg.Dir); err == nil {
		f.root, err = filepath.EvalSymlinks(f.root)
	}
	if err != nil {
		return nil, fmt.Errorf("the package's code: %w", err)
	}
	if s.Kind == driver.Image {
		pkg.Dir, f.root = f.root, ""
		f.image, err = p.deployImage(ctx, s, pkg)
	} else {
		var image containers.Image
		if err := build.LaidOut(f.root, l.Kept...); err != nil {
			return nil, err
		}
		image, err = p.engine.RunImage(ctx, Name, s.Runtime, s.Architecture, p.run.Log)
		f.image = image.ID
	}
	if err != nil {
		return nil, err
	}
	f.pooled = &pool.Function{
		Name:   s.Name,
		Memory: s.Memory, Processes: processLimit, Timeout: s.Timeout,
		Identity: fmt.Sprintf("%q", []any{pkg.Digest, f.root, f.image, f.command, f.env, s.Memory, s.Timeout}),
		New:      func() pool.Sandbox { return newSandbox(p, f) },
	}
	return f.pooled, nil
}

// deployImage returns the image of a package, pushed to the registry if there
// is one.
func (p *Platform) deployImage(ctx context.Context, s driver.Spec, pkg driver.Package) (string, error) {
	repository, err := p.images.Get(ctx)
	if err != nil {
		return "", fmt.Errorf("registry of function images: %w", err)
	}
	name, err := p.engine.Deployed(ctx, repository, Name, s, pkg, p.run.Log)
	if err != nil || repository == containers.LocalRepository {
		return name, err
	}
	_, err = p.engine.Push(ctx, name, p.run.Log)
	return name, err
}
