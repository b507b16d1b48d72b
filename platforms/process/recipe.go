package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// Recipe adds the shims of the function's language and of its stores. The
// builder is the interpreter, by path, version and ABI, and the installer.
func (p *Platform) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if err := p.features.Check(s); err != nil {
		return driver.Recipe{}, err
	}
	l, err := dockerfiles.Lookup(Name, s.Runtime.Language)
	if err != nil {
		return driver.Recipe{}, err
	}
	i, err := interpreter.Find(ctx, s.Runtime.Language, s.Runtime.Version)
	if err != nil {
		return driver.Recipe{}, err
	}
	files, err := dockerfiles.Files(Name, s.Runtime.Language, s.Modules)
	if err != nil {
		return driver.Recipe{}, err
	}
	installer, err := dockerfiles.Installer(s.Runtime.Language)
	if err != nil {
		return driver.Recipe{}, err
	}
	sum := sha256.Sum256(installer)
	return driver.Recipe{
		Files:    files,
		Packages: l.For(s.Modules).Packages,
		Builder: fmt.Sprintf("%s %s %s %s, installer %s",
			i.Language, i.Version, i.ABI, i.Path, hex.EncodeToString(sum[:])),
	}, nil
}

// Build installs the dependencies with this machine's tools and lays the
// folder out: the user's files and the shims that they import in the folder
// function, what starts them and what they depend on beside it.
func (p *Platform) Build(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
	if err := p.features.Check(s); err != nil {
		return driver.Package{}, err
	}
	i, err := interpreter.Find(ctx, s.Runtime.Language, s.Runtime.Version)
	if err != nil {
		return driver.Package{}, err
	}
	l := languages[s.Runtime.Language]
	err = build.Install(ctx, dir, build.Installer{
		Runtime:      s.Runtime,
		Architecture: s.Architecture,
		Platform:     Name,
		Env:          l.tools(i),
		Guard:        p.run.Guard,
	}, log)
	if err != nil {
		return driver.Package{}, err
	}
	if err := build.Layout(dir, append(slices.Clone(l.kept), l.handler)...); err != nil {
		return driver.Package{}, err
	}
	return driver.Package{Kind: driver.Archive, Dir: "."}, nil
}

// executable says whether path is a file that can be run.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
