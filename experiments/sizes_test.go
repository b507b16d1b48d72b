package experiments_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
)

// packageSizes judges how large packages of Python 3.11 are when they are
// unpacked: no larger than SeBS's own, and 411 within what AWS Lambda takes.
func packageSizes(t *testing.T) {
	judgeSizes(t, "Regression/platform=process.*(110|210|411|501).*python-3.11", map[string]float64{
		"110.dynamic-html": 1.6, "210.thumbnailer": 16, "501.graph-pagerank": 10, "411.image-recognition": onLambda,
	})
}

// onLambda is what AWS Lambda takes as a function's code, unpacked, MB.
const onLambda = 250

// TestPyTorch builds, trims, deploys and runs 411 in PyTorch, checks what it
// says, and judges how large its package is. It wants a wheel of PyTorch for
// processors where pip finds it, such as the one that .ci/torch makes:
//
//	PIP_FIND_LINKS=<folder> go test -v -run '^TestPyTorch$' ./experiments
func TestPyTorch(t *testing.T) {
	named(t)
	judgeSizes(t, "Regression/platform=process.*411.*python-3.11,variant=pytorch", map[string]float64{"411.image-recognition": onLambda}, "SEBS_SIZE=test,small")
}

// judgeSizes runs experiments with an empty store, and judges how many MB the
// packages of benchmarks have when they are unpacked.
func judgeSizes(t *testing.T, pattern string, most map[string]float64, env ...string) {
	t.Helper()
	cache, results := t.TempDir(), t.TempDir()
	out, err := experiment(t, pattern, append(env, "SEBS_RESULTS="+results, "SEBS_CACHE="+cache)...)
	require.NoError(t, err, out)
	t.Log(out)
	require.NotContains(t, out, "--- SKIP")
	files, err := filepath.Glob(filepath.Join(results, "*", "run.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var run struct {
		Packages []struct{ Function, Digest string }
	}
	require.NoError(t, json.Unmarshal(data, &run))
	require.Len(t, run.Packages, len(most))
	for name, limit := range most {
		for _, p := range run.Packages {
			if strings.Contains(p.Function, name) {
				bar.AtMost(t, "package of "+name, unpacked(t, filepath.Join(cache, "packages", p.Digest, "code"))/1e6, limit, " MB")
			}
		}
	}
}

// unpacked returns how many bytes the files of a folder have.
func unpacked(t *testing.T, dir string) float64 {
	t.Helper()
	sum := 0.0
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += float64(info.Size())
		}
		return err
	}))
	require.NotZero(t, sum, dir)
	return sum
}
