package cleanup_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/cleanup"
)

// TestTake: of a file and of a folder, also if they cannot be written.
func TestTake(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "run.log")
	require.NoError(t, os.WriteFile(file, nil, 0o444))
	for _, path := range []string{dir, file} {
		l, err := cleanup.Take(path)
		require.NoError(t, err)
		_, err = cleanup.Take(path)
		require.ErrorIs(t, err, cleanup.ErrHeld, "in the same process")
		require.NoError(t, l.Release())
		l, err = cleanup.Take(path)
		require.NoError(t, err)
		require.NoError(t, l.Release())
	}
	_, err := cleanup.Take(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTakePrefix(t *testing.T) {
	cache := t.TempDir()
	l, err := cleanup.TakePrefix(cache, "mine")
	require.NoError(t, err)
	_, err = cleanup.TakePrefix(cache, "mine")
	require.ErrorIs(t, err, cleanup.ErrHeld)
	require.ErrorContains(t, err, "prefix mine is used by process ")
	other, err := cleanup.TakePrefix(cache, "mine2")
	require.NoError(t, err)
	require.NoError(t, other.Release())
	require.NoError(t, l.Delete())
	require.NoFileExists(t, filepath.Join(cache, "prefixes", "mine"))
	require.FileExists(t, filepath.Join(cache, "prefixes", "mine2"))

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = cleanup.TakePrefix(file, "mine")
	require.ErrorContains(t, err, "SEBS_CACHE")
}

// TestPrefixOnce: a prefix has one user at a time, although each deletes the
// file.
func TestPrefixOnce(t *testing.T) {
	cache := t.TempDir()
	var users, had atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				l, err := cleanup.TakePrefix(cache, "mine")
				if err != nil {
					continue
				}
				had.Add(1)
				if n := users.Add(1); n > 1 {
					t.Errorf("%d have it", n)
				}
				users.Add(-1)
				if err := l.Delete(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.Positive(t, had.Load())
}
