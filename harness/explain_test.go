package harness

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/selection"
)

// TestExplain: an expression that selects nothing is told which part of it
// matches nothing, what that could be, and one that selects something.
func TestExplain(t *testing.T) {
	const run, bench = "-run", "-bench"
	tests := []struct {
		kind, expr, skip string
		want             []string
		try              string // empty: none
	}{
		{run, "PerfCost/110.*pyhton", "", []string{`"pyhton" matches no value: did you mean "python"?`, "\n\truntime: python-3.11, nodejs-20, python-3.12"}, "PerfCost/110.*python"},
		{run, "PerfCost/110.*Python/cold", "", []string{`did you mean "python"?`}, "PerfCost/110.*python/cold"},
		{run, "PerfCost/110.*pyhton-3.12/cold", "", []string{`did you mean "python-3.12"?`}, "PerfCost/110.*python-3.12/cold"},
		{run, "PerfCost/110.*python-2.7", "", []string{"\"python-2.7\" matches no value\n\truntime: python-3.11, nodejs-20, python-3.12"}, ""},
		{run, "PerfCost/210.thumbnialer", "", []string{`"210.thumbnialer" matches no value: did you mean "210.thumbnailer"?`, "benchmark: 110.dynamic-html, 210.thumbnailer, 411.recognition (those passed to Cells, and SEBS_BENCHMARKS)\n"}, "PerfCost/210.thumbnailer"},
		{run, "PerfCost/thumbnail3r.*node", "", []string{`did you mean "thumbnailer"?`}, "PerfCost/thumbnailer.*node"},
		{run, "PerfCost/benchmark=21.thumbnailer", "", []string{`did you mean "benchmark=210.thumbnailer"?`}, "PerfCost/benchmark=210.thumbnailer"},
		{run, "PerfCost/benchmrak=210.thumbnailer", "", []string{`did you mean "benchmark=210.thumbnailer"?`}, "PerfCost/benchmark=210.thumbnailer"},
		{run, "PerfCost/benchmark=dynamic", "", []string{"benchmark: 110.dynamic-html"}, ""},
		{run, "PerfCost/411.*arm64.*variant", "", []string{"its parts stand in another order"}, "PerfCost/411.*variant.*arm64"},
		{run, "PerfCost/110.*python/wram", "", []string{`"wram" matches no value: did you mean "warm"?`, "\n\tmode: cold, warm, burst, sequential\n"}, "PerfCost/110.*python/warm"},
		{run, "PerfCost/110/mode=(clod|wram)", "", []string{`"mode=(clod|wram)" matches no value: did you mean "mode=(cold|warm)"?`}, "PerfCost/110/mode=(cold|warm)"},
		{run, "PerfCost/110/size=tset,mode=cold", "", []string{`did you mean "size=test"?`, "\n\tsize: test\n"}, "PerfCost/110/size=test.*mode=cold"},
		{run, "PerfCost/110/memory=512", "", []string{"\"memory=512\" matches no value\n\tcells of that memory: set SEBS_MEMORY=512\n\tmemory: 128\n"}, ""},
		{run, "PerfCost/110/512", "", []string{"cells of that memory: set SEBS_MEMORY=512"}, ""},
		{run, "PerfCost/110/memory=5", "", []string{"\"memory=5\" matches no value\n\tmemory: 128\n"}, ""},
		{run, "PerfCost/110/size=small", "", []string{"\"size=small\" matches no value\n\tcells of that size: set SEBS_SIZE=small\n\tsize: test\n"}, ""},
		{run, "PerfCost/110/large", "", []string{"cells of that size: set SEBS_SIZE=large"}, ""},
		{run, "PerfCost/620", "", []string{"\"620\" matches no value\n\t620.compiled has no language of platform ", "; it has cpp, rust\n\tbenchmark: 110"}, ""},
		{run, "PerfCost/compiled.*rust", "", []string{"620.compiled has no language of platform "}, ""},
		{run, "PerfCost/110/sleep=20s", "", []string{`"sleep=20s" matches no value: did you mean "sleep=10s"?`, "\n\tsleep: 1s, 10s"}, "PerfCost/110/sleep=10s"},
		{run, "PerfCost/110/lukewarm", "", []string{`"lukewarm" matches no value`, "mode: cold, warm, burst, sequential", "benchmark: 110", "sleep: 1s, 10s"}, ""},
		{run, "PerfCost/110/python/warm", "", []string{"names have two levels, the function and the condition, not 3: join the parts of a level by .*"}, "PerfCost/110.*python/warm"},
		{run, "PerfCost/process/110/python/archive/warm", "", []string{"not 5"}, "PerfCost/process.*110.*python.*archive/warm"},
		{run, "PerfCost/110/pyhton/wram", "", []string{`did you mean "python"?`, `did you mean "warm"?`}, "PerfCost/110.*python/warm"},
		{run, "PerfCost/warm", "", []string{`"warm" is of the condition (mode), which stands after a second slash`}, "PerfCost/.*/warm"},
		{run, "PerfCost/110/cold.*python", "", []string{`"python" is of the function (runtime), which stands before the second slash`}, "PerfCost/110.*python/cold"},
		{run, "PerfCost/python.*110", "", []string{"its parts stand in another order than in names: platform, benchmark, runtime, variant, arch, package, trigger, memory, size, mode, sleep"}, "PerfCost/110.*python"},
		{run, "PerfCost/411.*nodejs", "", []string{`nothing has "nodejs" together with what stands before it, which leaves`, "\n\truntime: python-3.11, python-3.12"}, ""},
		{run, "PerfCost/platform=sim", "", []string{`"platform=sim" matches no value`, "platform: process (others are linked by -tags or an import)"}, ""},
		{run, "PerfCost/411.*variant=pytroch", "", []string{`did you mean "variant=pytorch"?`, "variant: pytorch"}, "PerfCost/411.*variant=pytorch"},
		{run, "PerfCost/110", "PerfCost/110", []string{"-skip leaves out what it matches"}, ""},
		{run, "PerfCost/110.*pyhton|Regression/210", "", []string{`"pyhton"`}, "PerfCost/110.*python"},
		{run, "Nothing/x|PerfCost/999", "", []string{`"999" matches no value`}, ""},
		{bench, "PerfCost/110.*python/cold", "", []string{`"110" is a benchmark and stands in level 1; with -bench each key has a level, and .* is any value: platform/benchmark/runtime/`}, "PerfCost/.*/110/python/.*/.*/.*/.*/.*/cold"},
		{bench, "PerfCost/.*/110/pyhton", "", []string{`"pyhton" matches no value: did you mean "python"?`}, "PerfCost/.*/110/python"},
		{bench, "PerfCost/.*/411/python/pytroch", "", []string{`did you mean "pytorch"?`}, "PerfCost/.*/411/python/pytorch"},
		{bench, "PerfCost/.*/411/nodejs", "", []string{`nothing has "nodejs"`}, ""},
		{bench, "PerfCost/110", "", []string{`"110" is a benchmark and stands in level 1`}, "PerfCost/.*/110"},
	}
	benchmarks := []Benchmark{
		testBenchmark("110.dynamic-html", `"python", "nodejs"`),
		testBenchmark("210.thumbnailer", `"python", "nodejs"`),
		testBenchmark("411.recognition", `{"language": "python", "variants": ["default", "pytorch"]}`),
	}
	functions, err := candidates(t.Context(), "process", twoVersions, benchmarks)
	require.NoError(t, err)
	benchmarks = append(benchmarks, testBenchmark("620.compiled", `"cpp", "rust"`))
	declared := Conditions{Modes: Modes, Axes: []Axis{{"sleep", []string{"1s", "10s"}}}}
	conditions := declared.expand(parameters{}, 128)
	var all []candidate
	for _, f := range functions {
		all = append(all, candidate{f, conditions})
	}
	for _, tt := range tests {
		t.Run(tt.kind+" "+tt.expr, func(t *testing.T) {
			sel, err := selection.New("TestPerfCost", tt.kind, tt.expr, tt.skip)
			require.NoError(t, err)
			for _, c := range all {
				require.False(t, sel.Wants(c.names()), c.name())
			}
			text := sel.Explain(declared.offer(all, benchmarks))
			require.True(t, strings.HasPrefix(text, tt.kind+" '"+tt.expr+"' selects no cell of "), text)
			for _, want := range tt.want {
				require.Contains(t, text+"\n", want)
			}
			_, try, _ := strings.Cut(text, "\n\ttry "+tt.kind+" '")
			require.Equal(t, tt.try, strings.TrimSuffix(try, "'"), text)
			if tt.try == "" {
				return
			}
			sel, err = selection.New("TestPerfCost", tt.kind, tt.try, "")
			require.NoError(t, err)
			cells := 0
			for _, c := range all {
				for _, cond := range c.conditions {
					if sel.Wants(c.names()) && sel.Cell(c.function.pairs(), cond.pairs()) {
						cells++
					}
				}
			}
			require.Positive(t, cells, text)
		})
	}
}

