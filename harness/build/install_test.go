package build_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
)

// installPython installs the folder dir with this machine's Python.
func installPython(tb testing.TB, dir string) (string, error) {
	tb.Helper()
	path, version := python(tb)
	var log bytes.Buffer
	err := build.Install(tb.Context(), dir, build.Installer{
		Runtime:      driver.Runtime{Language: "python", Version: version},
		Architecture: driver.X64,
		Platform:     "process",
		Env:          []string{"PYTHON=" + path},
	}, &log)
	return log.String(), err
}

const site = ".python_packages/lib/site-packages"

const functionInPython = `
-- requirements.txt --
# what is needed
tiny==1.2
-- function.py --
import tiny
from .lib import helper
def handler(event):
    return tiny.answer() + helper.X
-- handler.py --
import sys
sys.path.insert(0, ".python_packages/lib/site-packages")
from function import function
print(function.handler({}), function.__file__, function.handler.__code__.co_filename)
-- lib/helper.py --
X = 1
-- random.py --
raise Exception("a module of the function takes the place of the standard library's")
-- broken.py --
this is not Python
`

const tinyWheel = `
-- tiny.py --
def answer():
    return 41
def main():
    pass
-- tiny_template.py --
{{ not Python }}
`

func TestInstallPython(t *testing.T) {
	wheels := t.TempDir()
	writeWheel(t, wheels, "tiny", "1.2", tinyWheel)
	useWheels(t, wheels)
	// What of the user's settings would put dependencies elsewhere has no effect.
	t.Setenv("PIP_USER", "1")
	t.Setenv("PIP_TARGET", t.TempDir())
	t.Setenv("PIP_PREFIX", t.TempDir())
	t.Setenv("PYTHONPATH", wheels)
	t.Setenv("PIP_NO_DEPS", "1")
	t.Setenv("PIP_DRY_RUN", "1")

	install := func() string {
		dir := t.TempDir()
		writeFiles(t, dir, functionInPython)
		log, err := installPython(t, dir)
		require.NoError(t, err)
		require.Contains(t, log, "Successfully installed tiny-1.2")
		require.NoError(t, build.Layout(dir, "handler.py", "requirements.txt", ".python_packages"))
		return dir
	}
	dir, again := install(), install()
	require.Equal(t, readFolder(t, dir), readFolder(t, again), "the same sources give the same files")
	for name, content := range readFolder(t, dir) {
		require.NotContains(t, content, dir, "%s names the folder that it was installed in", name)
	}
	require.NoDirExists(t, filepath.Join(dir, site, "bin"))
	for _, pattern := range []string{site + "/__pycache__/tiny.*.pyc", "__pycache__/handler.*.pyc", "function/__pycache__/function.*.pyc", "function/lib/__pycache__/helper.*.pyc"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		require.Len(t, found, 1, pattern)
		data, err := os.ReadFile(found[0])
		require.NoError(t, err)
		require.Equal(t, []byte{1, 0, 0, 0}, data[4:8], "%s is valid by hash, unchecked", pattern)
	}

	// It works in another place.
	moved := filepath.Join(t.TempDir(), "moved")
	require.NoError(t, os.Rename(dir, moved))
	path, _ := python(t)
	cmd := exec.CommandContext(t.Context(), path, "-B", "-c", "import handler")
	cmd.Dir = moved
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "42 function/function.py function/function.py", strings.ReplaceAll(strings.TrimSpace(string(out)), moved+"/", ""))
}

func TestInstallPythonWithoutDependencies(t *testing.T) {
	useWheels(t, t.TempDir())
	dir := t.TempDir()
	writeFiles(t, dir, "-- requirements.txt --\n\n  # nothing\n-- function.py --\nX = 1\n")
	log, err := installPython(t, dir)
	require.NoError(t, err)
	require.Empty(t, log)
	require.NoDirExists(t, filepath.Join(dir, ".python_packages"))
	require.DirExists(t, filepath.Join(dir, "__pycache__"))
}

