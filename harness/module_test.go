package harness_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestAnotherModule compiles and runs a second module that imports harness and
// one platform and brings its own benchmark; and runs it again, since an
// experiment is never served from the test cache.
func TestAnotherModule(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	archive, err := txtar.ParseFile("testdata/module.txtar")
	require.NoError(t, err)
	dir := t.TempDir()
	for _, f := range archive.Files {
		path := filepath.Join(dir, f.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
	// The same versions as ours, so that nothing has to be resolved.
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	text := strings.Replace(string(mod), "module "+module, "module example.com/mine", 1)
	text += "\nrequire " + module + " v0.0.0\nreplace " + module + " => " + root + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644))

	for range 2 {
		cmd := exec.CommandContext(t.Context(), "go", "test", "-mod=mod", "-v", "-run", "Echo/900.echo", ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "SEBS_SAMPLES=10", "SEBS_CACHE="+filepath.Join(dir, "cache"), "CI=true")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), "results: "+filepath.Join(dir, "results"))
		require.NotContains(t, string(out), "(cached)")
	}
	runs, err := filepath.Glob(filepath.Join(dir, "results", "*", "TestEcho", "*", "*", "summary.json"))
	require.NoError(t, err)
	require.Len(t, runs, 4, "two runs of two cells")
	latest, err := os.ReadFile(filepath.Join(dir, "results", "latest"))
	require.NoError(t, err)
	require.Contains(t, string(latest), filepath.Join(dir, "results"))
}
