package harness_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
)

// soon fails the test if f waits for what nobody does.
func soon(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(2 * time.Minute):
		require.Fail(t, "it waits")
		return nil
	}
}

// echoFolder is a folder of SeBS whose input.py does something with the file
// special beside it.
func echoFolder(t *testing.T, body string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "900.pipes")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "python"), 0o755))
	for name, text := range map[string]string{
		"config.json":        `{"timeout": 10, "memory": 128, "languages": ["python"], "modules": []}`,
		"python/function.py": "def handler(event):\n    return {'result': 1}\n",
		"input.py": `import os
special = os.path.join(os.path.dirname(os.path.abspath(__file__)), "special")
def buckets_count():
    return 1, 1
def generate_input(data_dir, size, benchmarks_bucket, input_paths, output_paths, upload_func, nosql_func):
    ` + body + `
    return {}
def validate_output(data_dir, input_config, output, language, storage):
    storage.download(storage.list_buckets()[0], "900.pipes-0-input/a", special)
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

// A named pipe in the place of a file is told, and not waited for.
func TestPipesInAFolder(t *testing.T) {
	for _, name := range []string{"config.json", "input.py"} {
		t.Run(name, func(t *testing.T) {
			dir := echoFolder(t, "pass")
			require.NoError(t, os.Remove(filepath.Join(dir, name)))
			require.NoError(t, syscall.Mkfifo(filepath.Join(dir, name), 0o600))
			err := soon(t, func() error {
				b, err := harness.SeBS(os.DirFS(dir))
				if err != nil {
					return err
				}
				store, _, _ := memoryStore(t, b.Name)
				_, err = b.Input(t.Context(), harness.Test, store)
				return err
			})
			require.ErrorContains(t, err, name)
			require.Regexp(t, "named pipe|not a file", err.Error())
		})
	}
	_, err := harness.ReadConfig(os.DirFS(func() string {
		dir := t.TempDir()
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "config.json"), 0o600))
		return dir
	}()))
	require.ErrorContains(t, err, "named pipe")
}

// Nothing but files is uploaded, and nothing else is written to.
func TestSpecialFilesOfInputs(t *testing.T) {
	specials := map[string]func(t *testing.T, path string){
		"named pipe": func(t *testing.T, path string) { require.NoError(t, syscall.Mkfifo(path, 0o600)) },
		"link to one": func(t *testing.T, path string) {
			require.NoError(t, syscall.Mkfifo(path+".pipe", 0o600))
			require.NoError(t, os.Symlink(path+".pipe", path))
		},
		"device": func(t *testing.T, path string) { require.NoError(t, os.Symlink("/dev/zero", path)) },
		"socket": func(t *testing.T, path string) {
			t.Chdir(filepath.Dir(path)) // the path of a socket is short
			l, err := net.Listen("unix", filepath.Base(path))
			require.NoError(t, err)
			t.Cleanup(func() { l.Close() })
		},
	}
	for name, makeSpecial := range specials {
		for how, upload := range map[string]string{
			"seen": `upload_func(0, "a", special)`,
			"raced": `isfile = os.path.isfile
    os.path.isfile = lambda path: True
    try:
        upload_func(0, "a", special)
    finally:
        os.path.isfile = isfile`,
		} {
			t.Run(fmt.Sprint(name, " ", how), func(t *testing.T) {
				dir := echoFolder(t, upload)
				makeSpecial(t, filepath.Join(dir, "special"))
				b, err := harness.SeBS(os.DirFS(dir))
				require.NoError(t, err)
				store, _, _ := memoryStore(t, b.Name)
				err = soon(t, func() error { _, err := b.Input(t.Context(), harness.Test, store); return err })
				require.Error(t, err)
				require.Regexp(t, "not a file|no such device", err.Error())
			})
		}
	}
	t.Run("download", func(t *testing.T) {
		dir := echoFolder(t, `open("a", "w").close(); upload_func(0, "a", "a")`)
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "special"), 0o600))
		b, err := harness.SeBS(os.DirFS(dir))
		require.NoError(t, err)
		store, _, _ := memoryStore(t, b.Name)
		payload, err := b.Input(t.Context(), harness.Test, store)
		require.NoError(t, err)
		err = soon(t, func() error { return b.Check(t.Context(), harness.Test, payload, []byte(`{"result": 1}`), store) })
		require.ErrorContains(t, err, "special")
	})
}
