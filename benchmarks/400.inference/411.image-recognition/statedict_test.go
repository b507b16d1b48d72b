package recognition

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadStateDict reads what Python wrote: testdata/old.pth has a matrix, its
// second row with a storage shared, a scalar, a counter of another type, and a
// dictionary's metadata.
func TestReadStateDict(t *testing.T) {
	data, err := os.ReadFile("testdata/old.pth")
	require.NoError(t, err)
	state, err := readStateDict(data)
	require.NoError(t, err)
	require.Equal(t, stateDict{
		"fc.weight": {1, 2, 3, 4, 5, 6},
		"fc.row":    {4, 5, 6},
		"fc.scalar": {0.5},
	}, state)
	_, err = state.tensor(tensor{"fc.bias", []int{3}})
	require.ErrorContains(t, err, "no fc.bias")

	for n := range data {
		_, err := readStateDict(data[:n])
		require.Error(t, err, n)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"another format":         {"\x6c\xfc", "\x6c\xfd", "magic number"},
		"a call of a function":   {"_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_tensor_v3"},
		"an unknown class":       {"collections\nOrderedDict", "collections\nDefaultDict", "collections.DefaultDict"},
		"an unknown storage":     {"storage", "archive", "not a pickle"},
		"an unknown instruction": {"\x80\x02", "\xff\x02", "instruction 0xff"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := bytes.ReplaceAll(data, []byte(c.old), []byte(c.new))
			require.NotEqual(t, data, changed)
			_, err := readStateDict(changed)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// FuzzReadStateDict reads anything without failing otherwise than with an error.
func FuzzReadStateDict(f *testing.F) {
	data, err := os.ReadFile("testdata/old.pth")
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = readStateDict(data) })
}
