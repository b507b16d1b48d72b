package process

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// function is what makes the sandboxes of a deployed function. It is fixed.
type function struct {
	root        string // the folder of its code
	interpreter interpreter.Interpreter
	command     []string
	env         []string

	pooled *pool.Function // what the pool knows of it
}

// newFunction returns a function whose code is in the folder of pkg.
func newFunction(p *Platform, s driver.Spec, pkg driver.Package, i interpreter.Interpreter) (*pool.Function, error) {
	if pkg.Dir == "" {
		return nil, fmt.Errorf("the package has no folder of code")
	}
	root, err := filepath.Abs(pkg.Dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, fmt.Errorf("the package's code: %w", err)
	}
	data, err := dockerfiles.Lookup(Name, s.Runtime.Language)
	if err != nil {
		return nil, err
	}
	if err := build.LaidOut(root, data.Kept...); err != nil {
		return nil, err
	}
	l := languages[s.Runtime.Language]
	f := &function{root: root, interpreter: i}
	f.env = environment.Function.Variables("PATH=" + filepath.Dir(i.Path) + ":/usr/local/bin:/usr/bin:/bin")
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		f.env = append(f.env, name+"="+s.Environment[name])
	}
	st := started{root: root, memory: s.Memory}
	f.command = l.command(i, st)
	if l.env != nil {
		f.env = append(f.env, l.env(st)...) // of two values the first counts
	}
	f.pooled = &pool.Function{
		Name:   s.Name,
		Memory: s.Memory, Processes: processLimit, Timeout: s.Timeout,
		Identity: fmt.Sprintf("%q", []any{pkg.Digest, f.command, f.env, s.Memory, s.Timeout}),
		New:      func() pool.Sandbox { return newSandbox(p, f) },
	}
	return f.pooled, nil
}
