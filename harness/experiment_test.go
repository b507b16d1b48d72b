package harness_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/results"
	_ "github.com/sebs-go/sebs/platforms/sim"
)

func TestMain(m *testing.M) {
	linkRemote()
	harness.Main(m)
}

// models are the benchmarks of the experiments below.
var models = []harness.Benchmark{
	model("001.fast", `{"seed": 1, "copy": "n", "warm": {"lognormal": {"median": "2ms", "sigma": 0.2}}, "cold": {"constant": "20ms"}, "start": "5ms"}`),
	model("002.slow", `{"copy": "n", "warm": {"constant": "300ms"}, "cold": {"constant": "300ms"}}`),
	model("004.noisy", `{"copy": "n", "warm": {"mixture": [{"weight": 0.5, "of": {"constant": "1ms"}}, {"weight": 0.5, "of": {"constant": "4ms"}}]}}`),
	model("003.failing", `{"failures": [{"cause": "crash", "probability": 1}]}`),
}

func model(name, source string) harness.Benchmark {
	return harness.Benchmark{
		Name: name,
		Files: fstest.MapFS{
			"config.json":       {Data: []byte(`{"timeout": 10, "memory": 128, "languages": ["sim"], "modules": []}`)},
			"sim/function.json": {Data: []byte(source)},
		},
		Input: func(context.Context, harness.Size, *harness.Store) (any, error) {
			return map[string]int{"n": 7}, nil
		},
		Check: func(_ context.Context, _ harness.Size, _ any, output json.RawMessage, _ *harness.Store) error {
			if string(output) != "7" {
				return errors.New("want 7")
			}
			return nil
		},
	}
}

// TestModel is the experiment that the tests below run in a child process.
func TestModel(t *testing.T) {
	harness.Cells(t, models, harness.Conditions{Modes: harness.Modes}, func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
		for cell.More() {
			cell.Batch(ctx)
		}
	})
}

// BenchmarkModel is the same as a Go benchmark.
func BenchmarkModel(b *testing.B) {
	harness.BenchCells(b, models, harness.Conditions{Modes: harness.Modes}, func(ctx context.Context, b *testing.B, cell *harness.Cell) {
		for b.Loop() {
			cell.Batch(ctx)
		}
	})
}

// BenchmarkLoop is the same with a loop over b.N.
func BenchmarkLoop(b *testing.B) {
	harness.BenchCells(b, models, harness.Conditions{Modes: harness.Modes}, func(ctx context.Context, b *testing.B, cell *harness.Cell) {
		for range b.N {
			cell.Batch(ctx)
		}
	})
}

// TestBesideOne and TestBesideTwo are experiments on the same function that
// are parallel tests.
func TestBesideOne(t *testing.T) { beside(t) }
func TestBesideTwo(t *testing.T) { beside(t) }

func beside(t *testing.T) {
	t.Helper()
	t.Parallel()
	harness.Cells(t, models[:1], harness.Conditions{}, func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
		for cell.More() {
			cell.Batch(ctx)
		}
	})
}

// TestSweepModel is the sweep that the tests below run in a child process.
func TestSweepModel(t *testing.T) { harness.Sweep(t) }

// child is this test binary, run again as `go test` would run an experiment.
type child struct {
	*exec.Cmd
	results string
	out     bytes.Buffer
}

func newChild(t *testing.T, env []string, args ...string) *child {
	t.Helper()
	c := &child{Cmd: exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.v"}, args...)...), results: t.TempDir()}
	c.Env = append(os.Environ(), "SEBS_RESULTS="+c.results, "SEBS_CACHE="+t.TempDir(), "CI=true")
	c.Env = append(c.Env, env...)
	c.Stdout, c.Stderr = &c.out, &c.out
	return c
}

// folder returns the run's folder of results.
func (c *child) folder(t *testing.T) string {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(c.results, "*", "run.json"))
	require.NoError(t, err)
	require.Len(t, runs, 1, c.out.String())
	return filepath.Dir(runs[0])
}

const fastCold = "TestModel/platform=sim,benchmark=001.fast,runtime=sim-1,arch=x64,package=archive,trigger=http/memory=128,size=test,mode=cold"

