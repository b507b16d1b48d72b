package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConditionsAreChecked(t *testing.T) {
	axis := func(name string, values ...string) Conditions { return Conditions{Axes: []Axis{{name, values}}} }
	many := make([]int, maxValues)
	for i := range many {
		many[i] = minMemory + i
	}
	for _, tt := range []struct {
		conditions Conditions
		want       string // empty: accepted
	}{
		{Conditions{}, ""},
		{Conditions{Memory: []int{32, 1 << 20}, Sizes: Sizes, Modes: Modes, Bound: time.Second}, ""},
		{axis("sleep", "1s", "10s"), ""},
		{axis("payload_kb", "1", "1.5", "10%", "µs"), ""},
		{Conditions{Memory: []int{0}}, "Memory 0 is not from 32 to 1048576 MB"},
		{Conditions{Memory: []int{128, -5}}, "Memory -5 is not from 32"},
		{Conditions{Memory: []int{1<<20 + 1}}, "Memory 1048577 is not"},
		{Conditions{Memory: []int{}}, "Memory is empty: leave it nil"},
		{Conditions{Memory: []int{128, 256, 128}}, "Memory: 128 is there twice"},
		{Conditions{Memory: append(many, 1<<20)}, "Memory has 1001 values"},
		{Conditions{Memory: many, Sizes: Sizes, Modes: Modes}, "12000 cells for each function"},
		{Conditions{Sizes: []Size{"smal"}}, `unknown size "smal" (did you mean "small"?); there are test, small, large`},
		{Conditions{Sizes: []Size{}}, "Sizes is empty"},
		{Conditions{Sizes: []Size{Test, Test}}, "Sizes: test is there twice"},
		{Conditions{Modes: []Mode{"wram"}}, `unknown mode "wram" (did you mean "warm"?); there are cold, warm, burst, sequential`},
		{Conditions{Modes: []Mode{""}}, `unknown mode ""; there are`},
		{Conditions{Modes: []Mode{}}, "Modes is empty"},
		{Conditions{Modes: []Mode{Cold, Cold}}, "Modes: cold is there twice"},
		{Conditions{Bound: -1}, "Bound -1ns is negative"},
		{axis(""), `axis "": want a lower-case letter`},
		{axis("a/b", "1"), `axis "a/b"`},
		{axis("a=b", "1"), `axis "a=b"`},
		{axis("Sleep", "1"), `axis "Sleep"`},
		{axis("mode", "1"), "axis mode: a cell's name has that key already"},
		{axis("memory", "1"), "axis memory: a cell's name"},
		{axis("benchmark", "1"), "axis benchmark: a cell's name"},
		{axis("variant", "1"), "axis variant: a cell's name"},
		{axis("a"), "axis a has no values"},
		{axis("a", "1", "2", "1"), "axis a: 1 is there twice"},
		{axis("a", ""), `axis a: value ""`},
		{axis("a", "1,2"), `axis a: value "1,2"`},
		{axis("a", "1/2"), `axis a: value "1/2"`},
		{axis("a", "1=2"), `axis a: value "1=2"`},
		{axis("a", "1 2"), `axis a: value "1 2"`},
		{axis("a", "1\u00a02"), `axis a: value "1\u00a02"`},
		{axis("a", "1\n"), `axis a: value "1\n"`},
		{axis("a", "\xff"), `axis a: value "\xff"`},
		{axis("a", strings.Repeat("x", 65)), "want 1 to 64 bytes"},
		{Conditions{Axes: []Axis{{"a", []string{"1"}}, {"a", []string{"2"}}}}, "axis a: a cell's name has that key already"},
	} {
		err := tt.conditions.check()
		if tt.want == "" {
			require.NoError(t, err, "%+v", tt.conditions)
		} else {
			require.ErrorContains(t, err, "conditions: ", "%+v", tt.conditions)
			require.ErrorContains(t, err, tt.want, "%+v", tt.conditions)
		}
	}
}

func TestBenchmarksAreChecked(t *testing.T) {
	right := testBenchmark("900.hello", `"python"`)
	with := func(change func(*Benchmark)) []Benchmark {
		b := right
		change(&b)
		return []Benchmark{b}
	}
	require.NoError(t, checkBenchmarks([]Benchmark{right}))
	for _, name := range []string{"900/hello", "900.a,b=c", "900.Hello World", "../up", "", ".", "-x", "a\x00b", strings.Repeat("9", 65), "µ"} {
		err := checkBenchmarks(with(func(b *Benchmark) { b.Name = name }))
		if name == "" {
			require.ErrorContains(t, err, "benchmark 0 of the experiment has no name")
		} else {
			require.ErrorContains(t, err, fmt.Sprintf("benchmark %q: a name has letters, digits", name))
		}
	}
	require.ErrorContains(t, checkBenchmarks(nil), "the experiment has no benchmarks")
	require.ErrorContains(t, checkBenchmarks([]Benchmark{right, right}), "benchmark 900.hello is there twice")
	require.ErrorContains(t, checkBenchmarks(with(func(b *Benchmark) { b.Files = nil })), "benchmark 900.hello: Files is nil")
	require.ErrorContains(t, checkBenchmarks(with(func(b *Benchmark) { b.Input = nil })), "benchmark 900.hello: Input is nil")
	require.ErrorContains(t, checkBenchmarks(with(func(b *Benchmark) { b.Check = nil })), "benchmark 900.hello: Check is nil")
}

