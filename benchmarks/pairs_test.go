package benchmarks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPairs calls every function once, in every language, and compares what
// languages return: results and stored objects, where the task has one right
// answer, and which times and sizes are measured.
//
//	go test -v -run '^TestPairs$' ./benchmarks
//	go test -v -run '^TestPairs$/311/(nodejs|java)' ./benchmarks
func TestPairs(t *testing.T) {
	named(t)
	eachBenchmark(t, openMachine(t), func(t *testing.T, w *workload) {
		var first *outcome
		for _, language := range w.languages {
			t.Run(language, func(t *testing.T) {
				got := w.outcome(t, language)
				if language == w.languages[0] {
					first = got
					return
				}
				if first == nil { // -run left it out
					first = w.outcome(t, w.languages[0])
				}
				of := fmt.Sprintf("%s and %s of %s", w.languages[0], language, w.Name)
				may := "make them agree, or say in its cases.go what of it may differ, and why"
				require.Empty(t, differences("result", first.result, got.result), "the results of %s differ: %s", of, may)
				require.Empty(t, differences("object", first.object, got.object), "the objects of %s differ: %s", of, may)
				require.Equal(t, slices.Sorted(maps.Keys(first.measurement)), slices.Sorted(maps.Keys(got.measurement)),
					"the measurements of %s have different keys: return the same in each language", of)
				for _, size := range append([]string{"download_size"}, w.Sizes...) {
					require.Equal(t, first.measurement[size], got.measurement[size], "%s of %s: all languages work on the same bytes", size, of)
				}
			})
		}
	})
}

// outcome is what is compared of one call.
type outcome struct {
	result      any
	object      any // nil: none
	measurement map[string]int64
}

// outcome calls the function of a language, which must be right.
func (w *workload) outcome(t *testing.T, language string) *outcome {
	t.Helper()
	a, took := w.succeed(t, w.deploy(t, language, "", w.environment), w.event(t))
	o := &outcome{result: decode(t, a.Result)}
	if w.Object != nil {
		data, err := w.store.Get(t.Context(), o.result.(map[string]any)["key"].(string), 64<<20)
		require.NoError(t, err)
		o.object, err = w.Object(data)
		require.NoError(t, err)
	}
	if w.Result != nil {
		o.result = w.Result(o.result)
	}
	if len(a.Measurement) > 0 {
		require.NoError(t, json.Unmarshal(a.Measurement, &o.measurement), "the measurement of %s in %s: times (µs, keys that end in _time) and sizes (bytes, _size) are whole numbers", w.Name, language)
	}
	for key, n := range o.measurement {
		switch {
		case slices.Contains(w.Zero, key):
			require.Zero(t, n, key)
		case strings.HasSuffix(key, "_time"):
			require.LessOrEqual(t, time.Duration(n)*time.Microsecond, took, "%s is longer than the call", key)
			require.Positive(t, n, "%s of %s in %s: what takes no time here is listed as Zero in its cases.go", key, w.Name, language)
		default:
			require.True(t, strings.HasSuffix(key, "_size"), "%s of %s in %s is neither a time nor a size: keys end in _time or _size", key, w.Name, language)
			require.Positive(t, n, key)
		}
	}
	return o
}

// differences compares JSON values and says where they differ. Numbers are
// equal to seven digits.
func differences(at string, a, b any) []string {
	var all []string
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))) {
			break
		}
		for key := range a {
			all = append(all, differences(at+"."+key, a[key], b[key])...)
		}
		return all
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			break
		}
		for i := range a {
			all = append(all, differences(fmt.Sprintf("%s[%d]", at, i), a[i], b[i])...)
		}
		return all[:min(len(all), 10)]
	case json.Number:
		x, err1 := a.Float64()
		y, err2 := json.Number(fmt.Sprint(b)).Float64()
		if _, ok := b.(json.Number); ok && err1 == nil && err2 == nil && math.Abs(x-y) <= 1e-7*max(math.Abs(x), math.Abs(y)) {
			return nil
		}
	default:
		if a == b {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: %.300v, and %.300v", at, a, b)}
}

func TestDifferences(t *testing.T) {
	tests := []struct {
		name, a, b string
		differ     int
	}{
		{"equal", `{"a": [1, "x", null, true], "b": {}}`, `{"b": {}, "a": [1.0, "x", null, true]}`, 0},
		{"seven digits", `[0.12345678]`, `[0.123456781]`, 0},
		{"six digits", `[0.12345678]`, `[0.1234568]`, 1},
		{"a number and its text", `[1]`, `["1"]`, 1},
		{"another text", `{"a": "x", "b": 1}`, `{"a": "y", "b": 2}`, 2},
		{"another key", `{"a": 1}`, `{"b": 1}`, 1},
		{"a key more", `{"a": 1}`, `{"a": 1, "b": 1}`, 1},
		{"shorter", `[1, 2]`, `[1]`, 1},
		{"nothing", `null`, `{}`, 1},
		{"zero", `[0]`, `[1e-9]`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Len(t, differences("value", decode(t, []byte(tt.a)), decode(t, []byte(tt.b))), tt.differ)
			require.Len(t, differences("value", decode(t, []byte(tt.b)), decode(t, []byte(tt.a))), tt.differ)
		})
	}
}
