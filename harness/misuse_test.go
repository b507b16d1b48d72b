package harness_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/results"
)

// misuses are mistakes of an experiment: its benchmarks, conditions and body,
// and what is said of it.
var misuses = map[string]struct {
	benchmarks []harness.Benchmark
	conditions harness.Conditions
	body       func(ctx context.Context, t *testing.T, cell *harness.Cell)
	want       []string
}{
	"no-call": {
		body: func(context.Context, *testing.T, *harness.Cell) {},
		want: []string{"the body made no call: loop over cell.More and call cell.Batch"},
	},
	"no-call-in-loop": {
		body: func(_ context.Context, _ *testing.T, cell *harness.Cell) {
			for cell.More() {
			}
		},
		want: []string{"the body asked More 1001 times in a row without a call: call cell.Batch"},
	},
	"no-call-but-errors": {
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			for cell.More() {
				_, _ = cell.InvokeWith(ctx, func() {}) // the mistake is not to look at it
			}
		},
		want: []string{"and look at the error of cell.InvokeWith"},
	},
	"ended-cell": {
		conditions: twoCells,
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			cell.Invoke(ctx)
			if kept == nil {
				kept = cell
				return
			}
			for kept.More() {
				kept.Batch(ctx)
			}
		},
		want: []string{": More is called when it is not the cell's turn, or its body has ended: use a cell in one goroutine of its own body"},
	},
	"ended-cell-batch": {
		conditions: twoCells,
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			cell.Invoke(ctx)
			if kept == nil {
				kept = cell
			}
			kept.Batch(ctx)
		},
		want: []string{": Batch is called when it is not the cell's turn, or its body has ended: use a cell"},
	},
	"ended-cell-invoke": {
		conditions: twoCells,
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			if kept == nil {
				cell.Invoke(ctx)
				kept = cell
			}
			kept.Invoke(ctx)
		},
		want: []string{": Invoke is called when it is not the cell's turn, or its body has ended: use a cell"},
	},
	"waiting-cell": {
		conditions: twoCells,
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			if cell.Invoke(ctx); kept == nil {
				kept = cell
			}
			for kept.More() {
				kept.Batch(ctx)
			}
		},
		want: []string{": More is called while an earlier call of it has not returned, by another goroutine or the body of another cell: use a cell"},
	},
	"goroutines": {
		conditions: twoCells,
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			var loops sync.WaitGroup
			defer loops.Wait()
			for range 3 {
				loops.Go(func() {
					for cell.More() {
						cell.Batch(ctx)
					}
				})
			}
		},
		want: []string{": use a cell in one goroutine of its own body"},
	},
	"key": {
		body: func(_ context.Context, _ *testing.T, cell *harness.Cell) { cell.Value("benchmrak") },
		want: []string{`no key "benchmrak" of a cell (did you mean "benchmark"?); there are platform, benchmark, runtime,`},
	},
	"row-outside": {
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			cell.Invoke(ctx)
			_ = cell.Row("../../up", map[string]float64{"x": 1}) // the mistake is not to look at it, too
		},
		want: []string{`series "../../up": a name has letters`},
	},
	"row-nan": {
		body: func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
			cell.Invoke(ctx)
			_ = cell.Row("rtt", map[string]float64{"rtt_us": math.NaN()})
		},
		want: []string{"series rtt: rtt_us is NaN"},
	},
	"name": {
		benchmarks: []harness.Benchmark{model("900/hello", "{}")},
		want:       []string{`benchmark "900/hello": a name has letters`},
	},
	"memory": {
		conditions: harness.Conditions{Memory: []int{0}},
		want:       []string{"conditions: Memory 0 is not from 32"},
	},
	"axis": {
		conditions: harness.Conditions{Axes: []harness.Axis{{Name: "mode", Values: []string{"1"}}}},
		want:       []string{"axis mode: a cell's name has that key already"},
	},
	"input": {
		benchmarks: []harness.Benchmark{unencodable()},
		want:       []string{"input test of 900.func: key object.callback: json: unsupported type: func()"},
	},
	"folder": {
		benchmarks: []harness.Benchmark{without("900.hello", "sim/function.json")},
		want:       []string{"config.json names the language sim, but Files has no folder sim: write it, embed it, or take"},
	},
	"language": {
		benchmarks: []harness.Benchmark{written("900.hello", `"smi"`)},
		want:       []string{`benchmark 900.hello: config.json: no platform linked here has the language "smi" (did you mean "sim"?)`},
	},
}

// kept is the cell of an earlier body.
var kept *harness.Cell

var twoCells = harness.Conditions{Memory: []int{128, 256}}

func unencodable() harness.Benchmark {
	b := model("900.func", "{}")
	b.Input = func(context.Context, harness.Size, *harness.Store) (any, error) {
		return map[string]any{"object": map[string]any{"callback": func() {}}}, nil
	}
	return b
}

func written(name, languages string) harness.Benchmark {
	b := model(name, "{}")
	files := b.Files.(fstest.MapFS)
	files["config.json"] = &fstest.MapFile{Data: []byte(`{"timeout": 10, "memory": 128, "languages": [` + languages + `], "modules": []}`)}
	return b
}