// TestLanguagesAreChecked: a misspelt language is refused, one that is not here
// is left out.
func TestLanguagesAreChecked(t *testing.T) {
	known := []string{"python", "nodejs", "java", "go", "cpp"}
	for languages, meant := range map[string]string{
		`"python", "go"`: "", `"python", "rust"`: "", `"pypy"`: "", `"bun"`: "",
		`"pyhton"`: "python", `"nodejs", "pyton"`: "python", `"node"`: "nodejs", `"javascript"`: "nodejs", `"c++"`: "cpp", `"golang"`: "go", `"jaav"`: "java",
	} {
		b := testBenchmark("900.hello", languages)
		err := b.checkLanguages(known)
		if meant == "" {
			require.NoError(t, err, languages)
		} else {
			require.ErrorContains(t, err, "benchmark 900.hello: config.json", languages)
			require.ErrorContains(t, err, fmt.Sprintf("did you mean %q?); they have python, nodejs, java, go, cpp", meant), languages)
		}
	}
}

func TestOverriddenParameters(t *testing.T) {
	set := parameters{Memory: []int{512}, Sizes: []Size{Small}, Concurrency: 3}
	require.Empty(t, Conditions{Modes: Modes}.overridden(set))
	require.Empty(t, Conditions{Memory: []int{64}, Sizes: Sizes}.overridden(parameters{}))
	require.Len(t, Conditions{Memory: []int{64}, Sizes: Sizes}.overridden(set), 3)
	require.Contains(t, Conditions{Memory: []int{64}, Modes: Modes}.overridden(set)[0], "SEBS_MEMORY is not used")
}

// TestInputsThatCannotBeEncoded: the error names the key.
func TestInputsThatCannotBeEncoded(t *testing.T) {
	type inner struct {
		Call    func() `json:"callback"`
		private func()
	}
	loop := map[string]any{}
	loop["self"] = loop
	for _, tt := range []struct {
		payload any
		want    string // empty: it can
	}{
		{map[string]any{"a": 1, "b": []any{nil, "x"}}, ""},
		{map[string]any{"a": json.RawMessage(`{"b": 1}`), "at": time.Unix(0, 0)}, ""},
		{map[string]any{"a": 1, "f": func() {}}, "key f: json: unsupported type: func()"},
		{map[string]any{"object": map[string]any{"list": []any{1, make(chan int)}}}, "key object.list[1]: json: unsupported type: chan int"},
		{struct {
			Object *inner `json:"object"`
			Other  string
		}{Object: &inner{Call: func() {}, private: nil}}, "key object.callback: json: unsupported type"},
		{struct{ Call func() }{}, "key Call: json: unsupported type"},
		{map[string]any{"x": math.NaN()}, "key x: json: unsupported value: NaN"},
		{map[string]any{"x": json.RawMessage(`{`)}, "key x: json: error calling MarshalJSON"},
		{map[string]any{"x": map[struct{ a int }]int{{1}: 1}}, "key x: json: unsupported type"},
		{loop, "json: unsupported value: encountered a cycle"},
		{context.Background, "json: unsupported type"},
		{[]int{1}, "the payload is [1], not a JSON object"},
		{"text", `the payload is "text", not a JSON object`},
		{nil, "the payload is null, not a JSON object"},
	} {
		in := newInput(tt.payload)
		if tt.want == "" {
			require.NoError(t, in.err)
		} else {
			require.ErrorContains(t, in.err, tt.want)
		}
	}
}

// TestTagsAreChecked: a misspelt tag would link the platform of no tag.
func TestTagsAreChecked(t *testing.T) {
	linking := []string{"local", "process", "sim"}
	for _, tt := range []struct {
		built, linking []string
		note, err      string
	}{
		{nil, linking, "", ""},
		{[]string{""}, linking, "", ""},
		{[]string{"local"}, linking, "", ""},
		{[]string{"integration", "sim"}, linking, "", ""},
		{[]string{"locl"}, linking, "", `-tags locl links no platform (did you mean "local"?); there are local, process, sim`},
		{[]string{"sim", "prcess"}, linking, "", `-tags prcess links no platform (did you mean "process"?)`},
		{[]string{"aws"}, linking, "-tags aws links no platform: this is process; there are local, process, sim", ""},
		{[]string{"aws"}, nil, "", ""}, // the platform is imported, and tags are others'
	} {
		note, err := checkTags(tt.built, tt.linking, []string{"process"})
		require.Equal(t, tt.note, note, tt.built)
		if tt.err == "" {
			require.NoError(t, err, tt.built)
		} else {
			require.ErrorContains(t, err, tt.err, tt.built)
		}
	}
}

// TestAllTagsAreChecked: what tells of all platforms refuses tags that link none.
func TestAllTagsAreChecked(t *testing.T) {
	linking := []string{"local", "process", "sim"}
	for _, tt := range []struct {
		built, linking []string
		note, err      string
	}{
		{nil, linking, "", ""},
		{[]string{""}, linking, "", ""},
		{[]string{"sim", "local"}, linking, "", ""},
		{[]string{"nonsense"}, nil, "", ""},
		{[]string{"nonsense"}, linking, "", "-tags nonsense links no platform: this is process; there are local, process, sim"},
		{[]string{"locl"}, linking, "", `-tags locl links no platform (did you mean "local"?)`},
		{[]string{"sim", "nonsense"}, linking, "-tags nonsense links no platform; there are local, process, sim", ""},
	} {
		note, err := checkAllTags(tt.built, tt.linking, []string{"process"})
		require.Equal(t, tt.note, note, tt.built)
		if tt.err == "" {
			require.NoError(t, err, tt.built)
		} else {
			require.ErrorContains(t, err, tt.err, tt.built)
		}
	}
}
