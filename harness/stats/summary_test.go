package stats_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/stats"
)

func ExampleSummarize() {
	s, err := stats.Summarize([]float64{9.2, 11.5, 10.1, 14.8, 9.9, 10.7, 13.1, 10.4, 12.2, 9.5, 10.9, 31.0}, 0.75, 0.99)
	if err != nil {
		fmt.Println(err)
		return
	}
	median := s.Median
	fmt.Printf("n %d, median %.1f, %.1f to %.1f at %.1f %%\n",
		s.N, median.Value, median.Interval.Low, median.Interval.High, 100*median.Interval.Level)
	for _, q := range s.Quantiles {
		fmt.Printf("%s %.1f, enough: %t\n", q, q.Value, q.Enough)
	}
	fmt.Printf("outliers: %d mild, %d extreme\n", s.Outliers.Mild, s.Outliers.Extreme)
	fmt.Println(s.Warnings)
	// Output:
	// n 12, median 10.8, 9.9 to 13.1 at 96.1 %
	// p75 12.4, enough: true
	// p99 29.2, enough: false
	// outliers: 0 mild, 1 extreme
	// [12 values: too few for some quantiles: p99 at least 299]
}

func TestSummarize(t *testing.T) {
	values := slices.Clone(milliseconds)
	got, err := stats.Summarize(values)
	require.NoError(t, err)
	require.Equal(t, milliseconds, values, "the sample is not modified")

	require.Equal(t, 12, got.N)
	require.InDelta(t, 12.775, got.Mean.Value, 1e-12)
	require.InDelta(t, 5.959732300272312, got.SD, 1e-12) // numpy.std(x, ddof=1); R: sd(x)
	require.InDelta(t, 5.959732300272312/12.775, got.CV, 1e-12)
	require.Equal(t, 9.2, got.Min)
	require.Equal(t, 31.0, got.Max)
	for name, want := range map[string]stats.Estimate{"mean": got.Mean, "median": got.Median} {
		estimate := stats.Mean
		if name == "median" {
			estimate = stats.Median
		}
		same, err := estimate(milliseconds, stats.DefaultLevel)
		require.NoError(t, err)
		require.Equal(t, want, same, name)
	}
	require.Len(t, got.Quantiles, len(stats.DefaultQuantiles()))
	// Fences from the quartiles 10.05 and 12.425: R's quantile(x) -+ 1.5 * IQR(x).
	require.InDelta(t, 6.4875, got.Outliers.Inner.Low, 1e-9)
	require.InDelta(t, 15.9875, got.Outliers.Inner.High, 1e-9)
	require.InDelta(t, 19.55, got.Outliers.Outer.High, 1e-9)
	require.Equal(t, []string{
		"12 values: too few for some quantiles: p90 at least 29, p95 at least 59, p99 at least 299, p99.9 at least 2995",
	}, got.Warnings)
}

func TestSummarizeSmall(t *testing.T) {
	tests := []struct {
		name     string
		values   []float64
		warnings []string
	}{
		{"none", nil, []string{"no values"}},
		{"one", []float64{3}, []string{
			"1 value: no standard deviation and no interval of the mean",
			"1 value: a 95 % interval of the median needs at least 6",
			"1 value: too few for some quantiles: p90 at least 29",
		}},
		{"five", []float64{1, 2, 3, 4, 5}, []string{
			"5 values: a 95 % interval of the median needs at least 6",
			"5 values: too few for some quantiles: p90 at least 29",
		}},
		{"six", []float64{1, 2, 3, 4, 5, 6}, []string{"6 values: too few for some quantiles: p90 at least 29"}},
		{"mean 0", []float64{-1, 1, -1, 1, -1, 1}, []string{
			"the mean is 0: no coefficient of variation",
			"6 values: too few for some quantiles: p90 at least 29",
		}},
		{"all 0", make([]float64, 29), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := stats.Summarize(tt.values, 0.9)
			require.NoError(t, err)
			require.Equal(t, tt.warnings, got.Warnings)
			require.Equal(t, len(tt.values), got.N)
		})
	}
}

func TestSummarizeRefuses(t *testing.T) {
	_, err := stats.Summarize([]float64{1, math.Inf(1)})
	require.EqualError(t, err, "summarize: value 1 of 2 is +Inf, not a finite number")
	_, err = stats.Summarize([]float64{1}, 99)
	require.EqualError(t, err, "summarize: quantile 99: want one between 0 and 1")
}

