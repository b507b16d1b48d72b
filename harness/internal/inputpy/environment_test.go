package inputpy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/inputpy"
)

// What a user's shell has for programs of their own neither switches off
// checks, nor replaces modules, nor reaches input.py otherwise.
func TestTheUsersShellChangesNothing(t *testing.T) {
	shadow := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(shadow, "statistics.py"), []byte("raise SystemExit('another statistics')\n"), 0o600))
	for name, value := range map[string]string{
		"PYTHONOPTIMIZE": "1", "PYTHONPATH": shadow, "PYTHONHASHSEED": "7", "PYTHONWARNINGS": "error", "PYTHONHOME": "/nowhere",
		"LD_PRELOAD": "/nowhere.so", "AWS_SECRET_ACCESS_KEY": "planted", "SEBS_REGISTRY": "planted",
	} {
		t.Setenv(name, value)
	}
	t.Setenv("HTTPS_PROXY", "http://proxy.example:3128")
	s := write(t, `
import os, statistics, sys
def generate_input(data_dir, size, benchmarks_bucket, input_paths, output_paths, upload_func, nosql_func):
    return {
        "optimize": sys.flags.optimize, "mean": statistics.mean([1, 3]), "hash": hash("a") == hash("a") and sys.flags.hash_randomization,
        "planted": sorted(n for n, v in os.environ.items() if "planted" in v), "proxy": os.environ["HTTPS_PROXY"], "encoding": sys.getfilesystemencoding(),
    }
def validate_output(data_dir, input_config, output, language, storage):
    assert output == "right", "wrong output"
`)
	payload, err := s.Generate(t.Context(), "test", prefixes, newMemory())
	require.NoError(t, err)
	require.JSONEq(t, `{"optimize": 0, "mean": 2, "hash": 0, "planted": [], "proxy": "http://proxy.example:3128", "encoding": "utf-8"}`, encode(t, payload))
	wrong, err := s.Validate(t.Context(), inputpy.Output{Payload: payload, Output: "left"}, newMemory())
	require.NoError(t, err)
	require.Equal(t, "assertion failed: wrong output", wrong)
}
