package stats_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/stats"
)

// milliseconds is a sample with one far value, used with SciPy 1.17 for the
// expected values of this file:
//
//	x = [9.2, 11.5, 10.1, 14.8, 9.9, 10.7, 13.1, 10.4, 12.2, 9.5, 10.9, 31.0]
var milliseconds = []float64{9.2, 11.5, 10.1, 14.8, 9.9, 10.7, 13.1, 10.4, 12.2, 9.5, 10.9, 31.0}

func TestMean(t *testing.T) {
	got, err := stats.Mean(milliseconds, 0.95)
	require.NoError(t, err)
	// scipy.stats.t.interval(0.95, 11, loc=mean(x), scale=sem(x)); R: t.test(x).
	require.InDelta(t, 12.775, got.Value, 1e-12)
	require.InDelta(t, 8.988366751801667, got.Interval.Low, 1e-9)
	require.InDelta(t, 16.561633248198333, got.Interval.High, 1e-9)
	require.Equal(t, 0.95, got.Interval.Nominal)
	require.Zero(t, got.Interval.Level, "times are not normal: Student's interval is only ever nominal")
}

func TestMeanIntervalUsesStudentsQuantile(t *testing.T) {
	// scipy.stats.t.ppf(0.975, df); R: qt(0.975, df).
	for df, want := range map[int]float64{
		1: 12.706204736174694, 2: 4.302652729749462, 5: 2.5705818356363146,
		9: 2.262157162798205, 29: 2.045229642132703, 99: 1.9842169515864174, 999: 1.9623414611334493,
	} {
		// n values 0 or 1, so that the standard error is known.
		n := df + 1
		values := make([]float64, n)
		ones := n / 2
		for i := range ones {
			values[i] = 1
		}
		mean := float64(ones) / float64(n)
		sem := math.Sqrt(mean * (1 - mean) / float64(n-1))
		got, err := stats.Mean(values, 0.95)
		require.NoError(t, err)
		require.InEpsilon(t, want, (got.Interval.High-mean)/sem, 1e-8, "df=%d", df)
	}
}

func TestMedian(t *testing.T) {
	got, err := stats.Median(milliseconds, 0.95)
	require.NoError(t, err)
	// numpy.median(x); the ranks 3 and 10 of 12 have the level
	// binom.cdf(9, 12, .5) - binom.cdf(2, 12, .5).
	require.InDelta(t, 10.8, got.Value, 1e-12)
	require.Equal(t, 9.9, got.Interval.Low)
	require.Equal(t, 13.1, got.Interval.High)
	require.InDelta(t, 0.96142578125, got.Interval.Level, 1e-12)
}

func TestMedianBelowSixValuesHasNoInterval(t *testing.T) {
	got, err := stats.Median([]float64{1, 2, 3, 4, 5}, 0.95)
	require.NoError(t, err)
	require.Equal(t, stats.Estimate{Value: 3}, got)
	require.True(t, got.Interval.IsZero())
}

func TestQuantile(t *testing.T) {
	// numpy.quantile(x, p); R: quantile(x, p).
	for p, want := range map[float64]float64{
		0.25: 10.05, 0.75: 12.425, 0.9: 14.63, 0.95: 22.09, 0.99: 29.218, 0.999: 30.8218,
	} {
		got, err := stats.Quantile(milliseconds, p, 0.95)
		require.NoError(t, err)
		require.InDelta(t, want, got.Value, 1e-9, "p=%v", p)
		require.Equal(t, p >= 0.9, got.Interval.IsZero(), "p=%v: 12 values are enough for the quartiles only", p)
	}
}

func TestEstimatesRefuse(t *testing.T) {
	tests := []struct {
		name     string
		values   []float64
		p, level float64
		want     string
	}{
		{"no values", nil, 0.5, 0.95, "no values"},
		{"not a number", []float64{1, math.NaN()}, 0.5, 0.95, "value 1 of 2 is NaN, not a finite number"},
		{"infinite", []float64{math.Inf(-1)}, 0.5, 0.95, "value 0 of 1 is -Inf, not a finite number"},
		{"too large to square", []float64{1e200}, 0.5, 0.95, "value 0 of 1 is 1e+200, beyond 1e+140"},
		{"quantile of 1", []float64{1}, 1, 0.95, "quantile 1: want one between 0 and 1"},
		{"quantile not a number", []float64{1}, math.NaN(), 0.95, "quantile NaN: want one between 0 and 1"},
		{"level in percent", []float64{1}, 0.5, 95, "level 95: want one between 0 and 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := stats.Quantile(tt.values, tt.p, tt.level)
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := stats.Mean(nil, 0.95)
	require.ErrorContains(t, err, "mean: no values")
}

func TestIntervalWithin(t *testing.T) {
	i := stats.Interval{Low: 9.5, High: 10.4, Level: 0.95}
	require.True(t, i.Within(10, 0.05))
	require.False(t, i.Within(10, 0.04), "the lower end is 5 % away")
	require.False(t, i.Within(9.8, 0.05), "the upper end is 6 % away")
	require.False(t, stats.Interval{}.Within(0, 1), "there is no interval")
	require.True(t, stats.Interval{Low: -10.4, High: -9.5, Level: 0.95}.Within(-10, 0.05))
}
