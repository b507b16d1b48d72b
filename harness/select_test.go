package harness

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/selection"
)

// features of a platform with two versions of Python and two architectures.
var twoVersions = driver.Features{
	Runtimes: []driver.Runtime{
		{Language: "python", Version: "3.11"}, {Language: "nodejs", Version: "20"}, {Language: "python", Version: "3.12"},
	},
	Kinds:         []driver.Kind{driver.Archive},
	Architectures: []driver.Architecture{driver.X64, driver.ARM64},
	Triggers:      []driver.Trigger{driver.HTTP},
}

func TestSelection(t *testing.T) {
	benchmarks := []Benchmark{
		testBenchmark("110.dynamic-html", `"python", "nodejs"`),
		testBenchmark("210.thumbnailer", `"python", "nodejs"`),
	}
	all := func(benchmark, runtime string) []string {
		var names []string
		for _, mode := range Modes {
			names = append(names, benchmark+" "+runtime+" x64 "+string(mode))
		}
		return names
	}
	join := func(lists ...[]string) (out []string) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	tests := []struct {
		run, skip string
		named     bool
		want      []string
	}{
		{run: "", named: false},
		{run: ".", named: false},
		{run: "Test", named: false},
		{run: "Test.*", named: false},
		{run: "PerfCo|Test", named: false},
		{run: "Regression", named: false},
		{run: "PerfCost", named: true, want: join(all("110.dynamic-html", "python-3.11"), all("110.dynamic-html", "nodejs-20"), all("210.thumbnailer", "python-3.11"), all("210.thumbnailer", "nodejs-20"))},
		{run: "PerfCost/210.thumbnailer.*python", named: true, want: all("210.thumbnailer", "python-3.11")},
		{run: "PerfCost/210.*python/cold", named: true, want: []string{"210.thumbnailer python-3.11 x64 cold"}},
		{run: "PerfCost/210.*python/mode=(cold|warm)", named: true, want: []string{"210.thumbnailer python-3.11 x64 cold", "210.thumbnailer python-3.11 x64 warm"}},
		{run: "PerfCost/210.*python-3.12/cold", named: true, want: []string{"210.thumbnailer python-3.12 x64 cold"}},
		{run: "PerfCost/210.*python-3.1[12]/cold", named: true, want: []string{"210.thumbnailer python-3.11 x64 cold", "210.thumbnailer python-3.12 x64 cold"}},
		{run: "PerfCost/210.*nodejs.*arm64/burst", named: true, want: []string{"210.thumbnailer nodejs-20 arm64 burst"}},
		{run: "PerfCost/210.*python/cold|PerfCost/110.*nodejs/warm", named: true, want: []string{"110.dynamic-html nodejs-20 x64 warm", "210.thumbnailer python-3.11 x64 cold"}},
		{run: "PerfCost/210.*python", skip: "PerfCost/.*/burst|PerfCost/.*/seq", named: true, want: []string{"210.thumbnailer python-3.11 x64 cold", "210.thumbnailer python-3.11 x64 warm"}},
		{run: "PerfCost/999", named: true},
		{run: "PerfCost/210.*python/lukewarm", named: true},
	}
	functions, err := candidates(t.Context(), "process", twoVersions, benchmarks)
	require.NoError(t, err)
	conditions := Conditions{Modes: Modes}.expand(parameters{}, 128)
	for _, tt := range tests {
		t.Run(tt.run, func(t *testing.T) {
			sel, err := selection.New("TestPerfCost", "-run", tt.run, tt.skip)
			require.NoError(t, err)
			require.Equal(t, tt.named, sel.Named())
			if !tt.named {
				return
			}
			var got []string
			for _, f := range functions {
				if !sel.Wants(candidate{f, conditions}.names()) {
					continue
				}
				for _, c := range conditions {
					if sel.Cell(f.pairs(), c.pairs()) {
						got = append(got, f.benchmark.Name+" "+f.spec.Runtime.String()+" "+string(f.spec.Architecture)+" "+string(c.mode))
					}
				}
			}
			require.ElementsMatch(t, tt.want, got)
		})
	}
}

// What a pattern says about a language decides whether a machine without it fails
// the experiment or leaves the function out.
func TestSelectionOfLanguages(t *testing.T) {
	functions, err := candidates(t.Context(), "process", twoVersions, []Benchmark{testBenchmark("110.dynamic-html", `"python", "nodejs"`)})
	require.NoError(t, err)
	conditions := Conditions{Modes: []Mode{Cold, Warm}}.expand(parameters{Sizes: []Size{Test}}, 128)
	for run, want := range map[string][]string{
		"PerfCost":                           nil,
		"PerfCost/110":                       nil,
		"PerfCost/110.*,arch=x64.*/cold":     nil,
		"PerfCost/.*-(20|3.11)":              {"nodejs-20", "python-3.11"},
		"PerfCost/nodejs":                    {"nodejs-20"},
		"PerfCost/110.*(python|node)":        {"nodejs-20", "python-3.11"},
		"PerfCost/110.*python-3.12/warm":     {"python-3.12"},
		"PerfCost/110.*runtime=[a-p].*-3.11": {"python-3.11"},
	} {
		sel, err := selection.New("TestPerfCost", "-run", run, "")
		require.NoError(t, err)
		var got []string
		for _, f := range functions {
			if sel.Wants(candidate{f, conditions}.names()) && sel.NamesLanguage(candidate{f, conditions}.names()) {
				got = append(got, f.spec.Runtime.String())
			}
		}
		slices.Sort(got)
		require.Equal(t, want, slices.Compact(got), run)
	}
	sel, err := selection.New("BenchmarkInvoke", "-bench", "Invoke/process/110/nodejs", "")
	require.NoError(t, err)
	for _, f := range functions {
		if sel.Wants(candidate{f, conditions}.names()) {
			require.True(t, sel.NamesLanguage(candidate{f, conditions}.names()), f.name())
		}
	}
}