// TestManualSelects: the patterns for -run and -bench in a line of the manual's
// table select the same cells.
func TestManualSelects(t *testing.T) {
	functions, err := candidates(t.Context(), "process", twoVersions, []Benchmark{
		testBenchmark("110.dynamic-html", `"python", "nodejs"`), testBenchmark("210.thumbnailer", `"python", "nodejs"`),
	})
	require.NoError(t, err)
	conditions := Conditions{Memory: []int{128, 256}, Modes: Modes}.expand(parameters{}, 128)
	cells := func(root, kind, expr string) []string {
		sel, err := selection.New(root, kind, expr, "")
		require.NoError(t, err)
		var all []string
		for _, f := range functions {
			for _, c := range conditions {
				if sel.Wants(candidate{f, conditions}.names()) && sel.Cell(f.pairs(), c.pairs()) {
					all = append(all, f.name()+" "+c.name())
				}
			}
		}
		return all
	}
	manual, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^//\t\w[\w ]*  (ColdStart\S*) +(Invoke\S*)$`).FindAllStringSubmatch(string(manual), -1)
	require.Len(t, rows, 6)
	seen := map[int]bool{}
	for _, row := range rows {
		selected := cells("TestColdStart", "-run", row[1])
		require.NotEmpty(t, selected, row[1])
		require.Equal(t, selected, cells("BenchmarkInvoke", "-bench", row[2]), row[2])
		seen[len(selected)] = true
	}
	require.Greater(t, len(seen), 2, "they select more and fewer")
}

