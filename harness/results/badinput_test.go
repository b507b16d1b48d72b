package results_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/harness/results"
)

// cold is a cell of the golden run.
const cold = "TestGolden/platform=sim,benchmark=001.fast,runtime=sim-1,arch=x64,package=archive,trigger=http/memory=128,size=test,mode=cold,axis=a1"

// TestBadInput: what cannot be read or written is named, with what to do.
func TestBadInput(t *testing.T) {
	write := func(name, text string) func(t *testing.T, folder string) {
		return func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
		}
	}
	line := func(n int, with string) func(t *testing.T, folder string) {
		return func(t *testing.T, folder string) {
			path := filepath.Join(folder, cold, "invocations.jsonl")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			lines := strings.Split(string(data), "\n")
			lines[n-1] = with
			require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644))
		}
	}
	killed := func(spoil func(t *testing.T, folder string)) func(t *testing.T, folder string) {
		return func(t *testing.T, folder string) {
			spoil(t, folder)
			path := filepath.Join(folder, "run.json")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(data), `"finished": `, `"was_finished": `, 1)), 0o644))
		}
	}
	series := strings.Replace(cold, "cold", "warm", 1) + "/series-drift.jsonl"
	tests := []struct {
		name  string
		spoil func(t *testing.T, folder string)
		want  []string // none: it is reported
	}{
		{"no manifest", func(t *testing.T, folder string) { require.NoError(t, os.Remove(filepath.Join(folder, "run.json"))) }, []string{"run.json: no such file", "name the folder of a run"}},
		{"another program's", write("run.json", `{"name": "x"}`), []string{"run.json: it has no format, so it is of another program: name the folder of a run"}},
		{"another program's format", write("run.json", `{"format": "v1"}`), []string{"run.json: ", "or of another program"}},
		{"no JSON", write("run.json", "\x00\x00"), []string{"run.json: ", "restore it from a copy"}},
		{"null", write("run.json", `null`), []string{"run.json: it has no format"}},
		{"format 0", write("run.json", `{"format": 0}`), []string{"run.json: there is no format 0, so it is of another program, or damaged"}},
		{"any JSON with a format", write("run.json", `{"format": 2, "id": "x"}`), []string{"run.json: it has no id or no time when the run started"}},
		{"newer", write("run.json", `{"format": 99}`), []string{"run.json: format 99 is newer than 2", "use the version that wrote it, or a newer one"}},
		{"damaged", write("run.json", `{"format": 2, "started": 7}`), []string{"run.json: ", "it is damaged: restore it from a copy"}},
		{"a torn record at the end of a killed run", killed(line(14, `{"seq":13,"blo`)), nil},
		{"a torn record at the end", line(14, `{"seq":13,"blo`), []string{cold + "/invocations.jsonl:14: ", "the line is damaged"}},
		{"a cut end", line(13, `{"seq":12,"blo`), []string{cold + "/invocations.jsonl:13: ", "the line is damaged"}},
		{"an empty line", line(3, ""), []string{cold + "/invocations.jsonl:3: the line is empty: the line is damaged"}},
		{"a record twice", line(3, `{"seq":1}`), []string{cold + "/invocations.jsonl:3: seq 1 is not after seq 1: the line is damaged"}},
		{"a negative place", line(1, `{"seq":-1}`), []string{cold + "/invocations.jsonl:1: seq -1 or client_ns 0 is below 0: the line is damaged"}},
		{"a negative time", line(3, `{"seq":2,"client_ns":-5}`), []string{cold + "/invocations.jsonl:3: seq 2 or client_ns -5 is below 0: the line is damaged"}},
		{"a torn record in the middle", line(3, `{"seq":2,"blo`), []string{cold + "/invocations.jsonl:3: ", "the line is damaged: restore the file from a copy, or delete the line"}},
		{"no record", line(3, `[1]`), []string{"invocations.jsonl:3: ", "the line is damaged"}},
		{"zeros, as after a loss of power", killed(line(14, strings.Repeat("\x00", 4096))), nil},
		{"a torn row of a killed run", killed(write(series, "{\"i\":1}\n{\"i\"")), nil},
		{"a torn row", write(series, "{\"i\":1}\n{\"i\""), []string{series + ":2: ", "the line is damaged"}},
		{"a word in a row", write(series, `{"i": "x"}`), []string{series + ":1: ", "the line is damaged"}},
		{"null in a row", write(series, `{"i": 1, "k": null}`), []string{series + `:1: "k" is null, not a number: the line is damaged`}},
		{"a row of nothing", write(series, `null`), []string{series + ":1: the row has no numbers: the line is damaged"}},
		{"a word in a row of a function", write(path.Dir(cold)+"/series-x.jsonl", `{"i": "x"}`), []string{path.Dir(cold) + "/series-x.jsonl:1: ", "the line is damaged"}},
		{"a folder that is no cell's", func(t *testing.T, folder string) {
			require.NoError(t, os.MkdirAll(filepath.Join(folder, "a", "b", "c"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "a", "b", "c", "invocations.jsonl"), nil, 0o644))
		}, []string{`a/b/c: the name of a function: "b" is no key=value`}},
		{"cannot be written", func(t *testing.T, folder string) {
			require.NoError(t, os.Remove(filepath.Join(folder, cold, "bench.txt")))
			require.NoError(t, os.Mkdir(filepath.Join(folder, cold, "bench.txt"), 0o755))
		}, []string{"bench.txt: file exists: make the folder writable and free space, or report a copy of it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder, _ := golden(t, "format1.txtar")
			tt.spoil(t, folder)
			table, err := results.Report(folder)
			if tt.want == nil {
				require.NoError(t, err)
				require.Contains(t, table, "001.fast")
				return
			}
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			require.ErrorContains(t, err, folder)
			require.NotContains(t, err.Error(), "SEBS_RESULTS")
			left, err := filepath.Glob(filepath.Join(folder, "*.part"))
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// TestReadOnly: of a folder that cannot be written the table is there, and the
// error is told once. The test mounts the folder so and runs itself again.
func TestReadOnly(t *testing.T) {
	const variable = "READ_ONLY_FOLDER"
	if folder := os.Getenv(variable); folder != "" {
		table, err := results.Report(folder)
		require.Contains(t, table, "001.fast")
		require.ErrorContains(t, err, "read-only file system: make the folder writable")
		require.Equal(t, 1, strings.Count(err.Error(), "make the folder writable"), err)
		return
	}
	leftout.Without(t, "run the tests as root on Linux, with the right to mount", "unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", t.TempDir())
	folder, _ := golden(t, "format1.txtar")
	const mount = `mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"`
	cmd := exec.CommandContext(t.Context(), "unshare", "-m", "sh", "-c", mount, folder, os.Args[0], "-test.run", "^TestReadOnly$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+folder)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: TestReadOnly")
}

// TestReportsTheRest: a cell that cannot be reported is named, the others are
// reported, and the run's own files stay as they are.
func TestReportsTheRest(t *testing.T) {
	write := func(name, text string) func(t *testing.T, folder string) {
		return func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, cold, name), []byte(text), 0o644))
		}
	}
	remove := func(name string) func(t *testing.T, folder string) {
		return func(t *testing.T, folder string) { require.NoError(t, os.Remove(filepath.Join(folder, cold, name))) }
	}
	pipe := func(name string) func(t *testing.T, folder string) {
		return func(t *testing.T, folder string) {
			remove(name)(t, folder)
			require.NoError(t, exec.CommandContext(t.Context(), "mkfifo", filepath.Join(folder, cold, name)).Run())
		}
	}
	tests := []struct {
		name, run string
		spoil     func(t *testing.T, folder string)
		want      []string
	}{
		{"a damaged record", "format1", write("invocations.jsonl", "{}\noops\n{}\n"), []string{"invocations.jsonl:2:"}},
		{"a damaged record", "format2", write("invocations.jsonl", "{}\noops\n{}\n"), []string{"invocations.jsonl:2:"}},
		{"no records", "format1", remove("invocations.jsonl"), []string{cold + "/invocations.jsonl: no such file", "the cell's records are gone: restore the file from a copy, or move the folder " + cold + " away"}},
		{"no records", "format2", remove("invocations.jsonl"), []string{cold + "/invocations.jsonl: no such file", "the cell's records are gone: restore the file from a copy, or move the folder " + cold + " away"}},
		{"no header", "format2", remove("cell.json"), []string{cold + "/cell.json: no such file", "restore it from a copy, or move the folder " + cold + " away"}},
		{"a torn header", "format2", write("cell.json", `{"place": 1, "conc`), []string{cold + "/cell.json: ", "it is damaged: restore it from a copy, or move the folder " + cold + " away"}},
		{"a header without anything", "format2", write("cell.json", `{}`), []string{cold + "/cell.json: place 0 and concurrency 0 are to be 1 or more"}},
		{"null", "format2", write("cell.json", `null`), []string{cold + "/cell.json: place 0 and concurrency 0 are to be 1 or more"}},
		{"records that are a pipe", "format2", pipe("invocations.jsonl"), []string{cold + "/invocations.jsonl: it is no regular file: move it away"}},
		{"a header that is a pipe", "format2", pipe("cell.json"), []string{cold + "/cell.json: it is no regular file: move it away"}},
	}
	for _, tt := range tests {
		t.Run(tt.name+", "+tt.run, func(t *testing.T) {
			folder, want := golden(t, tt.run+".txtar")
			tt.spoil(t, folder)
			table, err := results.Report(folder)
			for _, text := range tt.want {
				require.ErrorContains(t, err, text)
			}
			require.ErrorContains(t, err, "the run's summary.txt and bench.txt are left as they were, since a cell is missing")
			require.Contains(t, table, "sequential")
			median := map[string]string{"format1": "26.9 ms", "format2": "26.8 ms"}[tt.run] // of the cell
			require.Contains(t, want["summary.txt"], median)
			require.NotContains(t, table, median)
			for _, name := range []string{"summary.txt", "bench.txt"} {
				data, err := os.ReadFile(filepath.Join(folder, name))
				require.NoError(t, err)
				require.Equal(t, want[name], string(data))
			}
		})
	}
}

