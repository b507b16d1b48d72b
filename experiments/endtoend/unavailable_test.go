package endtoend_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// twoLanguages is a function of which every machine has the first form.
const twoLanguages = `
-- 950.two-languages/config.json --
{"timeout": 10, "memory": 128, "languages": ["python", "cpp"]}
-- 950.two-languages/input.py --
def generate_input(data_dir, size, input_buckets, output_buckets, upload_func):
    return {}
-- 950.two-languages/python/function.py --
def handler(event):
    return {"result": 1}
-- 950.two-languages/cpp/function.cpp --
#include <nlohmann/json.hpp>
nlohmann::json function(const nlohmann::json &) { return {{"result", 1}}; }
`

// TestUnavailable: a function that cannot be had here is left out with the
// words of the tool, unless the pattern names its language.
func TestUnavailable(t *testing.T) {
	dir, broken := t.TempDir(), t.TempDir()
	for _, f := range txtar.Parse([]byte(twoLanguages)).Files {
		path := filepath.Join(dir, f.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(broken, "cmake"), []byte("#!/bin/sh\necho 'the disk has a hole' >&2\nexit 3\n"), 0o755))
	env := []string{"SEBS_BENCHMARKS=" + dir, "PATH=" + broken + ":" + os.Getenv("PATH"), "SEBS_CACHE=" + t.TempDir()}
	const reason = "not available on this machine: "
	without, err := experiment(t, "Regression/950.*cpp-", env...) // a machine may have no g++ either
	require.Error(t, err, without)
	require.Contains(t, without, reason)
	require.NotContains(t, without, "--- SKIP")
	if hasCompiler := filepath.Join("/usr/bin", "g++"); fileExists(hasCompiler) {
		require.Contains(t, without, "CMake cannot build here: the disk has a hole: apt-get install g++ cmake make")
	}

	broad, err := experiment(t, "Regression/950", env...)
	require.NoError(t, err, broad)
	require.Contains(t, broad, "--- SKIP: TestRegression/platform=process,benchmark=950.two-languages,runtime=cpp-")
	require.Contains(t, broad, "--- PASS: TestRegression/platform=process,benchmark=950.two-languages,runtime=python-")
	require.Contains(t, broad, reason)

	both, err := experiment(t, "Regression/950.*(cpp|python)", env...)
	require.Error(t, err, both)
	require.Contains(t, both, "--- PASS: TestRegression/platform=process,benchmark=950.two-languages,runtime=python-")
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
