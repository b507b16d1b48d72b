package benchtest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Trim runs a package.sh on a folder of packages that has the files given, and
// returns those that it left, sorted, and what it printed.
func Trim(t *testing.T, script string, files ...string) (left []string, printed string) {
	t.Helper()
	script, err := filepath.Abs(script)
	require.NoError(t, err)
	dir := t.TempDir()
	for _, name := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(name), 0o644))
	}
	output, err := exec.CommandContext(t.Context(), "bash", script, dir).CombinedOutput()
	require.NoError(t, err, string(output))
	err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		left = append(left, filepath.ToSlash(name))
		return err
	})
	require.NoError(t, err)
	return left, string(output)
}
