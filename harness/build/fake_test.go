package build_test

import (
	"context"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

// platform is the part of a platform that a build needs.
type platform struct {
	recipe driver.Recipe
	build  func(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error)
	builds int
}

func (p *platform) Recipe(context.Context, driver.Spec) (driver.Recipe, error) {
	return p.recipe, nil
}

func (p *platform) Build(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
	p.builds++
	if p.build == nil {
		return driver.Package{Kind: s.Kind}, nil
	}
	return p.build(ctx, dir, s, log)
}

// spec is the spec of a function in runtime.
func spec(tb testing.TB, runtime string) driver.Spec {
	tb.Helper()
	r, err := driver.ParseRuntime(runtime)
	require.NoError(tb, err)
	return driver.Spec{
		Name:         "name",
		Benchmark:    "000.fake",
		Runtime:      r,
		Architecture: driver.X64,
		Kind:         driver.Archive,
		Trigger:      driver.HTTP,
		Memory:       128,
	}
}

// folder is a benchmark's folder in Python.
func folder() fstest.MapFS {
	return fstest.MapFS{
		"config.json":                    {Data: []byte(`{"timeout": 10, "memory": 128, "languages": ["python", "nodejs"]}`)},
		"python/function.py":             {Data: []byte("def handler(event):\n    return {'result': 1}\n")},
		"python/lib/helper.py":           {Data: []byte("X = 1\n")},
		"python/tool.sh":                 {Data: []byte("#!/bin/bash\n")},
		"python/__pycache__/a.cpython-1": {Data: []byte("x")},
		"nodejs/function.js":             {Data: []byte("exports.handler = async () => ({});\n")},
	}
}

func openStore(tb testing.TB) *build.Store {
	tb.Helper()
	s, err := build.OpenStore(tb.TempDir())
	require.NoError(tb, err)
	return s
}

// job is the build of files in Python by p.
func job(tb testing.TB, p driver.Builder, files fs.FS) build.Job {
	tb.Helper()
	return build.Job{Builder: p, Platform: "fake", Files: files, Spec: spec(tb, "python-3.11"), Log: testLog{tb}}
}

// testLog writes to the log of a test.
type testLog struct{ testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.Helper()
	l.Logf("%s", p)
	return len(p), nil
}