func TestExperiment(t *testing.T) {
	c := newChild(t, nil, "-test.run", "Model/001.fast")
	require.NoError(t, c.Run(), c.out.String())
	folder := c.folder(t)

	require.Contains(t, c.out.String(), "results: "+folder)
	table, err := os.ReadFile(filepath.Join(folder, "summary.txt"))
	require.NoError(t, err)
	require.Contains(t, c.out.String(), string(table), "what is shown is what is kept")

	var files []string
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, folder+"/"))
		}
		return err
	}))
	for _, name := range []string{"run.json", "summary.txt", fastCold + "/invocations.jsonl", fastCold + "/summary.json", fastCold + "/bench.txt", fastCold + "/build.log"} {
		require.Contains(t, files, name)
	}

	var summary results.Summary
	read(t, filepath.Join(folder, fastCold, "summary.json"), &summary)
	require.Equal(t, "cold", summary.Condition["mode"])
	require.Equal(t, "001.fast", summary.Function["benchmark"])
	require.Positive(t, summary.Counted)
	require.Equal(t, summary.Counted, summary.Cold)

	var manifest map[string]any
	read(t, filepath.Join(folder, "run.json"), &manifest)
	require.NotEmpty(t, manifest["finished"])
	require.NotContains(t, manifest, "ended")
}

func read(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, v))
}

// TestBenchTxt reads a cell's bench.txt with benchstat's own parser.
func TestBenchTxt(t *testing.T) {
	c := newChild(t, nil, "-test.run", "Model/001.fast/cold")
	require.NoError(t, c.Run(), c.out.String())
	whole, err := os.ReadFile(filepath.Join(c.folder(t), "bench.txt"))
	require.NoError(t, err)
	cell, err := os.ReadFile(filepath.Join(c.folder(t), fastCold, "bench.txt"))
	require.NoError(t, err)
	require.Equal(t, string(cell), string(whole), "the run has one cell")
	f, err := os.Open(filepath.Join(c.folder(t), fastCold, "bench.txt"))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })

	var summary results.Summary
	read(t, filepath.Join(c.folder(t), fastCold, "summary.json"), &summary)
	reader, results, units := benchfmt.NewReader(f, "bench.txt"), 0, 0
	for reader.Scan() {
		switch rec := reader.Result().(type) {
		case *benchfmt.Result:
			results++
			require.Equal(t, "Model/platform=sim/benchmark=001.fast/runtime=sim-1/arch=x64/package=archive/trigger=http/memory=128/size=test/mode=cold", string(rec.Name))
			seconds, ok := rec.Value("sec/op")
			require.True(t, ok)
			require.Greater(t, seconds, 0.024)
			_, ok = rec.Value("handler-sec")
			require.True(t, ok)
		case *benchfmt.UnitMetadata:
			units++
		case *benchfmt.SyntaxError:
			t.Fatal(rec)
		}
	}
	require.NoError(t, reader.Err())
	require.Equal(t, summary.Counted, results)
	require.Positive(t, units)
}

// TestBenchmarkLoops: a benchmark's loop may be over b.N, and once around is
// enough also where the first answer is cold. A cell stands for all the loops
// of a benchmark, and -count makes further ones.
func TestBenchmarkLoops(t *testing.T) {
	for _, name := range []string{"Model", "Loop"} {
		for benchtime, least := range map[string]int{"1x": 1, "100ms": 2} {
			c := newChild(t, nil, "-test.run", "^$", "-test.bench", name+"/.*/001.fast/.*/.*/.*/.*/.*/.*/(warm|sequential)", "-test.benchtime", benchtime, "-test.count", "2")
			require.NoError(t, c.Run(), c.out.String())
			require.Len(t, regexp.MustCompile(`(?m)^Benchmark.* ns/op`).FindAllString(c.out.String(), -1), 4, c.out.String())
			cells, err := filepath.Glob(filepath.Join(c.folder(t), "*", "*", "*"))
			require.NoError(t, err)
			require.Len(t, cells, 4, "%s %s", name, benchtime)
			for _, cell := range cells {
				var s results.Summary
				read(t, filepath.Join(cell, "summary.json"), &s)
				require.GreaterOrEqual(t, s.Counted, least, "%s %s", name, cell)
			}
		}
	}
}

