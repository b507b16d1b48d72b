package process_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/process"
)

// sources are where each language has the source of a function.
var sources = map[string]string{
	"python": "function.py",
	"nodejs": "function.js",
	"java":   "src/main/java/function/Function.java",
	"go":     "function.go",
	"cpp":    "function.cpp",
}

// example returns the function in a language that a folder of testdata has.
func example(t *testing.T, folder, language string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", folder, filepath.Base(sources[language])))
	require.NoError(t, err)
	return string(source)
}

// built builds a package of one source as an experiment does.
func built(t *testing.T, s driver.Spec, source string) driver.Package {
	t.Helper()
	store, err := build.OpenStore(t.TempDir())
	require.NoError(t, err)
	r, err := store.Package(t.Context(), build.Job{
		Platform:     openPlatform(t, isolations["shared"]),
		PlatformName: process.Name,
		Files:        fstest.MapFS{s.Runtime.Language + "/" + sources[s.Runtime.Language]: {Data: []byte(source), Mode: 0o444}},
		Spec:         s,
	})
	require.NoError(t, err)
	return r.Package
}
