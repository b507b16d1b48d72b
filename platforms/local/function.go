package local

import (
	"context"
	"fmt"
	"maps"
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
