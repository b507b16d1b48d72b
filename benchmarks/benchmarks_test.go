package benchmarks_test

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks"
)

// TestAll has every folder of a benchmark in the table, and nothing else, by
// number.
func TestAll(t *testing.T) {
	configs, err := filepath.Glob("*/*/config.json") // sorted, as the groups are
	require.NoError(t, err)
	var folders []string
	for _, config := range configs {
		folders = append(folders, filepath.Base(filepath.Dir(config)))
	}
	var names []string
	for _, b := range benchmarks.All {
		names = append(names, b.Name)
		_, err := fs.Stat(b.Files, "config.json")
		require.NoError(t, err, b.Name)
	}
	for _, folder := range folders {
		require.Contains(t, names, folder, "the folder %s has a config.json and is not in All: add its Benchmark in benchmarks.go", folder)
	}
	for _, name := range names {
		require.Contains(t, folders, name, "All has %s, and no folder is called so: a benchmark's Name is its folder's", name)
	}
	require.Equal(t, folders, names, "All is in the order of the folders, each once")
}
