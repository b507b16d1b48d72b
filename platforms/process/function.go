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
	handler := filepath.Join(root, handlers[s.Runtime.Language])
	if _, err := os.Stat(handler); err != nil {
		return nil, fmt.Errorf("the package was not built for this platform: %w", err)
	}
	f := &function{spec: s, digest: pkg.Digest, root: root, interpreter: i, command: command(i)}
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
	return f, nil
}

// handlers are the modules that serve functions, by language.
var handlers = map[string]string{"python": "handler.py", "nodejs": "handler.js"}

// command returns how a function is started in the folder of its code.
func command(i interpreter.Interpreter) []string {
	if i.Language == "python" {
		// Without the machine's own packages, and without writing compiled
		// files into the package.
		return []string{i.Path, "-S", "-B", "-c", "import handler; handler.main()"}
	}
	return []string{i.Path, "handler.js"}
}

// same says whether nothing differs that makes a sandbox.
func (f *function) same(g *function) bool {
	return f.digest == g.digest && f.root == g.root && f.interpreter == g.interpreter &&
		f.spec.Memory == g.spec.Memory && f.spec.Timeout == g.spec.Timeout && slices.Equal(f.env, g.env)
}
