package process

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// function is a deployed function: fixed, apart from whether it was replaced.
type function struct {
	spec        driver.Spec
	digest      string
	root        string // the folder of its code
	interpreter interpreter.Interpreter
	command     []string
	env         []string

	retired bool // guarded by the pool
}

// newFunction returns a function whose code is in the folder of p.
func newFunction(s driver.Spec, p driver.Package, i interpreter.Interpreter) (*function, error) {
	if p.Dir == "" {
		return nil, fmt.Errorf("the package has no folder of code")
	}
	root, err := filepath.Abs(p.Dir)
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
	f := &function{spec: s, digest: p.Digest, root: root, interpreter: i, command: command(i)}
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

// memory returns its limit in MB. A function without one counts as a typical
// one.
func (f *function) memory() int64 {
	if f.spec.Memory <= 0 {
		return 256
	}
	return int64(f.spec.Memory)
}

// same says whether nothing differs that makes a sandbox.
func (f *function) same(g *function) bool {
	return f.digest == g.digest && f.root == g.root && f.interpreter == g.interpreter &&
		f.spec.Memory == g.spec.Memory && f.spec.Timeout == g.spec.Timeout && slices.Equal(f.env, g.env)
}

// exceeded says which limit a sandbox of f met between before and after, nil
// if none.
func (f *function) exceeded(before, after limits) *driver.Failure {
	switch {
	case after.memory > before.memory:
		return &driver.Failure{Cause: driver.Memory, Detail: fmt.Sprintf("the function used more than %d MB of memory", f.spec.Memory)}
	case after.processes > before.processes:
		return &driver.Failure{Cause: driver.Processes, Detail: fmt.Sprintf("the function started more than %d processes and threads", processLimit)}
	}
	return nil
}