func TestOutliers(t *testing.T) {
	// Quartiles 2 and 8 (R: quantile(x)), so fences -7, 17 and -16, 26; a value
	// on a fence is within it.
	base := []float64{2, 2, 2, 5, 8, 8, 8}
	tests := []struct {
		name          string
		add           []float64
		mild, extreme int
	}{
		{"on the inner fence", []float64{-7, 17}, 0, 0},
		{"mild on both sides", []float64{-7.1, 17.1}, 2, 0},
		{"on the outer fence", []float64{-16, 26}, 2, 0},
		{"extreme on both sides", []float64{-16.1, 26.1}, 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := stats.Summarize(append(slices.Clone(base), tt.add...))
			require.NoError(t, err)
			require.Equal(t, stats.Fence{Low: -7, High: 17}, s.Outliers.Inner)
			require.Equal(t, stats.Fence{Low: -16, High: 26}, s.Outliers.Outer)
			require.Equal(t, tt.mild+tt.extreme == 0, s.Outliers.Inner.Contains(tt.add[0]) && s.Outliers.Inner.Contains(tt.add[1]))
			require.Equal(t, tt.extreme == 0, s.Outliers.Outer.Contains(tt.add[0]) && s.Outliers.Outer.Contains(tt.add[1]))
			require.Equal(t, tt.mild, s.Outliers.Mild)
			require.Equal(t, tt.extreme, s.Outliers.Extreme)
		})
	}
}

