package build_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
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
