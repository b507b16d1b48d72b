package process_test

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// What is built depends on the sources and the tools, and on no place or time.
func TestReproducible(t *testing.T) {
	for _, language := range []string{"java", "go", "cpp"} {
		t.Run(language, func(t *testing.T) {
			s := spec(t, openPlatform(t, isolations["shared"]), language)
			var all [2]map[string][32]byte
			for i := range all {
				dir := built(t, s, echo[language]).Dir
				all[i] = map[string][32]byte{}
				require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
					if err != nil || d.IsDir() {
						return err
					}
					data, err := os.ReadFile(p)
					require.NotContains(t, string(data), dir, p)
					require.NotContains(t, string(data), filepath.Dir(filepath.Dir(dir)), p)
					all[i][strings.TrimPrefix(p, dir)] = sha256.Sum256(data)
					return err
				}))
			}
			require.NotEmpty(t, all[0])
			require.Equal(t, all[0], all[1])
		})
	}
}