func TestInstallFails(t *testing.T) {
	useWheels(t, t.TempDir())
	dir := t.TempDir()
	writeFiles(t, dir, "-- requirements.txt --\n# It is in\n# an index of its own.\nno-such-package==1.0\n# Nothing more.\n")
	log, err := installPython(t, dir)
	require.ErrorContains(t, err, "install python-")
	require.ErrorContains(t, err, "python_installer.sh: exit status 1; the end of its log")
	require.ErrorContains(t, err, "No matching distribution found for no-such-package==1.0")
	require.ErrorContains(t, err, "# It is in\n# an index of its own.")
	require.NotContains(t, err.Error(), "Nothing more")
	require.Contains(t, log, "no-such-package==1.0")

	for language, want := range map[string]string{
		"python": "no /no/such/tool: apt-get install python3 python3-pip, or set PYTHON",
		"nodejs": "no /no/such/tool: apt-get install nodejs npm, or set NODE and NPM",
		"java":   "no /no/such/tool/bin/javac: apt-get install default-jdk-headless, or set JAVA_HOME",
		"cpp":    "no /no/such/tool: apt-get install g++ cmake make, or set CXX and CMAKE",
	} {
		err = build.Install(t.Context(), dir, build.Installer{
			Runtime: driver.Runtime{Language: language, Version: "1"},
			Env:     []string{"PYTHON=/no/such/tool", "NODE=/no/such/tool", "JAVA_HOME=/no/such/tool", "CXX=/no/such/tool"},
		}, &bytes.Buffer{})
		require.ErrorIs(t, err, driver.ErrUnavailable)
		require.ErrorContains(t, err, want)
	}

	err = build.Install(t.Context(), dir, build.Installer{Runtime: driver.Runtime{Language: "cobol", Version: "1"}}, &bytes.Buffer{})
	require.ErrorIs(t, err, driver.ErrUnsupported)
	require.ErrorContains(t, err, "cobol")
	err = build.Install(t.Context(), dir, build.Installer{Runtime: driver.Runtime{Language: "../x", Version: "1"}}, &bytes.Buffer{})
	require.ErrorIs(t, err, driver.ErrUnsupported)
}

// package.sh sees the flat folder and what is installed, runs before
// compilation and is not part of the package.
func TestPackageScript(t *testing.T) {
	wheels := t.TempDir()
	writeWheel(t, wheels, "tiny", "1.2", tinyWheel)
	useWheels(t, wheels)
	dir := t.TempDir()
	writeFiles(t, dir, functionInPython)
	writeFiles(t, dir, `
-- package.sh --
ls function.py "$1/tiny.py" "$1/tiny_template.py"
rm "$1/tiny_template.py"
echo "VERSION_IN_SCRIPT = 1" >> function.py
echo "$PLATFORM $TARGET_ARCHITECTURE $PYTHON_VERSION" > seen
`)
	_, err := installPython(t, dir)
	require.NoError(t, err)
	_, version := python(t)
	seen, err := os.ReadFile(filepath.Join(dir, "seen"))
	require.NoError(t, err)
	require.Equal(t, "PROCESS x64 "+version+"\n", string(seen))
	require.NoFileExists(t, filepath.Join(dir, "package.sh"))
	require.NoFileExists(t, filepath.Join(dir, site, "tiny_template.py"))
	compiled, err := filepath.Glob(filepath.Join(dir, "__pycache__", "function.*.pyc"))
	require.NoError(t, err)
	require.Len(t, compiled, 1)
	data, err := os.ReadFile(compiled[0])
	require.NoError(t, err)
	require.Contains(t, string(data), "VERSION_IN_SCRIPT")
}

func TestInstallCancelled(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "-- package.sh --\nmkfifo mark; exec 5<>mark; (trap '' TERM; read -r x <&5) & echo > started; wait\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- build.Install(ctx, dir, build.Installer{Runtime: driver.Runtime{Language: "python", Version: "3"}}, &bytes.Buffer{})
	}()
	waitFor(t, "package.sh", func() bool { _, err := os.Stat(filepath.Join(dir, "started")); return err == nil })
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	requireNoReader(t, filepath.Join(dir, "mark"))
}

