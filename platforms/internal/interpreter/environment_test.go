package interpreter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// What a user's shell has for programs of their own changes nothing about
// which languages are found.
func TestFindWhateverTheShellHas(t *testing.T) {
	versions := map[string][]string{
		"python": {"3.9", "3.10", "3.11", "3.12", "3.13"}, "nodejs": {"18", "20", "22"}, "java": {"17", "21", "25"},
		"go": {"1.25", "1.26"}, "cpp": {"12", "13", "14"},
	}
	interpreter.Forget()
	want := map[string][]interpreter.Interpreter{}
	for lang, all := range versions {
		want[lang] = interpreter.Available(t.Context(), lang, all)
	}
	require.NotEmpty(t, want["go"], "the tests run with it")
	for name, value := range map[string]string{
		"PYTHONHOME": "/nowhere", "PYTHONPATH": t.TempDir(), "PYTHONOPTIMIZE": "2", "PYTHONSTARTUP": "/nowhere",
		"NODE_OPTIONS": "--require /nowhere/preload.js", "JAVA_TOOL_OPTIONS": "-XX:+NoSuchOption", "_JAVA_OPTIONS": "-XX:+NoSuchOption",
		"GOFLAGS": "-no-such-flag", "GOROOT": "/nowhere", "GOTOOLCHAIN": "go1.1", "LD_PRELOAD": "/nowhere.so", "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de",
	} {
		t.Setenv(name, value)
	}
	interpreter.Forget()
	t.Cleanup(interpreter.Forget)
	for lang, all := range versions {
		require.Equal(t, want[lang], interpreter.Available(t.Context(), lang, all), lang)
	}
}
