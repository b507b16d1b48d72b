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
	most := map[string]float64{"110.dynamic-html": 1.6, "210.thumbnailer": 16, "501.graph-pagerank": 10, "411.image-recognition": 250}
	cache, results := t.TempDir(), t.TempDir()
	out, err := experiment(t, "Regression/platform=process.*(110|210|411|501).*python-3.11", "SEBS_RESULTS="+results, "SEBS_CACHE="+cache)
	require.NoError(t, err, out)
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
