package driver_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestCacheFolder(t *testing.T) {
	got, err := driver.CacheFolder("/named")
	require.NoError(t, err)
	require.Equal(t, "/named", got)

	dir := t.TempDir()
	t.Chdir(dir)
	got, err = driver.CacheFolder("below")
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(got), got)
	require.Equal(t, "below", filepath.Base(got))

	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	_, err = driver.CacheFolder("")
	require.ErrorContains(t, err, "set SEBS_CACHE")
	t.Setenv("HOME", dir)
	got, err = driver.CacheFolder("")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"linux": filepath.Join(dir, ".cache", "sebs"), "darwin": filepath.Join(dir, "Library", "Caches", "sebs")}[runtime.GOOS], got)
}
