package process_test

import (
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
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

// packages is the folder of the functions that tests build: that of experiments,
// so that each is built once, whatever runs the tests.
func packages() (string, error) { return driver.CacheFolder(os.Getenv("SEBS_CACHE")) }

// built returns a package of one source, built as an experiment does.
func built(t *testing.T, s driver.Spec, source string) driver.Package {
	t.Helper()
	dir, err := packages()
	require.NoError(t, err)
	return builtIn(t, dir, s, source)
}

func builtIn(t *testing.T, dir string, s driver.Spec, source string) driver.Package {
	t.Helper()
	r, err := tryBuild(t, dir, s, source)
	require.NoError(t, err)
	return r.Package
}

// tryBuild builds a function that may be wrong. Where no function of the language
// can be built, the test is left out.
func tryBuild(t *testing.T, dir string, s driver.Spec, source string) (build.Result, error) {
	t.Helper()
	store, err := build.OpenStore(dir)
	require.NoError(t, err)
	r, err := store.Package(t.Context(), build.Job{
		Builder:  openPlatform(t, isolations["shared"]),
		Platform: process.Name,
		Files:    fstest.MapFS{s.Runtime.Language + "/" + sources[s.Runtime.Language]: {Data: []byte(source), Mode: 0o444}},
		Spec:     s,
	})
	leftout.If(t, err)
	return r, err
}

// What is built depends on the sources and the tools, and on no place or time.
func TestReproducible(t *testing.T) {
	leftout.UnlessNamed(t, "it compiles everything twice")
	for _, language := range []string{"java", "go", "cpp"} {
		t.Run(language, func(t *testing.T) {
			if language == "cpp" {
				t.Setenv("SEBS_CACHE", t.TempDir()) // the first build compiles the shims, and the second finds them
			}
			s := spec(t, openPlatform(t, isolations["shared"]), language)
			var all [2]map[string][32]byte
			for i := range all {
				dir := builtIn(t, t.TempDir(), s, echo[language]).Dir
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

// A Go function has the modules that go.mod.txt names, and its package says so.
func TestGoModules(t *testing.T) {
	const module = "gonum.org/v1/gonum"
	var required, sums strings.Builder
	for name, found := range map[string]*strings.Builder{"go.mod": &required, "go.sum": &sums} {
		text, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(strings.TrimSpace(line), module+" ") {
				found.WriteString(strings.TrimSpace(line) + "\n")
			}
		}
	}
	p := openPlatform(t, isolations["shared"])
	s := spec(t, p, "go")
	store, err := build.OpenStore(t.TempDir())
	require.NoError(t, err)
	r, err := store.Package(t.Context(), build.Job{Builder: p, Platform: process.Name, Spec: s, Files: fstest.MapFS{
		"go/function.go": {Data: []byte("package function\n\nimport \"" + module + "/floats\"\n\n" +
			"func Handler(event struct{ Terms []float64 }) (float64, error) { return floats.Sum(event.Terms), nil }\n")},
		"go/go.mod.txt": {Data: []byte("require " + required.String())},
		"go/go.sum.txt": {Data: []byte(sums.String())},
	}})
	require.NoError(t, err)
	require.InDelta(t, 6, result[float64](t, deploy(t, p, s, r.Package), `{"terms": [1, 2, 3]}`), 0)
	version := strings.Fields(required.String())[1]
	require.Equal(t, []build.Dependency{{Name: module, Version: version}}, r.Dependencies)
}

// A C++ function written for SeBS takes values of rapidjson, and calls a store
// of another shape.
func TestSeBSFunctionInCPP(t *testing.T) {
	p := openPlatform(t, isolations["shared"])
	buckets, err := p.Buckets(t.Context())
	require.NoError(t, err)
	const bucket = "t-sebs"
	require.NoError(t, buckets.Create(t.Context(), bucket))
	source, err := os.ReadFile("testdata/sebs.cpp")
	require.NoError(t, err)
	s := spec(t, p, "cpp")
	s.Modules = []driver.Module{driver.Storage}
	s.Environment = buckets.Access()
	a := call(t, deploy(t, p, s, built(t, s, string(source)+staticAsserts())), `{"bucket": "t-sebs", "key": "out/a.1.bin", "size": 3000000}`)
	require.Nil(t, a.Error)
	require.JSONEq(t, `{"same": true, "missing": true, "refused": true, "times": true, "of day": true, "streamed": true, "into": true, "nothing": true}`, string(a.Result))
	var measured map[string]int64
	require.NoError(t, json.Unmarshal(a.Measurement, &measured))
	require.Positive(t, measured["upload_time"])
	content, err := buckets.Open(t.Context(), bucket, "out/a.1.bin")
	require.NoError(t, err, "the key is the function's own")
	require.NoError(t, content.Close())
}

// A Java function finds the files beside its source as resources.
func TestJavaResources(t *testing.T) {
	p := openPlatform(t, isolations["shared"])
	s := spec(t, p, "java")
	store, err := build.OpenStore(t.TempDir())
	require.NoError(t, err)
	r, err := store.Package(t.Context(), build.Job{Builder: p, Platform: process.Name, Spec: s, Files: fstest.MapFS{
		"java/templates/page.html": {Data: []byte("grüße")},
		"java/src/main/java/function/Function.java": {Data: []byte("package function;\n\npublic class Function {\n" +
			"  public Object handler(java.util.Map<String, Object> event) throws Exception {\n" +
			"    try (var in = getClass().getClassLoader().getResourceAsStream(\"templates/page.html\")) {\n" +
			"      return new String(in.readAllBytes(), \"UTF-8\");\n    }\n  }\n}\n")},
	}})
	leftout.If(t, err)
	require.NoError(t, err)
	require.Equal(t, "grüße", result[string](t, deploy(t, p, s, r.Package), "{}"))
}
