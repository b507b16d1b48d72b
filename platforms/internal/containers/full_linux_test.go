//go:build local

package containers_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A disk that fills during a build. Mounting a small one needs root, as CI has.
func TestInstallOnAFullDisk(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	dir := t.TempDir()
	err := syscall.Mount("sebs-test", dir, "tmpfs", 0, "size=1m,mode=755")
	if err == syscall.EPERM {
		t.Skip("only root may mount a disk")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	writeFile(t, dir, "package.sh", "echo filling; head -c 4M /dev/zero > big\n")
	var log watched
	err = install(t.Context(), t, e, run, dir, &log)
	require.ErrorContains(t, err, "install python-3.11: exit status 1; the end of its log:\nfilling\n")
	require.ErrorContains(t, err, "No space left on device")
	require.Empty(t, left(t, e, run))
}
