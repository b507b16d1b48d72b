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
	// 20 values: median 109.5, 105 to 114
}

func TestRuleLooks(t *testing.T) {
	tests := []struct {
		name string
		rule stats.Rule
		want []int
	}{
		{"default", stats.Rule{}, []int{10, 14, 20, 28, 40, 50}},
		{"more", stats.Rule{Min: 6, Max: 60}, []int{6, 8, 12, 16, 24, 33, 48, 60}},
		{"a look falls on the end", stats.Rule{Min: 10, Max: 40}, []int{10, 14, 20, 28, 40}},
		{"from one", stats.Rule{Min: 1, Max: 6}, []int{1, 2, 3, 4, 5, 6}},
		{"one look", stats.Rule{Min: 5, Max: 5}, []int{5}},
		{"the end before the first look", stats.Rule{Min: 10, Max: 3}, []int{3}},
		{"nonsense means the default", stats.Rule{Min: -1, Max: -1, Width: math.NaN(), Level: 95}, []int{10, 14, 20, 28, 40, 50}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.rule.Looks())
		})
	}
	million := stats.Rule{Max: 1_000_000}.Looks()
	require.Len(t, million, 35)
	require.Equal(t, 1_000_000, million[34])
}

func TestRuleNarrow(t *testing.T) {
	// Ten values: the interval is from the 2nd to the 9th.
	values := func(low, high float64) []float64 {
		return []float64{0, low, 100, 100, 100, 100, 100, 100, high, 1000}
	}
	require.True(t, stats.Rule{}.Narrow(values(95, 105)), "exactly the width")
	require.False(t, stats.Rule{}.Narrow(values(94.9, 105)))
	require.False(t, stats.Rule{}.Narrow(values(95, 105.1)))
	require.True(t, stats.Rule{Width: 0.06}.Narrow(values(94.1, 105.9)))
	require.False(t, stats.Rule{Level: 0.99}.Narrow(values(95, 105)), "at 0.99 the interval is the whole range")
	require.False(t, stats.Rule{}.Narrow([]float64{1, 1, 1, 1, 1}), "five values have no interval")
	require.False(t, stats.Rule{}.Narrow([]float64{1, 1, 1, 1, 1, math.NaN()}))
	require.True(t, stats.Rule{}.Narrow(make([]float64, 6)), "six zeros")
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
	for n := range 10 {
		require.Equal(t, 10, w.Next())
		require.False(t, w.Done(constant(n)), "before the first look, however narrow: n=%d", n)
	}
	require.False(t, w.Done(spread(10)))
	require.Equal(t, 14, w.Next())
	for n := 10; n < 14; n++ {
		require.False(t, w.Done(constant(n)), "between looks, however narrow: n=%d", n)
	}
	require.True(t, w.Done(constant(14)))
	require.Equal(t, 0, w.Next())
	require.True(t, w.Done(spread(15)), "done stays done")
}

func TestWatchEndsAtMax(t *testing.T) {
	w := stats.Rule{}.Watch()
	for n := range 50 {
		require.False(t, w.Done(spread(n)), "n=%d", n)
	}
	require.True(t, w.Done(spread(50)))
}

func TestWatchOfBatchesThatPassLooks(t *testing.T) {
	w := stats.Rule{}.Watch()
	require.False(t, w.Done(spread(19)), "passes the looks at 10 and 14")
	require.Equal(t, 20, w.Next())
	require.False(t, w.Done(constant(19)), "no new look was passed")
	require.True(t, w.Done(constant(33)), "passes those at 20 and 28")
	require.True(t, stats.Rule{}.Watch().Done(spread(64)), "passes the end")
}
