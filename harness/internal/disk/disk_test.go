package disk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/disk"
)

func TestSize(t *testing.T) {
	for bytes, want := range map[uint64]string{0: "0 MB", 999e6: "999 MB", 1e9: "1.0 GB", 2.55e9: "2.5 GB"} {
		require.Equal(t, want, disk.Size(bytes))
	}
}

func TestFree(t *testing.T) {
	free, err := disk.Free(t.TempDir())
	require.NoError(t, err)
	require.Positive(t, free)
	_, err = disk.Free("/no/such/folder")
	require.Error(t, err)
}
