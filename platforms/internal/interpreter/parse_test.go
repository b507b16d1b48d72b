package interpreter_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// withoutTelemetry keeps a real go that is asked from leaving a process behind
// that writes its counters to the home folder while the test removes it.
func withoutTelemetry(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", "")
	config, err := os.UserConfigDir()
	require.NoError(t, err)
	folder := filepath.Join(config, "go", "telemetry")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "mode"), []byte("off"), 0o644))
}

// Each language has its own way to say what it is.
func TestFindLanguages(t *testing.T) {
	home, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, test := range []struct {
		language, version, program, printed string
		want                                interpreter.Interpreter
	}{
		{
			"java", "17", "java",
			"Property settings:\n    java.home = " + home + "\n    java.runtime.version = 17.0.99+6\n    java.version = 17.0.99\n" +
				"    java.vm.name = A VM\n    os.arch = amd64\n    path = a\n        b = c\n\nopenjdk version \"17.0.99\"",
			interpreter.Interpreter{Language: "java", Path: home + "/bin/java", Prefix: home, Version: "17.0.99", ABI: "amd64-A VM-17.0.99+6"},
		},
		{
			"go", "1.99", "go", home + "\ngo1.99.3\nlinux\namd64",
			interpreter.Interpreter{Language: "go", Path: home + "/bin/go", Prefix: home, Version: "1.99.3", ABI: "linux-amd64"},
		},
		{
			"cpp", "99", "g++", "Using built-in specs.\nTarget: x86_64-linux-gnu\nThread model: posix\ngcc version 99.2.0 (Packager 99.2.0-14)",
			interpreter.Interpreter{Language: "cpp", Path: home + "/bin/g++", Prefix: home, Version: "99.2.0", ABI: "x86_64-linux-gnu 99.2.0 (Packager 99.2.0-14)"},
		},
	} {
		t.Run(test.language, func(t *testing.T) {
			interpreter.Forget()
			bin := filepath.Join(home, "bin")
			require.NoError(t, os.RemoveAll(bin))
			require.NoError(t, os.Mkdir(bin, 0o755))
			t.Setenv("HOME", home)
			t.Setenv("PATH", bin)
			withoutTelemetry(t)
			program := filepath.Join(bin, test.program)
			require.NoError(t, os.WriteFile(filepath.Join(bin, "javac"), nil, 0o755))
			require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\nprintf '%s\\n' '"+test.printed+"' >&2\n"), 0o755))
			got, err := interpreter.Find(t.Context(), test.language, test.version)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
			require.Equal(t, driver.Runtime{Language: test.language, Version: test.version}, got.Runtime())

			// What has the name of a language need not be it.
			interpreter.Forget()
			require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho hello\n"), 0o755))
			_, err = interpreter.Find(t.Context(), test.language, "98")
			require.ErrorIs(t, err, driver.ErrUnavailable)
		})
	}
}