// A pip.conf that says where else to install to, or what else, has no effect;
// what it says of indexes has.
func TestInstallWithPipConf(t *testing.T) {
	wheels := t.TempDir()
	writeWheel(t, wheels, "tiny", "1.2", tinyWheel)
	writeWheel(t, wheels, "other", "1", "-- other.py --\n")
	useWheels(t, wheels)
	t.Setenv("PIP_FIND_LINKS", "")
	for _, conf := range []string{
		"target=/nowhere\nquiet=3\nrequire-virtualenv=true\nuser=yes\nglobal=yes\n[install]\nno-index=true\n",
		"[install]\nprefix=/nowhere\nroot=/nowhere\ndry-run=true\nno-deps=true\nreport=/nowhere/report\nlog=/nowhere/log\n",
		"[install]\nrequire-hashes=true\nrequirement=/nowhere\nplatform=win32\nonly-binary=:all:\n",
	} {
		t.Run(conf, func(t *testing.T) {
			file, home := filepath.Join(t.TempDir(), "pip.conf"), t.TempDir()
			require.NoError(t, os.WriteFile(file, []byte("[global]\nno-index=true\nfind-links =\n  "+t.TempDir()+"\n  "+wheels+"\n"+conf), 0o600))
			t.Setenv("PIP_CONFIG_FILE", file)
			t.Setenv("PIP_NO_INDEX", "")
			t.Setenv("PYTHONUSERBASE", home)
			dir := t.TempDir()
			writeFiles(t, dir, functionInPython)
			_, err := installPython(t, dir)
			require.NoError(t, err)
			require.FileExists(t, filepath.Join(dir, site, "tiny.py"))
			require.NoFileExists(t, filepath.Join(dir, site, "other.py"))
		})
	}
}

// What package.sh leaves in a session of its own ends with the installation.
func TestInstallLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what leaves its process group can be found on Linux alone")
	}
	for name, leave := range map[string]string{
		"session": `setsid bash -c 'read -r x <&5' &`,
		"daemon":  `(setsid bash -c 'trap "" TERM HUP; cd /; read -r x <&5' </dev/null >/dev/null 2>&1 &)`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, "-- package.sh --\nmkfifo mark; exec 5<>mark; "+leave+"\nsleep 0.1; exec 5>&-; mv mark ..\n")
			_, err := installPython(t, dir)
			require.NoError(t, err)
			requireNoReader(t, filepath.Join(filepath.Dir(dir), "mark"))
		})
	}
}

// What is not known to be needed does not reach what is installed; settings of
// the tools do.
func TestInstallEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AZURE_CLIENT_SECRET", "secret")
	t.Setenv("SEBS_PREFIX", "secret")
	t.Setenv("A_VARIABLE_THAT_NOBODY_KNOWS", "secret")
	t.Setenv("PIP_INDEX_URL", "kept-pip")
	t.Setenv("npm_config_registry", "kept-npm")
	t.Setenv("SSL_CERT_FILE", "kept-certificates")
	dir := t.TempDir()
	writeFiles(t, dir, "-- package.sh --\nenv > seen\n")
	_, err := installPython(t, dir)
	require.NoError(t, err)
	seen, err := os.ReadFile(filepath.Join(dir, "seen"))
	require.NoError(t, err)
	require.NotContains(t, string(seen), "secret")
	for _, kept := range []string{"kept-pip", "kept-npm", "kept-certificates", "HOME="} {
		require.Contains(t, string(seen), kept)
	}
}

// installNode installs the folder dir with this machine's Node.js, without a
// registry.
func installNode(tb testing.TB, dir string) (string, error) {
	tb.Helper()
	tb.Setenv("npm_config_offline", "true")
	var log bytes.Buffer
	err := build.Install(tb.Context(), dir, build.Installer{
		Runtime:      driver.Runtime{Language: "nodejs", Version: "20"},
		Architecture: driver.X64,
		Platform:     "process",
	}, &log)
	return log.String(), err
}

