package dockerfiles_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

// Every deployment file that platforms.json names exists, for every set of
// modules.
func TestFiles(t *testing.T) {
	data, err := dockerfiles.Data()
	require.NoError(t, err)
	require.Contains(t, data, "process")
	require.Contains(t, data, "sim")
	for platform, languages := range data {
		for language := range languages {
			for _, modules := range [][]driver.Module{nil, {driver.Storage}, {driver.NoSQL}, {driver.NoSQL, driver.Storage}} {
				files, err := dockerfiles.Files(platform, language, modules)
				require.NoError(t, err)
				for name, content := range files {
					require.NotEmpty(t, content, name)
				}
			}
		}
	}
	_, err = dockerfiles.Files("process", "cobol", nil)
	require.ErrorIs(t, err, driver.ErrUnsupported)
	_, err = dockerfiles.Files("moon", "python", nil)
	require.ErrorIs(t, err, driver.ErrUnsupported)
}

func TestFilesOfModules(t *testing.T) {
	none, err := dockerfiles.Files("process", "python", nil)
	require.NoError(t, err)
	require.Contains(t, none, "handler.py")
	require.Contains(t, none, "answer.py")
	require.NotContains(t, none, "storage.py")
	both, err := dockerfiles.Files("process", "python", []driver.Module{driver.Storage, driver.NoSQL})
	require.NoError(t, err)
	for _, name := range []string{"handler.py", "answer.py", "storage.py", "nosql.py"} {
		require.Contains(t, both, name)
	}
}

// Every language with dependencies has an installer that is a bash script.
func TestInstaller(t *testing.T) {
	for _, language := range []string{"python", "nodejs", "java", "go", "cpp"} {
		script, err := dockerfiles.Installer(language)
		require.NoError(t, err)
		check := exec.CommandContext(t.Context(), "bash", "-n")
		check.Stdin = strings.NewReader(string(script))
		out, err := check.CombinedOutput()
		require.NoError(t, err, "%s: %s", language, out)
	}
	for _, language := range []string{"sim", "", "../python", "a/b"} {
		_, err := dockerfiles.Installer(language)
		require.ErrorIs(t, err, driver.ErrUnsupported, language)
	}
}

// The version stands in one place; what cannot read it from there agrees.
func TestRelease(t *testing.T) {
	for file, want := range map[string]string{
		"../CITATION.cff": "\nversion: " + dockerfiles.Release + "\n",
		"../CHANGELOG.md": "\n## " + dockerfiles.Release,
	} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(text), want, file)
	}
}
