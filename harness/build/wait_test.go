package build_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// waitFor polls until ok, for at most half a minute.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		require.False(t, time.Now().After(deadline), "%s did not happen", what)
		time.Sleep(5 * time.Millisecond)
	}
}

// waitForText waits until a file that matches pattern contains text.
func waitForText(t testing.TB, pattern, text string) {
	t.Helper()
	waitFor(t, text+" in "+pattern, func() bool {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil && strings.Contains(string(data), text) {
				return true
			}
		}
		return false
	})
}

// requireNoReader waits until no process has the named pipe open for reading.
func requireNoReader(t testing.TB, pipe string) {
	t.Helper()
	waitFor(t, "the end of the reader of "+pipe, func() bool {
		f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			f.Close()
			return false
		}
		require.True(t, errors.Is(err, syscall.ENXIO), "%v", err)
		return true
	})
}
