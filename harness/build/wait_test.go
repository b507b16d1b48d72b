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

// waitFor polls until ok, for at most two minutes.
func waitFor(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !ok() {
		require.False(tb, time.Now().After(deadline), "%s did not happen", what)
		time.Sleep(5 * time.Millisecond)
	}
}

// waitForText waits until a file that matches pattern contains text.
func waitForText(tb testing.TB, pattern, text string) {
	tb.Helper()
	waitFor(tb, text+" in "+pattern, func() bool {
		files, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil && strings.Contains(string(data), text) {
				return true
			}
		}
		return false
	})
}

// requireNoReader waits until no process has the named pipe open for reading.
func requireNoReader(tb testing.TB, pipe string) {
	tb.Helper()
	waitFor(tb, "the end of the reader of "+pipe, func() bool {
		f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			f.Close()
			return false
		}
		require.True(tb, errors.Is(err, syscall.ENXIO), "%v", err)
		return true
	})
}
