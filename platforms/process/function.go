package process

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// function is a deployed function: fixed, apart from whether it was replaced.
type function struct {
	spec        driver.Spec
	digest      string
	root        string // the folder of its code
	interpreter interpreter.Interpreter
	command     []string
	env         []string

	pooled *pool.Function // what the pool knows of it
}

// newFunction returns a function whose code is in the folder of pkg.
func newFunction(p *Platform, s driver.Spec, pkg driver.Package, i interpreter.Interpreter) (*function, error) {
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
	l := languages[s.Runtime.Language]
	handler := filepath.Join(root, l.handler)
	if _, err := os.Stat(handler); err != nil {
		return nil, fmt.Errorf("the package was not built for this platform: %w", err)
	}
	f := &function{spec: s, digest: pkg.Digest, root: root, interpreter: i}
	f.pooled = &pool.Function{
		Name: s.Name, Memory: s.Memory, Processes: processLimit, Timeout: s.Timeout,
		New: func() pool.Sandbox { return newSandbox(p, f) },
	}
	f.spec.Environment = maps.Clone(s.Environment)
	f.spec.Modules = slices.Clone(s.Modules)
	f.env = []string{
		"PATH=" + filepath.Dir(i.Path) + ":/usr/local/bin:/usr/bin:/bin",
		"LANG=C.UTF-8",
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		f.env = append(f.env, name+"="+s.Environment[name])
	}
	st := started{root: root, memory: s.Memory}
	f.command = l.command(i, st)
	if l.env != nil {
		f.env = append(f.env, l.env(st)...) // of two values the first counts
	}
	return f, nil
}

// same says whether nothing differs that makes a sandbox.
func (f *function) same(g *function) bool {
	return f.digest == g.digest && f.root == g.root && f.interpreter == g.interpreter &&
		f.spec.Memory == g.spec.Memory && f.spec.Timeout == g.spec.Timeout && slices.Equal(f.env, g.env)
}