// A variant is a function of its own, which runs when its value is named.
func TestSelectionOfVariants(t *testing.T) {
	functions, err := candidates(t.Context(), "process", twoVersions, []Benchmark{
		testBenchmark("411.image-recognition", `{"language": "python", "variants": ["pytorch", "default"]}, "nodejs"`),
		testBenchmark("999.other", `{"language": "python", "variants": ["pypy"]}, {"language": "nodejs", "variants": []}`),
	})
	require.NoError(t, err)
	conditions := Conditions{}.expand(parameters{}, 128)
	wanted := func(root, kind, expr string) []string {
		sel, err := selection.New(root, kind, expr, "")
		require.NoError(t, err)
		var got []string
		for _, f := range functions {
			if sel.Wants(candidate{f, conditions}.names()) {
				got = append(got, f.label()+" "+string(f.spec.Architecture))
			}
		}
		return got
	}
	for run, want := range map[string][]string{
		"Regression":                                 {"411.image-recognition python-3.11 x64", "411.image-recognition nodejs-20 x64", "999.other nodejs-20 x64"},
		"Regression/411.*python":                     {"411.image-recognition python-3.11 x64"},
		"Regression/411.*python-3.12":                {"411.image-recognition python-3.12 x64"},
		"Regression/variant=pytorch":                 {"411.image-recognition python-3.11 pytorch x64"},
		"Regression/variant":                         {"411.image-recognition python-3.11 pytorch x64", "999.other python-3.11 pypy x64"},
		"Regression/411.*pytorch.*arm64":             {"411.image-recognition python-3.11 pytorch arm64"},
		"Regression/411.*python-3.12.*variant=py":    {"411.image-recognition python-3.12 pytorch x64"},
		"Regression/(python-3.11,variant=|nodejs)":   {"411.image-recognition python-3.11 pytorch x64", "411.image-recognition nodejs-20 x64", "999.other python-3.11 pypy x64", "999.other nodejs-20 x64"},
		"Regression/999.*variant=pytorch":            nil,
		"Regression/411.*python-3.12.*variant=pypy.": nil,
	} {
		require.Equal(t, want, wanted("TestRegression", "-run", run), run)
	}
	require.Equal(t, []string{"411.image-recognition python-3.11 pytorch x64"}, wanted("BenchmarkInvoke", "-bench", "Invoke/process/411/python/pytorch"))
	require.Equal(t, []string{"411.image-recognition python-3.11 x64"}, wanted("BenchmarkInvoke", "-bench", "Invoke/process/411/python"))
	for _, f := range functions {
		switch f.label() {
		case "411.image-recognition python-3.11":
			require.Contains(t, f.name(), ",runtime=python-3.11,arch=")
		case "411.image-recognition python-3.11 pytorch":
			require.Contains(t, f.name(), ",runtime=python-3.11,variant=pytorch,arch=")
		}
	}
}

func TestSelectionOfBenchmarks(t *testing.T) {
	functions, err := candidates(t.Context(), "process", twoVersions, []Benchmark{testBenchmark("110.dynamic-html", `"python"`)})
	require.NoError(t, err)
	conditions := Conditions{Modes: []Mode{Cold, Warm}}.expand(parameters{}, 128)
	for expr, want := range map[string]int{
		"Invoke":                              2,
		"Invoke/process/110":                  2,
		"Invoke/.*/.*/python-3.12":            2,
		"Invoke/.*/.*/.*/.*/.*/.*/.*/.*/cold": 1,
		"Invoke/openwhisk":                    0,
	} {
		sel, err := selection.New("BenchmarkInvoke", "-bench", expr, "")
		require.NoError(t, err)
		require.True(t, sel.Named(), expr)
		got := 0
		for _, f := range functions {
			if !sel.Wants(candidate{f, conditions}.names()) {
				continue
			}
			for _, c := range conditions {
				if sel.Cell(f.pairs(), c.pairs()) {
					got++
				}
			}
		}
		require.Equal(t, want, got, expr)
	}
}

func TestConditionNames(t *testing.T) {
	c := Conditions{
		Memory: []int{128, 512}, Sizes: []Size{Test, Large}, Modes: []Mode{Cold},
		Axes: []Axis{{Name: "sleep", Values: []string{"1s", "10s"}}},
	}
	require.NoError(t, c.check())
	all := c.expand(parameters{}, 256)
	require.Len(t, all, 8)
	require.Equal(t, "memory=128,size=test,mode=cold,sleep=1s", all[0].name())
	require.Equal(t, "memory=512,size=large,mode=cold,sleep=10s", all[7].name())
}
