package build

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
)

// Go sources import the shims by their paths in this module. A staged folder
// is a module of its own, whose dependencies are in go.mod.txt and go.sum.txt
// (a go.mod would make the folder a module also where it is kept, which cannot
// be embedded), and which has the shims as this module, in the folder .sebs.
const (
	goManifest = "go.mod.txt"
	goLock     = "go.sum.txt"
	goShims    = ".sebs"
	goModule   = "github.com/sebs-go/sebs"

	// goFunction is the path of the function's package. Packages are
	// initialised in the order of their paths, and this one sorts after the
	// wrapper's, which measures how long loading the function takes.
	goFunction = "your.function"

	// goShimPath begins the paths of the packages for stores.
	goShimPath = goModule + "/benchmarks/wrappers/process/go/"

	// goHandlers are where platforms have the package that serves a function:
	// handler.Main(init, handler).
	goHandlers = goShims + "/benchmarks/wrappers/*/go/handler"

	// goMain is the package that is built.
	goMain = goShims + "/main"
)

// generateGo returns the module files and the main package of a Go function.
func generateGo(j Job, _ config, code *tree, r driver.Recipe) (map[string][]byte, error) {
	s := j.Spec
	hasInit, err := inspectGo(s, code)
	if err != nil {
		return nil, err
	}
	required, err := readGoManifest(code)
	if err != nil {
		return nil, err
	}
	version := s.Runtime.Version
	if strings.Count(version, ".") == 1 {
		version += ".0" // 1.26 is before 1.26.0, which dependencies may want
	}
	made := map[string][]byte{
		"go.mod": fmt.Appendf(nil, "module %s\n\ngo %s\n\nrequire %s v0.0.0\n\nreplace %s => ./%s\n\n%s",
			goFunction, version, goModule, goModule, goShims, required),
		goShims + "/go.mod": fmt.Appendf(nil, "module %s\n\ngo %s\n", goModule, version),
	}
	init := "nil"
	if hasInit {
		init = "function.Init"
	}
	handler, err := goHandler(r)
	if err != nil {
		return nil, err
	}
	made[goMain+"/main.go"] = fmt.Appendf(nil, `package main

import (
	handler %q
	function %q
)

func main() { handler.Main(%s, function.Handler) }
`, handler, goFunction, init)
	if f, ok := code.find(goLock); ok {
		if made["go.sum"], err = code.read(f); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// goHandler returns the import path of the package of a recipe that serves a
// function.
func goHandler(r driver.Recipe) (string, error) {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		folder := path.Dir(name)
		if ok, err := path.Match(goHandlers, folder); err != nil {
			return "", err
		} else if ok && !slices.Contains(found, folder) {
			found = append(found, folder)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("the platform adds %d packages handler that could serve a Go function, want one in %s", len(found), goHandlers)
	}
	return goModule + strings.TrimPrefix(found[0], goShims), nil
}

// inspectGo checks that a Go function has a handler and the stores that it
// imports, and says whether it has an Init.
func inspectGo(s driver.Spec, code *tree) (hasInit bool, err error) {
	hasHandler, files := false, 0
	for _, f := range code.files {
		if strings.Contains(f.name, "/") || !strings.HasSuffix(f.name, ".go") || strings.HasSuffix(f.name, "_test.go") {
			continue
		}
		text, err := code.read(f)
		if err != nil {
			return false, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.name, text, parser.SkipObjectResolution)
		if err != nil {
			return false, err
		}
		if parsed.Name.Name == "main" {
			return false, fmt.Errorf("%s is of package main: a function is a package that can be imported, as package function", f.name)
		}
		files++
		for _, i := range parsed.Imports {
			module := driver.Module(path.Base(strings.Trim(i.Path.Value, `"`)))
			if strings.Trim(i.Path.Value, `"`) == goShimPath+string(module) && !slices.Contains(s.Modules, module) {
				return false, fmt.Errorf("%s imports the package %s: config.json must name the module %s", f.name, module, module)
			}
		}
		for _, d := range parsed.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				hasHandler = hasHandler || fn.Name.Name == "Handler"
				hasInit = hasInit || fn.Name.Name == "Init"
			}
		}
	}
	switch {
	case files == 0:
		return false, errors.New("its folder go has no Go file")
	case !hasHandler:
		return false, errors.New("its folder go has no func Handler, as func Handler(event map[string]any) (any, error)")
	}
	return hasInit, nil
}

var goRequirement = regexp.MustCompile(`^require [^\s"]+ v[^\s"]+( // indirect)?$`)

// readGoManifest returns the dependencies of a Go function.
func readGoManifest(code *tree) ([]byte, error) {
	f, ok := code.find(goManifest)
	if !ok {
		return nil, nil
	}
	text, err := code.read(f)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") && !goRequirement.MatchString(line) {
			return nil, fmt.Errorf("%s: %q: want require path version on each line", goManifest, line)
		}
	}
	return append(bytes.TrimSpace(text), '\n'), nil
}

// maxText bounds a source that is read whole, in bytes.
const maxText = 16 << 20

// read returns the content of a source, which is a text.
func (t *tree) read(f source) ([]byte, error) {
	r, err := t.fsys.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(text) > maxText {
		err = fmt.Errorf("%s: it has more than %d bytes", f.path, maxText)
	}
	return text, err
}
