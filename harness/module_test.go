package harness_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/harness/leftout"
)

// TestAnotherModule compiles and runs a second module that imports harness and
// brings its own benchmark; and runs it again, since an experiment is never
// served from the test cache: with and without a TestMain, wherever its results
// are, and also where its module cannot be written.
func TestAnotherModule(t *testing.T) {
	dir := anotherModule(t)
	elsewhere := t.TempDir()
	tests := []struct {
		name    string
		args    []string
		results string // "": those of the module, which can be written
		want    string // the folder of a cell in the run's
	}{
		{"without Main", []string{"-run", "Echo/900.echo/warm", "."}, "", "TestEcho/*/*mode=warm"},
		{"without Main, read-only", []string{"-run", "Echo/900.echo/warm", "."}, "root", "TestEcho/*/*mode=warm"},
		{"with Main, read-only", []string{"-run", "Model/901.model", "./models"}, "main", "TestModel/*/*"},
		{"benchmark, read-only", []string{"-run", "^$", "-bench", "Model/.*/901.model", "./models"}, "bench", "BenchmarkModel/*/*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			results, shell := filepath.Join(dir, "results"), `exec "$@"`
			env := append(os.Environ(), "SEBS_SAMPLES=10", "SEBS_CACHE="+filepath.Join(elsewhere, "cache"), "CI=true")
			if tt.results != "" {
				if !leftout.Named() {
					t.Skip("it links tests anew each time, and runs when -run names it: -run '^TestAnotherModule$'")
				}
				results = filepath.Join(elsewhere, tt.results)
				env = append(env, "SEBS_RESULTS="+results)
				shell = `mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && ! touch file && exec "$@"`
			}
			for range 2 {
				args := append([]string{"sh", "-c", shell, "sh", "go", "test", "-mod=mod", "-v"}, tt.args...)
				if tt.results != "" {
					mustMount(t)
					args = append([]string{"unshare", "-m"}, args...)
				}
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Dir, cmd.Env = dir, env
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, string(out))
				require.Contains(t, string(out), "results: "+results)
				require.NotContains(t, string(out), "(cached)")
			}
			cells, err := filepath.Glob(filepath.Join(results, "*", tt.want, "summary.json"))
			require.NoError(t, err)
			require.Len(t, cells, 2, "two runs of a cell")
			latest, err := os.ReadFile(filepath.Join(results, "latest"))
			require.NoError(t, err)
			require.DirExists(t, strings.TrimSpace(string(latest)))
			require.Equal(t, results, filepath.Dir(string(latest)))
			ignored, err := os.ReadFile(filepath.Join(results, ".gitignore"))
			require.NoError(t, err)
			require.Equal(t, "*\n", string(ignored))
		})
	}
}

// TestManualAcrossCells runs the manual's experiment across cells, which is short,
// and reports its run again in that module.
func TestManualAcrossCells(t *testing.T) {
	dir := anotherModule(t)
	source, err := os.ReadFile(filepath.Join(dir, "sweep", "sweep_test.go"))
	require.NoError(t, err)
	_, experiment, _ := strings.Cut(string(source), "func TestMemorySweep")
	require.LessOrEqual(t, strings.Count(experiment, "\n"), 20)

	command := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "SEBS_SAMPLES=10", "SEBS_CACHE="+filepath.Join(dir, "cache"), "CI=true")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	out := command("test", "-mod=mod", "-v", "-tags", "sim", "-run", "MemorySweep/010.sleep", "./sweep")
	runs, err := filepath.Glob(filepath.Join(dir, "results", "*", "run.json"))
	require.NoError(t, err)
	require.Len(t, runs, 1)
	folder := filepath.Dir(runs[0])
	series, err := filepath.Glob(filepath.Join(folder, "TestMemorySweep", "*", "series-memory.jsonl"))
	require.NoError(t, err)
	require.Len(t, series, 1)
	rows, err := os.ReadFile(series[0])
	require.NoError(t, err)
	require.Regexp(t, `^{"median_ns":[\d.]+,"memory_mb":128,"p95_ns":[\d.]+}\n.*256.*\n.*512.*\n$`, string(rows))

	table, err := os.ReadFile(filepath.Join(folder, "summary.txt"))
	require.NoError(t, err)
	require.Contains(t, out, string(table))
	require.NoError(t, os.Remove(filepath.Join(folder, "summary.txt")))
	require.Equal(t, string(table), command("run", "-mod=mod", "github.com/sebs-go/sebs/harness/results/report", folder))
	again, err := os.ReadFile(filepath.Join(folder, "summary.txt"))
	require.NoError(t, err)
	require.Equal(t, string(table), string(again))
}

// TestManualIsTested: the programs in the manual are those of the module that is
// run above, and the one that is compiled here.
func TestManualIsTested(t *testing.T) {
	manual, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	archive, err := txtar.ParseFile("testdata/module.txtar")
	require.NoError(t, err)
	found := 0
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "models/") {
			continue
		}
		found++
		var block strings.Builder
		for line := range strings.Lines(string(f.Data)) {
			block.WriteString(strings.TrimSuffix("//\t"+line, "\t\n"))
			if line == "\n" {
				block.WriteString("\n")
			}
		}
		require.Contains(t, string(manual), block.String(), f.Name)
	}
	require.Equal(t, 5, found)

	cmd := exec.CommandContext(t.Context(), "go", "vet", "-mod=mod", "./first", "./sweep")
	cmd.Dir = anotherModule(t)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// anotherModule writes the module of testdata/module.txtar and returns its
// folder.
func anotherModule(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	archive, err := txtar.ParseFile("testdata/module.txtar")
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "my ünï module")
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
	return dir
}
