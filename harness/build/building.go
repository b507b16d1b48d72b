package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/plain"
)

// building is one build, under the lock of its digest.
type building struct {
	Job
	recipe driver.Recipe
	stage  staging
	digest string
	work   string // the folder for everything that is not complete
	log    string // the file for what the tools print
	entry  string // where the result goes
}

// run builds the package and moves it to its place in one step, as the last
// thing that it does.
func (b *building) run(ctx context.Context) (r Result, err error) {
	// Left by a build that was killed: nobody else works under this lock.
	if err := os.RemoveAll(b.work); err != nil {
		return Result{}, err
	}
	made := filepath.Join(b.work, "entry")
	if err := os.MkdirAll(made, 0o755); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.work)) }()

	file, err := os.Create(b.log)
	if err != nil {
		return Result{}, err
	}
	log := plain.NewWriter(file, environment.Secrets()...)
	p, failed, err := b.build(ctx, made, log)
	if closed := log.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return Result{}, fmt.Errorf("%w\nthe whole log: %s", err, b.log)
	}
	if err := os.Rename(b.log, filepath.Join(made, "build.log")); err != nil {
		return Result{}, err
	}
	m := manifest{
		Format:       format,
		Digest:       b.digest,
		Platform:     b.Platform,
		Benchmark:    b.Spec.Benchmark,
		Runtime:      b.Spec.Runtime.String(),
		Variant:      b.Spec.Variant,
		Architecture: b.Spec.Architecture,
		Kind:         p.Kind,
		Builder:      b.recipe.Builder,
		Built:        time.Now().UTC(),
		Dir:          p.Dir,
		Archive:      p.Archive,
		Image:        p.Image,
		Size:         p.Size,
		Warnings:     append(slices.Clone(b.stage.notes), failed...),
		Incomplete:   len(failed) > 0 || b.stage.moving,
	}
	if err := m.record(made); err != nil {
		return Result{}, err
	}
	// What is in the way is damaged. It is moved first, because a folder can
	// only be renamed to the name of an empty one.
	if exists(b.entry) {
		if err := os.Rename(b.entry, filepath.Join(b.work, "damaged")); err != nil {
			return Result{}, err
		}
	}
	if err := os.Rename(made, b.entry); err != nil {
		return Result{}, err
	}
	return m.result(b.entry), nil
}

// build stages, has the platform build, and archives, in the folder made of
// the entry. The paths of the package that it returns are relative to made.
// failed is what went wrong in staging without being an error.
func (b *building) build(ctx context.Context, made string, log io.Writer) (p driver.Package, failed []string, err error) {
	code := filepath.Join(made, "code")
	if err := os.Mkdir(code, 0o755); err != nil {
		return driver.Package{}, nil, err
	}
	scratch := filepath.Join(b.work, "benchmark")
	failed, err = b.stage.write(ctx, code, scratch, b.Job, b.recipe, log)
	if err != nil {
		return driver.Package{}, nil, err
	}
	p, err = b.Builder.Build(ctx, code, b.Spec, log)
	if err != nil {
		return driver.Package{}, nil, err
	}
	if err := ctx.Err(); err != nil {
		return driver.Package{}, nil, err
	}
	if p.Kind != b.Spec.Kind {
		return driver.Package{}, nil, fmt.Errorf("the platform built an %s and not an %s", p.Kind, b.Spec.Kind)
	}
	if p.Dir == "" {
		p.Dir = "."
	}
	for _, place := range []*string{&p.Dir, &p.Archive} {
		if *place == "" {
			continue
		}
		if !validName(filepath.ToSlash(*place)) {
			return driver.Package{}, nil, fmt.Errorf("the platform built %q, which is not in the staged folder", *place)
		}
		*place = path.Join("code", filepath.ToSlash(*place))
	}
	if p.Kind == driver.Archive && p.Archive == "" {
		p.Archive = "code.zip"
		size, err := Zip(filepath.Join(made, filepath.FromSlash(p.Dir)), filepath.Join(made, p.Archive))
		if err != nil {
			return driver.Package{}, nil, err
		}
		p.Size = size
	} else if p.Archive != "" {
		info, err := os.Stat(filepath.Join(made, filepath.FromSlash(p.Archive)))
		if err != nil {
			return driver.Package{}, nil, err
		}
		p.Size = info.Size()
	}
	return p, failed, nil
}