// FuzzExplain: no expression makes the explanation panic, and what it tells to
// try selects something.
func FuzzExplain(f *testing.F) {
	for _, s := range []string{"PerfCost/110.*pyhton/wram", "PerfCost/a/b/c/d", "PerfCost/[x", "PerfCost/(a|b)c", `PerfCost/\.*,=`, "PerfCost/=", "Perf|Cost/110|x/y"} {
		f.Add(s)
	}
	functions, err := candidates(f.Context(), "process", twoVersions, []Benchmark{testBenchmark("110.dynamic-html", `"python"`)})
	require.NoError(f, err)
	var all []candidate
	for _, fn := range functions {
		all = append(all, candidate{fn, Conditions{Modes: Modes}.expand(parameters{}, 128)})
	}
	f.Fuzz(func(t *testing.T, expr string) {
		for _, kind := range []string{"-run", "-bench"} {
			sel, err := selection.New("TestPerfCost", kind, expr, "")
			if err != nil || len(expr) > 200 {
				return
			}
			_, try, ok := strings.Cut(sel.Explain(Conditions{}.offer(all, nil)), "\n\ttry "+kind+" '")
			if !ok || strings.Contains(expr, "|") || strings.Contains(expr, "'") || strings.Contains(expr, "\n") {
				continue
			}
			sel, err = selection.New("TestPerfCost", kind, strings.TrimSuffix(try, "'"), "")
			require.NoError(t, err)
			wanted := false
			for _, c := range all {
				wanted = wanted || sel.Wants(c.names())
			}
			require.True(t, wanted, try)
		}
	})
}

// TestExplainDeclared: no variable is told where the experiment declares the
// memory and the size.
func TestExplainDeclared(t *testing.T) {
	benchmarks := []Benchmark{testBenchmark("110.dynamic-html", `"python"`)}
	functions, err := candidates(t.Context(), "process", twoVersions, benchmarks)
	require.NoError(t, err)
	for _, declared := range []Conditions{{}, {Memory: []int{128}, Sizes: []Size{Test}}} {
		cells := []candidate{{functions[0], declared.expand(parameters{}, 128)}}
		for _, level := range []string{"memory=512", "512", "size=large", "large"} {
			sel, err := selection.New("TestPerfCost", "-run", "PerfCost/110/"+level, "")
			require.NoError(t, err)
			require.Equal(t, declared.Memory == nil, strings.Contains(sel.Explain(declared.offer(cells, benchmarks)), "set SEBS_"), level)
		}
	}
}
