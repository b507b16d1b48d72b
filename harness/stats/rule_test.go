package stats_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/stats"
)

func ExampleRule() {
	watch := stats.Rule{Max: 1000, Width: 0.05}.Watch()
	var sample []float64
	for !watch.Done(sample) {
		sample = append(sample, 100+float64(len(sample)*7%20)) // a measurement
	}
	median, _ := stats.Median(sample, stats.DefaultLevel)
	fmt.Printf("%d values: median %.1f, %.0f to %.0f\n",
		len(sample), median.Value, median.Interval.Low, median.Interval.High)
	// Output:
	// 88 values: median 109.0, 107 to 111
}

func TestRuleLooks(t *testing.T) {
	tests := []struct {
		name string
		rule stats.Rule
		want []int
	}{
		{"default", stats.Rule{}, []int{13, 18, 25, 35, 50}},
		{"more", stats.Rule{Min: 6, Max: 60}, []int{8, 11, 15, 21, 30, 42, 60}},
		{"a look falls on the first", stats.Rule{Min: 10, Max: 40}, []int{10, 14, 20, 28, 40}},
		{"from one", stats.Rule{Min: 1, Max: 6}, []int{1, 2, 3, 4, 6}},
		{"one look", stats.Rule{Min: 5, Max: 5}, []int{5}},
		{"the end before the first look", stats.Rule{Min: 10, Max: 3}, []int{3}},
		{"nonsense means the default", stats.Rule{Min: -1, Max: -1, Width: math.NaN(), Level: 95}, []int{13, 18, 25, 35, 50}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.rule.Looks())
		})
	}
	million := stats.Rule{Max: 1_000_000}.Looks()
	require.Len(t, million, 34)
	require.Equal(t, 1_000_000, million[33])
}

func TestWatchIsNarrowWithinTheWidth(t *testing.T) {
	// Ten values of at most ten: one look, at the interval from the 2nd to the
	// 9th. A wider rule has looks ahead, and is done only if it is narrow.
	narrow := func(r stats.Rule, values []float64) bool {
		r.Max = len(values)
		w := r.Watch()
		require.True(t, w.Done(values), "at the bound")
		return w.Latest().Interval.Within(w.Latest().Value, max(r.Width, 0.05))
	}
	values := func(low, high float64) []float64 {
		return []float64{0, low, 100, 100, 100, 100, 100, 100, high, 1000}
	}
	require.True(t, narrow(stats.Rule{}, values(95, 105)), "exactly the width")
	require.False(t, narrow(stats.Rule{}, values(94.9, 105)))
	require.False(t, narrow(stats.Rule{}, values(95, 105.1)))
	require.True(t, narrow(stats.Rule{Width: 0.06}, values(94.1, 105.9)))
	require.False(t, narrow(stats.Rule{Level: 0.99}, values(95, 105)), "at 0.99 the interval is the whole range")
	require.False(t, narrow(stats.Rule{}, []float64{1, 1, 1, 1, 1}), "five values have no interval")
	require.False(t, narrow(stats.Rule{}, []float64{1, 1, 1, 1, 1, math.NaN()}))
	require.True(t, narrow(stats.Rule{}, make([]float64, 6)), "six zeros")
}

// constant is n equal values: as narrow as can be.
func constant(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = 7
	}
	return values
}

// spread is n values from 1 to n: never narrow.
func spread(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i + 1)
	}
	return values
}

func TestWatchLooksAtEachLookOnly(t *testing.T) {
	w := stats.Rule{}.Watch()
	for n := range 13 {
		require.Equal(t, 13, w.Next())
		require.False(t, w.Done(constant(n)), "before the first look, however narrow: n=%d", n)
		require.Zero(t, w.Latest())
	}
	require.False(t, w.Done(spread(13)))
	require.Equal(t, 18, w.Next())
	for n := 13; n < 18; n++ {
		require.False(t, w.Done(constant(n)), "between looks, however narrow: n=%d", n)
	}
	require.Equal(t, 7.0, w.Latest().Value, "that of the latest look")
	require.True(t, w.Done(constant(18)))
	require.Equal(t, 0, w.Next())
	require.True(t, w.Done(spread(19)), "done stays done")
}

func TestWatchEndsAtMax(t *testing.T) {
	w := stats.Rule{}.Watch()
	for n := range 50 {
		require.False(t, w.Done(spread(n)), "n=%d", n)
	}
	require.True(t, w.Done(spread(50)))
	require.GreaterOrEqual(t, w.Latest().Interval.Level, 0.95)
}

func TestWatchOfBatchesThatPassLooks(t *testing.T) {
	w := stats.Rule{}.Watch()
	require.False(t, w.Done(spread(19)), "passes the looks at 13 and 18")
	require.Equal(t, 25, w.Next())
	require.False(t, w.Done(constant(19)), "no new look was passed")
	require.True(t, w.Done(constant(36)), "passes those at 25 and 35")
	require.True(t, stats.Rule{}.Watch().Done(spread(64)), "passes the end")
}

// TestEnding: the interval of a sample that was watched states what the looks
// have left of its level, and is that of the look that ended it.
func TestEnding(t *testing.T) {
	w := stats.Rule{}.Watch()
	require.False(t, w.Done(spread(13)))
	values := append(spread(25), 13, 13, 13)
	require.True(t, w.Done(constant(25)))
	at := func(values []float64, w *stats.Watch) stats.Interval {
		s, err := stats.Sample{Values: values, Ending: w.End(len(values))}.Summarize()
		require.NoError(t, err)
		return s.Median.Interval
	}
	atLook := at(spread(25), w)
	require.Equal(t, w.Latest().Interval.Level, atLook.Level)
	require.Greater(t, atLook.Level, 0.99, "an early look has little error to spend")
	require.Equal(t, 0.95, atLook.Nominal)

	// Time was up, or somebody went on: what is left is spent.
	later := at(values, w)
	require.Less(t, later.Level, atLook.Level)
	require.GreaterOrEqual(t, later.Level, 0.95)

	// Without a look there is nothing to pay.
	fixed, err := stats.Median(spread(28), 0.95)
	require.NoError(t, err)
	never := at(spread(28), stats.Rule{}.Watch())
	require.InDelta(t, fixed.Interval.Level, never.Level, 1e-12)
	never.Level = fixed.Interval.Level
	require.Equal(t, fixed.Interval, never)

	// What not every call has gets the level of the sample that was watched.
	part, err := stats.Sample{Values: spread(20), Ending: w.End(25)}.Summarize()
	require.NoError(t, err)
	require.Equal(t, atLook.Level, part.Median.Interval.Level)
	none, err := stats.Sample{Values: spread(5), Ending: w.End(25)}.Summarize()
	require.NoError(t, err)
	require.True(t, none.Median.Interval.IsZero())
}

// TestEndingAgain: how sampling ended can be told again of the sizes at its looks.
func TestEndingAgain(t *testing.T) {
	for _, sizes := range [][]int{{}, {5}, {13, 18, 20}, {15, 50}, {13, 18, 25, 35, 50}, {60}} {
		rule := stats.Rule{}
		w := rule.Watch()
		n := 7
		for _, n = range sizes {
			w.Done(spread(n))
		}
		require.Equal(t, w.End(n), rule.Ending(w.At(), n), "%v", sizes)
	}
	require.Equal(t, stats.Rule{}.Ending(nil, 10), stats.Rule{}.Ending([]int{13, 18}, 10), "looks beyond the sample")
}
