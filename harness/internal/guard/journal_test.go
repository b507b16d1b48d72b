package guard

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A kill in the middle of a write may cut off the end of a path; the beginning
// is another folder.
func TestLineWithoutItsEndIsIgnored(t *testing.T) {
	g, err := Start(t.Context(), t.TempDir(), lost(t))
	require.NoError(t, err)
	kept, left := t.TempDir(), filepath.Join(t.TempDir(), "left")
	require.NoError(t, os.Mkdir(left, 0o700))
	g.Folder(left)
	g.write("+ 100 folder " + kept)
	require.NoError(t, g.Close())
	require.DirExists(t, kept)
	require.NoDirExists(t, left)
}

// The script checks again what it deletes.
func TestScriptRefusesDangerousFolders(t *testing.T) {
	g, err := Start(t.Context(), t.TempDir(), lost(t))
	require.NoError(t, err)
	kept := t.TempDir()
	inside := filepath.Join(kept, "inside")
	require.NoError(t, os.Mkdir(inside, 0o700))
	t.Chdir(kept)
	for _, path := range []string{"inside", "", inside + "/../inside", inside + "/.", kept + "//inside"} {
		g.enter("folder", path)
		g.enter("control", path)
	}
	for _, pgid := range []string{"", "0", "1", "-1", "x"} {
		g.enter("process", pgid)
	}
	require.NoError(t, g.Close())
	require.DirExists(t, inside)
}

// lost fails the test.
func lost(t *testing.T) func(error) {
	return func(err error) { t.Error(err) }
}

// TestLost: a journal that cannot be written is told at once, and at the end.
func TestLost(t *testing.T) {
	var told error
	g, err := Start(t.Context(), t.TempDir(), func(err error) { told = err })
	require.NoError(t, err)
	require.NoError(t, g.journal.Close())
	g.Folder(t.TempDir())
	require.ErrorContains(t, told, "journal")
	require.ErrorContains(t, g.Close(), "journal")
}
