package harness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// What crashed sandboxes printed is kept with the cell, each with the line of
// its invocation, and not without bound.
func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	var o outputs
	require.Empty(t, o.where(dir))
	v := Invocation{Sequence: 3, Request: "r3"}
	v.fail(&driver.Failure{Cause: driver.Handler, Detail: "it raised"})
	require.NoError(t, o.add(dir, &v))
	require.NoFileExists(t, filepath.Join(dir, "output.txt"), "nothing was printed")

	v.fail(&driver.Failure{Cause: driver.Crash, Detail: "exit status 1: E", Output: "first\x1b[2J\nE\n\n"})
	require.NoError(t, o.add(dir, &v))
	v = Invocation{Sequence: 4, Request: "r4"}
	v.fail(&driver.Failure{Cause: driver.TimedOut, Detail: "too long", Output: strings.Repeat("x", 1<<20) + "end"})
	require.NoError(t, o.add(dir, &v))
	text, err := os.ReadFile(filepath.Join(dir, "output.txt"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "=== seq 3, request r3, crash: exit status 1: E\nfirst\\x1b[2J\nE\n=== seq 4, request r4, timeout: too long\nxxx"))
	require.True(t, strings.HasSuffix(string(text), "xxxend\n"))
	require.Less(t, len(text), outputBytes+200)
	require.Equal(t, "; what their sandboxes printed is in "+filepath.Join(dir, "output.txt"), o.where(dir))

	for range 100 {
		require.NoError(t, o.add(dir, &v))
	}
	info, err := os.Stat(filepath.Join(dir, "output.txt"))
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(mostOutputs*(outputBytes+200)))
	require.Error(t, new(outputs).add(filepath.Join(dir, "none"), &v))
}