func without(name, file string) harness.Benchmark {
	b := model(name, "{}")
	delete(b.Files.(fstest.MapFS), file)
	return b
}

// TestMisuse is the experiment that MISUSE names.
func TestMisuse(t *testing.T) {
	m := misuses[os.Getenv("MISUSE")]
	if m.benchmarks == nil {
		m.benchmarks = models[:1]
	}
	if m.body == nil {
		m.body = func(ctx context.Context, _ *testing.T, cell *harness.Cell) { cell.Invoke(ctx) }
	}
	harness.Cells(t, m.benchmarks, m.conditions, m.body)
}

// TestMisuseIsTold: each mistake fails at once with an error at a line of the
// experiment, and writes nothing beside its folder.
func TestMisuseIsTold(t *testing.T) {
	for name, m := range misuses {
		t.Run(name, func(t *testing.T) {
			c := newChild(t, []string{"MISUSE=" + name}, "-test.run", "^TestMisuse$")
			began := time.Now()
			var exit *exec.ExitError
			require.ErrorAs(t, c.Run(), &exit, c.out.String())
			t.Logf("%s: %s", time.Since(began).Round(time.Millisecond), c.out.String())
			for _, want := range m.want {
				require.Regexp(t, `(?m)^ *misuse_test\.go:\d+: .*`+regexp.QuoteMeta(want), c.out.String())
			}
			require.NotContains(t, c.out.String(), "panic:")
			up, err := filepath.Glob(filepath.Join(c.results, "*", "*", "*up*"))
			require.NoError(t, err)
			require.Empty(t, up)
		})
	}
}

// TestSeries: rows are counted in the summary, and the table names the series.
func TestSeries(t *testing.T) {
	c := newChild(t, []string{"SEBS_CONCURRENCY=3"}, "-test.run", "^TestRows$")
	require.NoError(t, c.Run(), c.out.String())
	require.Contains(t, c.out.String(), "001.fast memory=128,size=test,mode=sequential: series rtt: 2 rows")
	require.Contains(t, c.out.String(), "Rows: SEBS_CONCURRENCY is not used")
	files, err := filepath.Glob(filepath.Join(c.folder(t), "TestRows", "*", "*", "series-rtt.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	rows, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, "{\"a_us\":2,\"rtt_us\":1}\n{\"rtt_us\":3}\n", string(rows))
	var summary results.Summary
	read(t, filepath.Join(filepath.Dir(files[0]), "summary.json"), &summary)
	require.Equal(t, map[string]int{"rtt": 2}, summary.Series)
}

// TestRows is an experiment with a series, and with every key of a cell.
func TestRows(t *testing.T) {
	harness.Cells(t, models[:1], harness.Conditions{}, func(ctx context.Context, t *testing.T, cell *harness.Cell) {
		require.Equal(t, "001.fast", cell.Value("benchmark"))
		require.Equal(t, "sim-1", cell.Value("runtime"))
		require.Equal(t, "default", cell.Value("variant"))
		require.Equal(t, "sequential", cell.Value("mode"))
		require.NoError(t, cell.Row("rtt", map[string]float64{"rtt_us": 1, "a_us": 2}))
		require.NoError(t, cell.Row("rtt", map[string]float64{"rtt_us": 3}))
		require.NoError(t, cell.Retire(ctx))
		require.Positive(t, cell.Invoke(ctx).Startup())
		require.Zero(t, cell.Invoke(ctx).Startup())
		require.JSONEq(t, "7", string(cell.Invoke(ctx).Result()))
	})
}

// TestMisspeltExperiments: a pattern that is nearly the name of an experiment
// fails; one that may name a test of another package passes.
func TestMisspeltExperiments(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
		fail bool
	}{
		{[]string{"-test.run", "Modell/001.fast"}, `sebs: -run 'Modell/001.fast' matches no test of this package (did you mean "Model"?); it has`, true},
		{[]string{"-test.run", "Rwos|Rows"}, `sebs: -run 'Rwos' matches no test of this package (did you mean "Rows"?)`, true},
		{[]string{"-test.run", "^$", "-test.bench", "Mdoel/.*/001"}, `sebs: -bench 'Mdoel/.*/001' matches no test of this package (did you mean "Model"?)`, true},
		{[]string{"-test.run", "SomethingElse/x"}, "sebs: -run 'SomethingElse/x' matches no test of this package; it has", true},
		{[]string{"-test.run", "SomethingElse"}, "sebs: -run 'SomethingElse' matches no test of this package; it has", false},
		{[]string{"-test.run", "^$"}, "", false},
		{[]string{"-test.list", "Modell"}, "", false},
	} {
		c := newChild(t, nil, tt.args...)
		err := c.Run()
		require.Equal(t, tt.fail, err != nil, "%v: %s", tt.args, c.out.String())
		if tt.want == "" {
			require.NotContains(t, c.out.String(), "sebs:")
		} else {
			require.Contains(t, c.out.String(), tt.want)
		}
	}
}