func TestInstallNode(t *testing.T) {
	// What of the user's settings would install other things, or elsewhere, has
	// no effect.
	npmrc := filepath.Join(t.TempDir(), "npmrc")
	require.NoError(t, os.WriteFile(npmrc, []byte("prefix=/nowhere\nglobal=true\nlocation=global\ndry-run=true\nignore-scripts=true\npackage-lock=false\ninclude[]=dev\nomit[]=optional\n"), 0o600))
	t.Setenv("npm_config_userconfig", npmrc)
	for name, lock := range map[string]string{
		"lock": `
-- package-lock.json --
{"name": "f", "lockfileVersion": 3, "requires": true, "packages": {
  "": {"name": "f", "dependencies": {"tiny": "file:tiny.tgz", "built": "file:built.tgz"}, "devDependencies": {"dev": "file:dev.tgz"}},
  "node_modules/tiny": {"version": "1.2.0", "resolved": "file:tiny.tgz", "bin": {"tiny": "index.js"}, "hasInstallScript": true},
  "node_modules/built": {"version": "2.0.0", "resolved": "file:built.tgz", "hasInstallScript": true},
  "node_modules/dev": {"version": "3.0.0", "resolved": "file:dev.tgz", "dev": true}
}}
`,
		"no lock": "",
		"lock without what a platform added": `
-- package-lock.json --
{"name": "f", "lockfileVersion": 3, "requires": true, "packages": {
  "": {"name": "f", "dependencies": {"tiny": "file:tiny.tgz"}},
  "node_modules/tiny": {"version": "1.2.0", "resolved": "file:tiny.tgz", "bin": {"tiny": "index.js"}, "hasInstallScript": true}
}}
`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, lock+`
-- package.json --
{"name": "f", "scripts": {"preinstall": "[ ! -e node_modules ] && echo before > own", "install": "node -e 'require(\"tiny\")' && echo installed >> own", "prepare": "echo prepared >> own", "test": "false"},
 "dependencies": {"tiny": "file:tiny.tgz", "built": "file:built.tgz"}, "devDependencies": {"dev": "file:dev.tgz"}}
-- function.js --
module.exports = require("tiny") + require("built");
`)
			for file, text := range map[string]string{
				"tiny.tgz":  "-- package.json --\n" + `{"name": "tiny", "version": "1.2.0", "bin": {"tiny": "index.js"}, "scripts": {"postinstall": "touch advertised"}}` + "\n-- index.js --\nmodule.exports = 40;\n",
				"built.tgz": "-- package.json --\n" + `{"name": "built", "version": "2.0.0", "scripts": {"install": "echo 'module.exports = 2' > index.js"}}` + "\n",
				"dev.tgz":   "-- package.json --\n" + `{"name": "dev", "version": "3.0.0"}` + "\n",
			} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), nodePackage(t, text), 0o644))
			}
			_, err := installNode(t, dir)
			leftout.If(t, err)
			require.NoError(t, err)
			order, err := os.ReadFile(filepath.Join(dir, "own"))
			require.NoError(t, err)
			require.Equal(t, "before\ninstalled\nprepared\n", string(order), "the function's own scripts are run")
			require.NoFileExists(t, filepath.Join(dir, "node_modules", "tiny", "advertised"))
			require.NoDirExists(t, filepath.Join(dir, "node_modules", "dev"))
			require.NoFileExists(t, filepath.Join(dir, "node_modules", ".package-lock.json"))
			require.NoError(t, build.Layout(dir, "package.json", "package-lock.json", "node_modules"))

			moved := filepath.Join(t.TempDir(), "moved")
			require.NoError(t, os.Rename(dir, moved))
			cmd := exec.CommandContext(t.Context(), "node", "-p", `require("./function/function.js")`)
			cmd.Dir = moved
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Equal(t, "42\n", string(out))
		})
	}
}

func TestInstallNodeWithoutDependencies(t *testing.T) {
	for name, text := range map[string]string{
		"no manifest":      "-- function.js --\n",
		"empty manifest":   "-- package.json --\n{}\n",
		"dev dependencies": "-- package.json --\n{\"devDependencies\": {\"no-such-package\": \"1\"}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, text)
			log, err := installNode(t, dir)
			leftout.If(t, err)
			require.NoError(t, err)
			require.Empty(t, log)
			require.NoDirExists(t, filepath.Join(dir, "node_modules"))
		})
	}
	dir := t.TempDir()
	writeFiles(t, dir, "-- package.json --\n{\"dependencies\": {\"no-such-package\": \"1\"}}\n")
	_, err := installNode(t, dir)
	leftout.If(t, err)
	require.ErrorContains(t, err, "nodejs_installer.sh: exit status 1")
	require.ErrorContains(t, err, "no-such-package")
}

// TestInstallWithoutRoom: what a tool says of a disk that is full comes first,
// with the folders that may be meant and the remedy.
func TestInstallWithoutRoom(t *testing.T) {
	useWheels(t, t.TempDir())
	files := folder()
	files["package.sh"] = &fstest.MapFile{Data: []byte("echo \"OSError: [Errno 28] No space left on device: 'x'\"; seq 1000; exit 1\n")}
	p := &platform{build: func(ctx context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
		_, err := installPython(t, dir)
		return driver.Package{}, err
	}}
	s := openStore(t)
	_, err := s.Package(t.Context(), job(t, p, files))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Regexp(t, "^build [^:]*: no space left on device in the package store .* set SEBS_CACHE and TMPDIR to other folders: install python", err.Error())
	require.ErrorContains(t, err, "exit status 1; the end of its log")
}