func TestSummaryJSON(t *testing.T) {
	s := stats.Summary{
		N:      5,
		Mean:   stats.Estimate{Value: 3, Interval: stats.Interval{Low: 1, High: 5, Nominal: 0.95}},
		SD:     1.5,
		CV:     0.5,
		Min:    1,
		Max:    5,
		Median: stats.Estimate{Value: 3},
		Quantiles: []stats.QuantileEstimate{
			{P: 0.9, Estimate: stats.Estimate{Value: 4.6}},
			{P: 0.99, Estimate: stats.Estimate{Value: 5, Interval: stats.Interval{Low: 4, High: 5, Level: 0.96, Nominal: 0.95}}, Enough: true},
		},
		Outliers: stats.Outliers{Mild: 2, Extreme: 1, Inner: stats.Fence{Low: -1, High: 7}, Outer: stats.Fence{Low: -4, High: 10}},
		Warnings: []string{"5 values"},
	}
	data, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"n": 5,
		"mean": {"value": 3, "interval": {"low": 1, "high": 5, "nominal": 0.95}},
		"sd": 1.5, "cv": 0.5, "min": 1, "max": 5,
		"median": {"value": 3},
		"quantiles": [
			{"p": 0.9, "value": 4.6, "enough": false},
			{"p": 0.99, "value": 5, "interval": {"low": 4, "high": 5, "level": 0.96, "nominal": 0.95}, "enough": true}
		],
		"outliers": {"mild": 2, "extreme": 1, "inner": {"low": -1, "high": 7}, "outer": {"low": -4, "high": 10}},
		"warnings": ["5 values"]
	}`, string(data))
	require.Equal(t, string(data), roundTripped(t, data))
}

// roundTripped is data decoded and encoded again.
func roundTripped(t *testing.T, data []byte) string {
	t.Helper()
	var s stats.Summary
	require.NoError(t, json.Unmarshal(data, &s))
	again, err := json.Marshal(s)
	require.NoError(t, err)
	return string(again)
}

// requireOrdered checks what holds for every sample.
func requireOrdered(t *testing.T, s stats.Summary) {
	t.Helper()
	within := func(name string, e stats.Estimate) {
		require.True(t, s.Min <= e.Value && e.Value <= s.Max, "%s %v of %v to %v", name, e.Value, s.Min, s.Max)
		if !e.Interval.IsZero() {
			require.True(t, e.Interval.Low <= e.Value && e.Value <= e.Interval.High, "%s: %+v", name, e)
			require.True(t, s.Min <= e.Interval.Low && e.Interval.High <= s.Max, "%s: %+v", name, e)
			require.GreaterOrEqual(t, e.Interval.Level, stats.DefaultLevel-1e-9)
		}
	}
	within("median", s.Median)
	last := math.Inf(-1)
	for _, q := range s.Quantiles {
		within(q.String(), q.Estimate)
		require.GreaterOrEqual(t, q.Value, last, "quantiles ascend")
		require.Equal(t, q.Enough, !q.Interval.IsZero())
		last = q.Value
	}
	require.GreaterOrEqual(t, s.SD, 0.0)
	require.LessOrEqual(t, s.Outliers.Mild+s.Outliers.Extreme, s.N)
}

func TestSummarizeProperties(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		values := make([]float64, 1+source.IntN(400))
		for i := range values {
			values[i] = math.Exp(source.NormFloat64())
			if source.IntN(3) == 0 {
				values[i] = math.Round(values[i]) // ties
			}
		}
		s, err := stats.Summarize(values)
		require.NoError(t, err)
		requireOrdered(t, s)

		shuffled := slices.Clone(values)
		source.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		same, err := stats.Summarize(shuffled)
		require.NoError(t, err)
		require.Equal(t, s, same, "the order of the values does not matter")

		// A power of two scales without rounding.
		scaled := slices.Clone(values)
		for i := range scaled {
			scaled[i] *= 1024
		}
		large, err := stats.Summarize(scaled)
		require.NoError(t, err)
		require.Equal(t, s.Median.Value*1024, large.Median.Value)
		require.Equal(t, s.Median.Interval.Low*1024, large.Median.Interval.Low)
		require.Equal(t, s.Mean.Value*1024, large.Mean.Value)
		require.InDelta(t, s.SD*1024, large.SD, 1e-9*large.SD)
		require.InDelta(t, s.CV, large.CV, 1e-9)
		require.Equal(t, s.Outliers.Mild, large.Outliers.Mild)

		moved := slices.Clone(values)
		for i := range moved {
			moved[i] += 100
		}
		higher, err := stats.Summarize(moved)
		require.NoError(t, err)
		require.InDelta(t, s.Median.Value+100, higher.Median.Value, 1e-9)
		if s.N > 1 {
			require.InDelta(t, s.Mean.Interval.High+100, higher.Mean.Interval.High, 1e-9)
		}
		require.InDelta(t, s.SD, higher.SD, 1e-9)

		mirrored := slices.Clone(values)
		for i := range mirrored {
			mirrored[i] = -mirrored[i]
		}
		negative, err := stats.Summarize(mirrored)
		require.NoError(t, err)
		require.Equal(t, -s.Median.Interval.High, negative.Median.Interval.Low, "the median's interval favours no side")
	}
}

func FuzzSummarize(f *testing.F) {
	f.Add([]byte{})
	for _, seed := range [][]float64{{1}, {math.NaN()}, {1e140, -1e140}, {5e-324, 0, 5e-324}, {1e139, 1e-300, -1e139}, milliseconds} {
		f.Add(encodeFloats(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values := decodeFloats(data)
		s, err := stats.Summarize(values)
		if err != nil {
			require.True(t, slices.ContainsFunc(values, func(v float64) bool { return !(math.Abs(v) <= 1e140) }))
			return
		}
		require.Equal(t, len(values), s.N)
		if s.N > 0 {
			requireOrdered(t, s)
		}
		encoded, err := json.Marshal(s)
		require.NoError(t, err, "all numbers are finite")
		require.Equal(t, string(encoded), roundTripped(t, encoded))
	})
}

func encodeFloats(values []float64) []byte {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return data
}

func decodeFloats(data []byte) []float64 {
	var values []float64
	for ; len(data) >= 8; data = data[8:] {
		values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(data)))
	}
	return values
}

func TestQuantileOfSummary(t *testing.T) {
	s, err := stats.Summarize([]float64{1, 2, 3, 4, 5}, 0.9)
	require.NoError(t, err)
	require.Equal(t, s.Quantiles[0], s.Quantile(0.9))
	none := s.Quantile(0.5)
	require.True(t, math.IsNaN(none.Value) && math.IsNaN(none.Interval.Low) && !none.Enough)
	impossible := s.Quantile(7)
	require.True(t, math.IsNaN(impossible.P) && math.IsNaN(impossible.Value))
}
