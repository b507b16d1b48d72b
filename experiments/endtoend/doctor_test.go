package endtoend_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDoctorTries: what is said of a language is what a function of it does.
func TestDoctorTries(t *testing.T) {
	out, err := experiment(t, "^TestDoctor$/process/python")
	require.NoError(t, err, out)
	require.Regexp(t, `(?m)^  ok        python 3\.\d+ function +built in \d+\.\d s, six 1\.17\.0; answered in \d+ ms$`, out)
	require.NotContains(t, out, "nodejs 20 function", "it was not selected")

	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "cmake"), []byte("#!/bin/sh\necho 'the disk has a hole' >&2\nexit 3\n"), 0o755))
	out, err = experiment(t, "^TestDoctor$/process/cpp", "PATH="+broken+":"+os.Getenv("PATH"))
	require.NoError(t, err, out)
	require.Regexp(t, `(?m)^  optional  cpp \d+ function +build 000\.trial in cpp-\d+ for process: .*not available on this machine`, out)
	if _, err := exec.LookPath("g++"); err == nil {
		require.Contains(t, out, "CMake cannot build here: the disk has a hole\n")
		require.Contains(t, out, "→ apt-get install g++ cmake make libcurl4-openssl-dev\n")
	}

	// With a registry that cannot be reached, the function is at fault, and not
	// a tool that could be installed.
	out, err = experiment(t, "^TestDoctor$/process/python", "PIP_INDEX_URL=http://127.0.0.1:9/simple", "PIP_RETRIES=0", "PIP_FIND_LINKS=", "PIP_NO_CACHE_DIR=1")
	require.Error(t, err, out)
	require.Regexp(t, `(?m)^  missing   python 3\.\d+ function +none can be built and called: `, out)
	require.Contains(t, out, "No matching distribution found for six==1.17.0")
}
