package probe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/cleanup"
)

// TestPrefixes: a prefix is locked while one of its runs is open, and a sweep
// finds its file if one of them left something.
func TestPrefixes(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("SEBS_CACHE", cache)
	files := func() int {
		all, err := os.ReadDir(filepath.Join(cache, "prefixes"))
		require.NoError(t, err)
		return len(all)
	}
	var p prefixes
	for _, clean := range []bool{true, false} {
		require.NoError(t, p.hold("dt1"))
		require.NoError(t, p.hold("dt1"))
		require.NoError(t, p.release("dt1", clean))
		_, err := cleanup.TakePrefix(cache, "dt1")
		require.ErrorIs(t, err, cleanup.ErrHeld)
		require.Equal(t, 1, files())
		require.NoError(t, p.release("dt1", true))
		require.Equal(t, !clean, files() == 1)
	}
	require.Error(t, p.release("dt1", true))
	lock, err := cleanup.TakePrefix(cache, "dt1")
	require.NoError(t, err)
	require.NoError(t, lock.Delete())
}