// TestBenchmarkThatAlwaysFails ends after three calls, not at -benchtime.
func TestBenchmarkThatAlwaysFails(t *testing.T) {
	for _, name := range []string{"Model", "Loop"} {
		c := newChild(t, nil, "-test.run", "^$", "-test.bench", name+"/.*/003.failing/.*/.*/.*/.*/.*/.*/cold", "-test.benchtime", "1000x")
		require.Error(t, c.Run())
		require.Contains(t, c.out.String(), "counts: ")
		require.NotContains(t, c.out.String(), "ns/op")
		summaries, err := filepath.Glob(filepath.Join(c.folder(t), "*", "*", "*", "summary.json"))
		require.NoError(t, err)
		require.Len(t, summaries, 1)
		var s results.Summary
		read(t, summaries[0], &s)
		require.LessOrEqual(t, s.Attempts, 3)
	}
}

func TestExperimentAsBenchmark(t *testing.T) {
	c := newChild(t, nil, "-test.run", "^$", "-test.bench", "Model/.*/001.fast", "-test.benchtime", "20x")
	require.NoError(t, c.Run(), c.out.String())
	require.NotContains(t, c.out.String(), "#01")
	line := regexp.MustCompile(`(?m)^BenchmarkModel/platform=sim/benchmark=001.fast/\S+/mode=cold(?:-\d+)?\s+20\s.*$`).FindString(c.out.String())
	require.NotEmpty(t, line, c.out.String())
	require.Contains(t, line, "handler-ns")
	require.Contains(t, line, "memory-B")

	// benchstat reads what was printed, every line of it.
	reader, results := benchfmt.NewReader(strings.NewReader(c.out.String()), "stdout"), 0
	for reader.Scan() {
		switch rec := reader.Result().(type) {
		case *benchfmt.Result:
			results++
		case *benchfmt.SyntaxError:
			t.Fatal(rec)
		}
	}
	require.Equal(t, 4, results, "a line for each mode")
}

// TestRefusals: what cannot be done is refused before anything is built, with
// the thing and the remedy.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"selects nothing", nil, []string{"-test.run", "Model/001.fsat"}, []string{"-run 'Model/001.fsat' selects no cell of sim", `did you mean "001.fast"?`, "benchmark: 001.fast, 002.slow", "try -run 'Model/001.fast'"}},
		{"no such mode", nil, []string{"-test.run", "Model/001.fast/wram"}, []string{`"wram" matches no value: did you mean "warm"?`, "mode: cold, warm, burst, sequential"}},
		{"three levels", nil, []string{"-test.run", "Model/001.fast/sim-1/warm"}, []string{"names have two levels", "try -run 'Model/001.fast.*sim-1/warm'"}},
		{"too long", []string{"SEBS_SAMPLES=1000,10m"}, []string{"-test.run", "Model", "-test.timeout", "5m"}, []string{"16 cells may take 2h40m0s of measuring", "-timeout leaves 5m0s", "pass -timeout", "SEBS_SAMPLES=10,5s"}},
		{"unknown size", []string{"SEBS_SIZE=gigantic"}, []string{"-test.run", "Model/001"}, []string{"SEBS_SIZE=gigantic", "test, small, large"}},
		{"misspelt parameter", []string{"SEBS_MEMROY=3"}, []string{"-test.run", "Model/001"}, []string{"SEBS_MEMROY: there is no such parameter"}},
		{"results in a file", []string{"SEBS_RESULTS=/dev/null/results"}, []string{"-test.run", "Model/001"}, []string{"results folder", "/dev/null", "set SEBS_RESULTS"}},
		{"store in a file", []string{"SEBS_CACHE=/dev/null/cache"}, []string{"-test.run", "Model/001"}, []string{"/dev/null/cache", "SEBS_CACHE"}},
		{"missing folder", []string{"SEBS_BENCHMARKS=/no/such/folder"}, []string{"-test.run", "Model/001"}, []string{"SEBS_BENCHMARKS", "/no/such/folder"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newChild(t, tt.env, tt.args...)
			var exit *exec.ExitError
			require.ErrorAs(t, c.Run(), &exit, c.out.String())
			for _, want := range tt.want {
				require.Contains(t, c.out.String(), want)
			}
			require.NotContains(t, c.out.String(), "panic")
			left, err := filepath.Glob(filepath.Join(c.results, "*", "TestModel"))
			require.NoError(t, err)
			require.Empty(t, left, "nothing was measured")
			folders, err := filepath.Glob(filepath.Join(c.results, "2*"))
			require.NoError(t, err)
			for _, folder := range folders {
				require.FileExists(t, filepath.Join(folder, "run.json"), "a folder of a run that never began")
			}
			require.NoFileExists(t, filepath.Join(c.results, "latest"), "which is that of a run that measured")
		})
	}
}

