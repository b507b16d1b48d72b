package harness_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/leftout"
)

// mustMount leaves a test out where file systems cannot be mounted for it.
func mustMount(t *testing.T) {
	t.Helper()
	const remedy = "run the tests as root on Linux, with the right to mount"
	leftout.Without(t, remedy, "unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", t.TempDir())
}

// mounted returns a child with a small file system at the folder that a
// variable names, of which KEPT gets a copy.
func mounted(t *testing.T, variable, size string, env []string, args ...string) *child {
	t.Helper()
	mustMount(t)
	c := newChild(t, env, args...)
	script := `mount -t tmpfs -o size=` + size + ` tmpfs "$` + variable + `" && "$@"; code=$?; [ -z "$KEPT" ] || cp -r "$` + variable + `/." "$KEPT"; exit $code`
	c.Args = append([]string{"unshare", "-m", "sh", "-c", script, "sh", c.Path}, c.Args[1:]...)
	unshare, err := exec.LookPath("unshare")
	require.NoError(t, err)
	c.Path = unshare
	return c
}

// TestFullResults: a full disk ends the run, not one cell after the other, and
// says so once for each, with what to do. No file is left cut.
func TestFullResults(t *testing.T) {
	kept := t.TempDir()
	c := mounted(t, "SEBS_RESULTS", "128k", []string{"SEBS_SAMPLES=100000,1m", "KEPT=" + kept}, "-test.run", "^TestModel$/00[14].*/(warm|sequential)")
	require.Error(t, c.Run(), c.out.String())
	require.Contains(t, c.out.String(), "no space left on device")
	require.Contains(t, c.out.String(), "set SEBS_RESULTS to another folder")
	require.Contains(t, c.out.String(), "the run ended early: write results: ")
	told := regexp.MustCompile("(?m)^.*write results: ").FindAllString(c.out.String(), -1)
	require.Len(t, told, 5, "of four cells, and of the run")

	c.results = kept
	requireSummary(t, c.folder(t), "the run has not ended")
	files, err := filepath.Glob(filepath.Join(c.folder(t), "*", "*", "*", "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, path := range files {
		lines, err := os.ReadFile(path)
		require.NoError(t, err)
		for line := range strings.Lines(string(lines)) {
			require.True(t, json.Valid([]byte(line)) && strings.HasSuffix(line, "\n"), "%s: %q", path, line)
		}
	}
	parts, err := filepath.Glob(filepath.Join(c.folder(t), "*", "*", "*", "*.part"))
	require.NoError(t, err)
	require.Empty(t, parts)
}

// TestFolders: a run works with folders of odd names, or says what it needs
// before it measures; it leaves nothing but its results.
func TestFolders(t *testing.T) {
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	odd := []string{"a b", `it's "q" $HOME`, "ünï", "[x]*?", "a=b:c;d#", "-rf", strings.Repeat("long", 50)}
	for _, variable := range []string{"TMPDIR", "SEBS_RESULTS", "SEBS_CACHE"} {
		for _, name := range odd {
			t.Run(variable+"/"+name, func(t *testing.T) {
				dir := filepath.Join(parent, variable, name)
				require.NoError(t, os.MkdirAll(dir, 0o755))
				c := newChild(t, []string{"SEBS_SAMPLES=3", variable + "=" + dir}, "-test.run", "Model/001.fast/warm")
				require.NoError(t, c.Run(), c.out.String())
				if variable == "TMPDIR" {
					left, err := os.ReadDir(dir)
					require.NoError(t, err)
					require.Empty(t, left)
				}
			})
		}
	}
	refused := []struct {
		name string
		env  []string
		want []string
	}{
		{"no temporary folder", []string{"TMPDIR=" + parent + "/none"}, []string{"temporary folder", "no such file", "set TMPDIR"}},
		{"temporary folder is a file", []string{"TMPDIR=" + file}, []string{"temporary folder", "not a directory", "set TMPDIR"}},
		{"relative temporary folder", []string{"TMPDIR=testdata"}, []string{`temporary folder "testdata"`, "absolute", "set TMPDIR"}},
		{"line break", []string{"TMPDIR=" + parent + "/a\nb"}, []string{"temporary folder", "line breaks", "set TMPDIR"}},
		{"results are a file", []string{"SEBS_RESULTS=" + file}, []string{"results folder", "not a directory", "set SEBS_RESULTS"}},
		{"cache is a file", []string{"SEBS_CACHE=" + file}, []string{"not a directory", "set SEBS_CACHE"}},
		{"no home", []string{"SEBS_CACHE=", "HOME=", "XDG_CACHE_HOME="}, []string{"no folder for packages", "set SEBS_CACHE"}},
	}
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			c := newChild(t, tt.env, "-test.run", "Model/001.fast/warm")
			require.Error(t, c.Run(), c.out.String())
			for _, want := range tt.want {
				require.Contains(t, c.out.String(), want)
			}
			left, err := os.ReadDir(c.results)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
	t.Run("full temporary folder", func(t *testing.T) {
		c := mounted(t, "TMPDIR", "1m", []string{"TMPDIR=" + t.TempDir()}, "-test.run", "Model/001.fast/warm")
		require.Error(t, c.Run(), c.out.String())
		require.Contains(t, c.out.String(), "only 1048 kB are free, and a run needs 16 MB: free space, or set TMPDIR to another folder")
	})
}

// TestFewFiles: a limit of open files that is too low is named, with what the
// run needs, before anything is measured.
func TestFewFiles(t *testing.T) {
	for limit, want := range map[string]string{"40": "only 40 files may be open at once, and a run needs 64: ulimit -n 1024", "64": ""} {
		c := newChild(t, []string{"SEBS_SAMPLES=20"}, "-test.run", "Model/001.fast/(warm|burst)")
		c.Args = append([]string{"sh", "-c", "ulimit -n " + limit + ` && exec "$@"`, "sh", c.Path}, c.Args[1:]...)
		c.Path = "/bin/sh"
		err := c.Run()
		if want == "" {
			require.NoError(t, err, c.out.String())
			require.NotContains(t, c.out.String(), "too many open files")
		} else {
			require.Error(t, err)
			require.Contains(t, c.out.String(), want)
		}
	}
}
