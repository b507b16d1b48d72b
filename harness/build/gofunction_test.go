package build_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// What is wrong with a Go function is said before anything is installed.
func TestGoFunctions(t *testing.T) {
	const handler = "package function\nfunc Handler(event map[string]any) (any, error) { return nil, nil }\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no file":      {map[string]string{"data.txt": ""}, "no Go file"},
		"no handler":   {map[string]string{"function.go": "package function\nfunc (x T) Handler() {}\n"}, "no func Handler"},
		"only a test":  {map[string]string{"function_test.go": handler}, "no Go file"},
		"a program":    {map[string]string{"function.go": "package main\nfunc Handler() {}\n"}, "package main"},
		"wrong syntax": {map[string]string{"function.go": "package function\nfunc Handler( {\n"}, "function.go:2:15"},
		"no module": {
			map[string]string{"function.go": handler, "store.go": "package function\nimport \"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage\"\n"},
			"store.go imports the package storage: config.json must name the module storage",
		},
		"manifest": {map[string]string{"function.go": handler, "go.mod.txt": "require example.com/a v1\nreplace example.com/a => ../a\n"}, "replace example.com/a"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"config.json": {Data: []byte("{}")}}
			for file, text := range test.files {
				files["go/"+file] = &fstest.MapFile{Data: []byte(text)}
			}
			j := job(t, &platform{}, files)
			j.Spec.Runtime = spec(t, "go-1.26").Runtime
			_, err := openStore(t).Package(t.Context(), j)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// The program serves with the package handler of its platform, whichever that
// is; there must be one.
func TestGoHandlers(t *testing.T) {
	const wrappers = ".sebs/benchmarks/wrappers/"
	for name, tt := range map[string]struct {
		files []string
		want  string // in the program, or in the error
		fails bool
	}{
		"process":  {files: []string{"process/go/handler/handler.go", "process/go/storage/storage.go", "answer/go/answer.go"}, want: `handler "github.com/sebs-go/sebs/benchmarks/wrappers/process/go/handler"`},
		"own":      {files: []string{"cloud/go/handler/a.go", "cloud/go/handler/b.go", "process/go/storage/storage.go"}, want: `handler "github.com/sebs-go/sebs/benchmarks/wrappers/cloud/go/handler"`},
		"none":     {files: []string{"process/go/storage/storage.go"}, want: "0 packages handler", fails: true},
		"two":      {files: []string{"process/go/handler/handler.go", "cloud/go/handler/handler.go"}, want: "2 packages handler", fails: true},
		"no depth": {files: []string{"process/go/handler/more/handler.go"}, want: "0 packages handler", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			var program []byte
			p := &platform{recipe: driver.Recipe{Files: map[string][]byte{}}}
			for _, f := range tt.files {
				p.recipe.Files[wrappers+f] = []byte("package x\n")
			}
			p.build = func(_ context.Context, dir string, s driver.Spec, _ io.Writer) (_ driver.Package, err error) {
				program, err = os.ReadFile(filepath.Join(dir, ".sebs/main/main.go"))
				return driver.Package{Kind: s.Kind}, err
			}
			j := job(t, p, fstest.MapFS{"go/function.go": {Data: []byte("package function\nfunc Handler(int) (int, error) { return 0, nil }\n")}})
			j.Spec.Runtime = spec(t, "go-1.26").Runtime
			_, err := openStore(t).Package(t.Context(), j)
			if tt.fails {
				require.ErrorContains(t, err, tt.want)
				return
			}
			require.NoError(t, err)
			require.Contains(t, string(program), tt.want)
		})
	}
}
