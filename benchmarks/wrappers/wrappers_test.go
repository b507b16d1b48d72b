package wrappers_test

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/wrappers"
)

// Embedding can leave files out without a word, those beginning with _ above
// all.
func TestFilesAreTheFolder(t *testing.T) {
	list := func(fsys fs.FS) (names []string) {
		require.NoError(t, fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, p)
			}
			return err
		}))
		return names
	}
	require.Equal(t, list(os.DirFS(".")), list(wrappers.Files))
}
