package interpreter_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// fake writes a Python that says it is the given version.
func fake(t *testing.T, dir, name, version string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	path := filepath.Join(dir, name)
	script := "#!/bin/sh\nprintf '%s\\n' " + path + " " + version + " .abi " + dir + "\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o755))
	return path
}

func TestFindPrefersThePath(t *testing.T) {
	home, bin := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PATH", bin)
	want := fake(t, bin, "python3", "3.42.1")
	fake(t, filepath.Join(home, ".pyenv/versions/3.42.9/bin"), "python3.42", "3.42.9")
	got, err := interpreter.Find(t.Context(), "python", "3.42")
	require.NoError(t, err)
	require.Equal(t, interpreter.Interpreter{Language: "python", Path: want, Prefix: bin, Version: "3.42.1", ABI: ".abi"}, got)
	require.Equal(t, driver.Runtime{Language: "python", Version: "3.42"}, got.Runtime())
}

func TestFindTakesTheNewestInstallation(t *testing.T) {
	home, bin := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PATH", bin)
	fake(t, bin, "python3", "3.41.0")
	fake(t, bin, "python", "2.7.18")
	fake(t, filepath.Join(home, ".pyenv/versions/3.42.9/bin"), "python3.42", "3.42.9")
	want := fake(t, filepath.Join(home, ".pyenv/versions/3.42.10/bin"), "python3.42", "3.42.10")
	fake(t, filepath.Join(home, ".pyenv/versions/3.4.2/bin"), "python3.4", "3.4.2")
	got, err := interpreter.Find(t.Context(), "python", "3.42")
	require.NoError(t, err)
	require.Equal(t, want, got.Path)
}

// A shim that fails, as pyenv's do for versions that are not selected, must
// not hide the installation.
func TestFindPassesOverShims(t *testing.T) {
	home, bin := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PATH", bin)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "python3.42"), []byte("#!/bin/sh\nexit 127\n"), 0o755))
	want := fake(t, filepath.Join(home, ".pyenv/versions/3.42.9/bin"), "python3.42", "3.42.9")
	got, err := interpreter.Find(t.Context(), "python", "3.42")
	require.NoError(t, err)
	require.Equal(t, want, got.Path)
}

func TestFindMissing(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", bin)
	shim := fake(t, bin, "python3", "3.41.0")
	_, err := interpreter.Find(t.Context(), "python", "3.43")
	require.ErrorIs(t, err, driver.ErrUnavailable)
	require.ErrorContains(t, err, "python 3.43")
	require.ErrorContains(t, err, shim+" is 3.41.0")
	require.ErrorContains(t, err, "install it")

	_, err = interpreter.Find(t.Context(), "cobol", "85")
	require.ErrorIs(t, err, driver.ErrUnsupported)
}

// TestDefault: the default is what the PATH gives to the usual name, if it is
// one of the versions; nothing else is asked then.
func TestDefault(t *testing.T) {
	home, bin := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PATH", bin)
	fake(t, bin, "python3", "3.44.0")
	other := filepath.Join(home, ".pyenv/versions/3.45.0/bin")
	fake(t, other, "python3.45", "3.45.0")
	trace := filepath.Join(t.TempDir(), "asked")
	script, err := os.ReadFile(filepath.Join(other, "python3.45"))
	require.NoError(t, err)
	script = bytes.Replace(script, []byte("\n"), []byte("\ntouch "+trace+"\n"), 1)
	require.NoError(t, os.WriteFile(filepath.Join(other, "python3.45"), script, 0o755))

	require.Equal(t, "3.44", interpreter.Default(t.Context(), "python", []string{"3.45", "3.46", "3.44"}))
	require.NoFileExists(t, trace, "another version was asked")
	require.Equal(t, "3.45", interpreter.Default(t.Context(), "python", []string{"3.46", "3.45"}), "the first that is there")
	require.Empty(t, interpreter.Default(t.Context(), "python", []string{"3.46"}))
	require.Empty(t, interpreter.Default(t.Context(), "cobol", []string{"85"}))

	var versions []string
	for _, i := range interpreter.Available(t.Context(), "python", []string{"3.45", "3.46", "3.44"}) {
		versions = append(versions, i.Version)
	}
	require.Equal(t, []string{"3.45.0", "3.44.0"}, versions)
}

// What is found on this machine is an executable that runs at that version,
// and no link or shim.
func TestFindOnThisMachine(t *testing.T) {
	_, err := exec.LookPath("python3")
	require.NoError(t, err, "the tests need python3")
	for _, i := range interpreter.Available(t.Context(), "python", []string{"3.9", "3.10", "3.11", "3.12", "3.13"}) {
		real, err := filepath.EvalSymlinks(i.Path)
		require.NoError(t, err)
		require.Equal(t, real, i.Path)
		out, err := exec.Command(i.Path, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])").Output()
		require.NoError(t, err)
		require.Equal(t, i.Version+"\n", string(out))
	}
}

func BenchmarkAvailable(b *testing.B) {
	for b.Loop() {
		interpreter.Forget()
		interpreter.Available(b.Context(), "python", []string{"3.11", "3.12", "3.10", "3.9", "3.13"})
	}
}