// TestKilledAsACellBegan: of a cell that was killed before its cell.json was
// written there is nothing to report.
func TestKilledAsACellBegan(t *testing.T) {
	folder, files := golden(t, "format2.txtar")
	dir := filepath.Join(folder, cold+"#2")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "invocations.jsonl"), nil, 0o644))
	_, err := results.Report(folder)
	require.ErrorContains(t, err, "#2/cell.json: no such file", "the run has finished")
	killed := strings.Replace(files["run.json"], `"finished": `, `"was_finished": `, 1)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "run.json"), []byte(killed), 0o644))
	table, err := results.Report(folder)
	require.NoError(t, err)
	require.Contains(t, table, "the run has not ended")
}

// TestOpenReads: cells are there in the order of the run, with their records,
// statistics, series and samples.
func TestOpenReads(t *testing.T) {
	folder, _ := golden(t, "format1.txtar")
	run, err := results.Open(os.DirFS(folder))
	require.NoError(t, err)
	require.Equal(t, 1, run.Manifest.Format)
	var names []string
	for _, c := range run.Cells {
		names = append(names, c.Function.Value("benchmark")+" "+c.Condition.Value("mode"))
	}
	require.Equal(t, []string{
		"001.fast cold", "001.fast warm", "001.fast burst", "001.fast sequential",
		"003.failing cold", "003.failing warm", "003.failing burst", "003.failing sequential", "900.echo cold", "900.echo warm",
	}, names)
	warm := run.Cells[1]
	n := 0
	for v, err := range warm.Invocations() {
		require.NoError(t, err)
		require.Equal(t, n, v.Sequence)
		n++
	}
	s, err := warm.Summary()
	require.NoError(t, err)
	require.Equal(t, n, s.Attempts)
	sample, err := warm.Sample(results.ClientTime)
	require.NoError(t, err)
	require.Len(t, sample.Values, s.Counted)
	again, err := sample.Summarize()
	require.NoError(t, err)
	require.Equal(t, s.Metric(results.ClientTime).Summary, again)
	_, err = warm.Sample("nothing")
	require.ErrorContains(t, err, `no metric "nothing"; there are client_ns, `)
	rows := 0
	for row, err := range warm.Rows("drift") {
		require.NoError(t, err)
		require.Contains(t, row, "age_s")
		rows++
	}
	require.Equal(t, s.Series["drift"], rows)

	c, err := run.Cell("TestGolden", warm.Function.String(), warm.Condition.String())
	require.NoError(t, err)
	require.Same(t, warm, c)
	_, err = run.Cell("TestGolden", "x", "y")
	require.ErrorContains(t, err, "no cell TestGolden/x/y")
	_, err = results.Open(fstest.MapFS{})
	require.ErrorIs(t, err, os.ErrNotExist)
}
