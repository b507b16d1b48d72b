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
	require.Equal(t, folders, names)
}