func TestUnnamedExperimentsDoNotRun(t *testing.T) {
	for _, pattern := range []string{"", "Test", "."} {
		c := newChild(t, nil, "-test.run", pattern, "-test.skip", "^Test([^M]|M[^o]|Mo[^d]|Mod[^e]|Mode[^l]|Model.)")
		require.NoError(t, c.Run(), c.out.String())
		require.Contains(t, c.out.String(), "an experiment runs when -run names it")
		left, err := os.ReadDir(c.results)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// TestBurst: calls made at once are not independent, so a cell of bursts has ten
// of them, bench.txt a line for each, and an interval of them.
func TestBurst(t *testing.T) {
	burst := strings.Replace(fastCold, "mode=cold", "mode=burst", 1)
	c := newChild(t, nil, "-test.run", "Model/001.fast/burst")
	require.NoError(t, c.Run(), c.out.String())
	var s results.Summary
	read(t, filepath.Join(c.folder(t), burst, "summary.json"), &s)
	require.Equal(t, 100, s.Counted)
	for _, m := range s.Metrics {
		require.Equal(t, 10, m.Batches, m.Name)
		require.Equal(t, 0.95, m.Median.Interval.Nominal, m.Name)
		require.GreaterOrEqual(t, m.Median.Interval.Level, 0.95, m.Name)
		require.Zero(t, m.Mean.Interval.Level, m.Name)
	}
	require.Contains(t, c.out.String(), "100 in 10")
	require.Contains(t, c.out.String(), "Calls made at once are not independent")
	lines, err := os.ReadFile(filepath.Join(c.folder(t), burst, "bench.txt"))
	require.NoError(t, err)
	require.Equal(t, 10, strings.Count(string(lines), "BenchmarkModel/"))

	c = newChild(t, []string{"SEBS_SAMPLES=7", "SEBS_CONCURRENCY=3"}, "-test.run", "Model/001.fast/burst")
	require.NoError(t, c.Run(), c.out.String())
	require.Contains(t, c.out.String(), "stopped: 9 samples: 7 were wanted, and batches of 3 are made whole")
	require.Contains(t, c.out.String(), "3 batches of calls made at once: an interval needs 10, SEBS_SAMPLES=30")
	s = results.Summary{}
	read(t, filepath.Join(c.folder(t), burst, "summary.json"), &s)
	require.True(t, s.Metrics[0].Median.Interval.IsZero())
}

func TestSampleWithoutSuccessFails(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=5"}, "-test.run", "Model/003.failing/warm")
	require.Error(t, c.Run())
	require.Contains(t, c.out.String(), "none of 3 invocations counts: 3 crash")
	require.Contains(t, c.out.String(), "results: ", "what was recorded is kept")
}

// TestRepeated: the same cell again in one run gets a folder of its own.
func TestRepeated(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=3"}, "-test.run", "Model/001.fast/cold", "-test.count", "2")
	require.NoError(t, c.Run(), c.out.String())
	require.FileExists(t, filepath.Join(c.folder(t), fastCold, "summary.json"))
	require.FileExists(t, filepath.Join(c.folder(t), fastCold+"#2", "summary.json"))
}

// TestParallel: parallel experiments share one run, and do not disturb each
// other's cells.
func TestParallel(t *testing.T) {
	c := newChild(t, []string{"SEBS_SAMPLES=30"}, "-test.run", "Beside/001.fast", "-test.parallel", "2")
	require.NoError(t, c.Run(), c.out.String())
	files, err := filepath.Glob(filepath.Join(c.folder(t), "TestBeside*", "*", "*", "invocations.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	var first, last [2]int64
	for i, f := range files {
		all, err := results.ReadInvocations(os.DirFS(filepath.Dir(f)), filepath.Base(f))
		require.NoError(t, err)
		first[i], last[i] = all[0].Sent, all[len(all)-1].Sent
	}
	require.True(t, last[0] < first[1] || last[1] < first[0], "%v %v", first, last)
}
