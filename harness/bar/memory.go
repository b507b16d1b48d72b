package bar

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Memory returns by how many MB the resident memory of this process grew, at its
// peak, while f ran. It is read from /proc: elsewhere the test is skipped.
func Memory(t *testing.T, f func()) float64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the peak of resident memory is read from /proc")
	}
	debug.FreeOSMemory()
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)) // VmHWM begins anew
	before := resident(t, "VmRSS:")
	f()
	return (resident(t, "VmHWM:") - before) / 1e6
}

// resident returns a figure of resident memory in bytes.
func resident(t *testing.T, key string) float64 {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(data), key)
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return float64(kb) * 1024
}
