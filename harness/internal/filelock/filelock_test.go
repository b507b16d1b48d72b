package filelock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/filelock"
)

// TestLock: of a file that cannot be written, and of a folder, also within one
// process.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o444))
	for _, path := range []string{file, dir} {
		open := func() *os.File {
			f, err := os.Open(path)
			require.NoError(t, err)
			t.Cleanup(func() { f.Close() })
			return f
		}
		first, second, third := open(), open(), open()
		require.NoError(t, filelock.Try(first))
		require.NoError(t, filelock.Try(first), "it has it")
		require.ErrorIs(t, filelock.Try(second), filelock.ErrHeld)

		waited := make(chan error, 1)
		go func() { waited <- filelock.Wait(second) }()
		require.NoError(t, first.Close())
		require.NoError(t, <-waited)
		require.ErrorIs(t, filelock.Try(third), filelock.ErrHeld)
		require.NoError(t, second.Close())
		require.NoError(t, filelock.Try(third))
	}
	closed, err := os.Open(file)
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	require.Error(t, filelock.Try(closed))
	require.Error(t, filelock.Wait(closed))
}
