package stats_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/stats"
)

func ExampleCompare() {
	before := []float64{10.1, 10.4, 9.9, 10.8, 10.2, 10.6, 10.0, 10.3}
	after := []float64{11.2, 11.6, 11.1, 11.9, 11.3, 11.8, 11.0, 11.5}
	c, err := stats.Compare(before, after, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("p %.5f, exact: %t\n", c.P, c.Exact)
	fmt.Printf("slower by %.2f, %.2f to %.2f\n", c.Shift.Value, c.Shift.Interval.Low, c.Shift.Interval.High)
	fmt.Printf("ratio of medians %.3f, %.2f to %.2f\n", c.Ratio.Value, c.Ratio.Interval.Low, c.Ratio.Interval.High)
	// Output:
	// p 0.00016, exact: true
	// slower by 1.10, 0.80 to 1.50
	// ratio of medians 1.112, 1.07 to 1.16
}

func ExampleComparePairs() {
	// Two variants, run alternately while the machine got slower.
	base := []float64{100, 102, 105, 109, 114, 120, 127, 135, 144, 154}
	other := []float64{111, 112, 116, 119, 126, 132, 139, 149, 158, 170}
	c, err := stats.ComparePairs(base, other, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2fx, %.2f to %.2f\n", c.Ratio.Value, c.Ratio.Interval.Low, c.Ratio.Interval.High)
	// Output:
	// 1.10x, 1.09 to 1.11
}

func ExampleHolm() {
	fmt.Println(stats.Holm([]float64{0.01, 0.04, 0.03, 0.005}))
	// Output:
	// [0.03 0.06 0.06 0.02]
}

func TestHolm(t *testing.T) {
	// statsmodels 0.14 multipletests(p, method="holm"); R: p.adjust(p, "holm").
	require.InDeltaSlice(t, []float64{0.04, 0.09, 0.09, 0.025, 0.5},
		stats.Holm([]float64{0.01, 0.04, 0.03, 0.005, 0.5}), 1e-12)
	require.Equal(t, []float64{1, 1}, stats.Holm([]float64{0.9, 0.8}))
	require.Empty(t, stats.Holm(nil))
}

// The permeability constants of Hollander & Wolfe (1973), p. 69, the example
// of R's help page of wilcox.test.
var (
	atTerm     = []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	secondTerm = []float64{1.15, 0.88, 0.90, 0.74, 1.21}
)

func TestCompareExact(t *testing.T) {
	c, err := stats.Compare(secondTerm, atTerm, 1)
	require.NoError(t, err)
	// R: wilcox.test(x, y, conf.int = TRUE): W = 35, p-value = 0.2544,
	// 95 percent confidence interval -0.15 0.76, difference in location 0.305.
	// scipy.stats.mannwhitneyu(x, y, method="exact").pvalue = 0.2544122544122544;
	// the level of ranks 9 and 42 of 50 is 1 - 2*pwilcox(8, 10, 5).
	require.True(t, c.Exact)
	require.InDelta(t, 0.2544122544122544, c.P, 1e-12)
	require.InDelta(t, 0.305, c.Shift.Value, 1e-12)
	require.InDelta(t, -0.15, c.Shift.Interval.Low, 1e-12)
	require.InDelta(t, 0.76, c.Shift.Interval.High, 1e-12)
	require.InDelta(t, 0.9600399600399601, c.Shift.Interval.Level, 1e-12)
	require.Empty(t, c.Warnings)
}

func TestCompareExactAtItsLargest(t *testing.T) {
	a, b := make([]float64, 49), make([]float64, 49)
	for i := range a {
		a[i], b[i] = float64(i), float64(i)+8.5
	}
	c, err := stats.Compare(a, b, 1)
	require.NoError(t, err)
	// scipy.stats.mannwhitneyu(range(49), [i+8.5 for i in range(49)], method="exact").
	require.True(t, c.Exact)
	require.InEpsilon(t, 0.006556364983585553, c.P, 1e-9)
}

func TestCompareTies(t *testing.T) {
	a := []float64{1, 2, 2, 3, 4, 4, 4, 5, 7, 9}
	b := []float64{3, 4, 4, 5, 6, 6, 7, 8, 8, 10, 11}
	c, err := stats.Compare(a, b, 1)
	require.NoError(t, err)
	// The normal approximation, scipy.stats.mannwhitneyu(a, b,
	// method="asymptotic"), gives 0.0394.
	require.True(t, c.Exact)
	require.InDelta(t, enumerated(a, b), c.P, 1e-12)
}

func TestCompareNormalApproximation(t *testing.T) {
	var a, b []float64
	for i := range 60 {
		a = append(a, float64(i*37%101)+0.5*float64(i))
	}
	for i := range 55 {
		b = append(b, float64(i*53%103)+0.5*float64(i)+8)
	}
	c, err := stats.Compare(a, b, 1)
	require.NoError(t, err)
	// scipy.stats.mannwhitneyu(a, b, method="asymptotic").pvalue and
	// numpy.median(numpy.subtract.outer(b, a)).
	require.False(t, c.Exact)
	require.InDelta(t, 0.4910212343486273, c.P, 1e-12)
	require.InDelta(t, 4.5, c.Shift.Value, 1e-12)
	require.InDelta(t, 0.95, c.Shift.Interval.Level, 0.002)
}

func TestCompareEqualSamples(t *testing.T) {
	c, err := stats.Compare(constant(60), constant(70), 1)
	require.NoError(t, err)
	require.Equal(t, 1.0, c.P)
	require.Equal(t, 0.0, c.Shift.Value)
	require.Equal(t, stats.Estimate{Value: 1, Interval: stats.Interval{Low: 1, High: 1, Nominal: 0.95}}, c.Ratio)
}

func TestCompareWarns(t *testing.T) {
	c, err := stats.Compare([]float64{1, 2, 3}, []float64{4, 5, 0}, 1)
	require.NoError(t, err)
	require.Equal(t, []string{
		"3 and 3 observations: too few for a 95 % interval of the shift",
		"a value is not positive: no ratio of medians",
	}, c.Warnings)
	require.True(t, c.Shift.Interval.IsZero())
	require.Zero(t, c.Ratio)

	c, err = stats.Compare([]float64{1}, []float64{2}, 1)
	require.NoError(t, err)
	require.Equal(t, stats.Estimate{Value: 2}, c.Ratio)
	require.Contains(t, c.Warnings, "1 value: no interval of the ratio")

	tiny, huge := []float64{1e-300, 1e-300}, []float64{1e100, 1e100}
	c, err = stats.Compare(tiny, huge, 1)
	require.NoError(t, err)
	require.Zero(t, c.Ratio)
	require.Contains(t, c.Warnings, "the ratio of medians is beyond the range of numbers")
	paired, err := stats.ComparePairs(tiny, huge, 1)
	require.NoError(t, err)
	require.Zero(t, paired.Ratio)
	require.Contains(t, paired.Warnings, "the ratio of medians is beyond the range of numbers")
}

func TestComparisonsRefuse(t *testing.T) {
	nan := []float64{1, math.NaN()}
	_, err := stats.Compare(nil, []float64{1}, 1)
	require.EqualError(t, err, "compare: a sample has no values")
	_, err = stats.Compare([]float64{1}, nan, 1)
	require.EqualError(t, err, "compare: other: value 1 of 2 is NaN, not a finite number")
	_, err = stats.ComparePairs([]float64{1, 2}, []float64{1}, 1)
	require.EqualError(t, err, "compare pairs: 2 values of base and 1 of other")
	_, err = stats.ComparePairs(nil, nil, 1)
	require.EqualError(t, err, "compare pairs: no values")
	_, err = stats.ComparePairs(nan, []float64{1, 2}, 1)
	require.EqualError(t, err, "compare pairs: base: value 1 of 2 is NaN, not a finite number")
}

func TestCompareProperties(t *testing.T) {
	source := rand.New(rand.NewPCG(3, 4))
	sample := func() []float64 {
		values := make([]float64, 1+source.IntN(90))
		for i := range values {
			values[i] = math.Exp(source.NormFloat64())
			if source.IntN(4) == 0 {
				values[i] = 1 + math.Round(values[i])
			}
		}
		return values
	}
	for range 40 {
		a, b := sample(), sample()
		c, err := stats.Compare(a, b, 7)
		require.NoError(t, err)
		require.True(t, 0 <= c.P && c.P <= 1)

		// The shift is the median of all differences.
		var differences []float64
		for _, x := range a {
			for _, y := range b {
				differences = append(differences, y-x)
			}
		}
		median, err := stats.Median(differences, 0.95)
		require.NoError(t, err)
		require.InDelta(t, median.Value, c.Shift.Value, 1e-12)
		if !c.Shift.Interval.IsZero() {
			require.Contains(t, differences, c.Shift.Interval.Low)
			require.True(t, c.Shift.Interval.Low <= c.Shift.Value && c.Shift.Value <= c.Shift.Interval.High)
			require.GreaterOrEqual(t, c.Shift.Interval.Level, 0.95)
		}
		require.True(t, c.Ratio.Interval.Low <= c.Ratio.Interval.High)

		same, err := stats.Compare(slices.Clone(a), slices.Clone(b), 7)
		require.NoError(t, err)
		require.Equal(t, c, same, "equal arguments, equal results")
		_, err = json.Marshal(c)
		require.NoError(t, err)

		back, err := stats.Compare(b, a, 7)
		require.NoError(t, err)
		require.InDelta(t, c.P, back.P, 1e-12, "the test has no direction")
		require.InDelta(t, -c.Shift.Value, back.Shift.Value, 1e-12)
		require.InDelta(t, -c.Shift.Interval.High, back.Shift.Interval.Low, 1e-12)
	}
}

func TestCompareFindsTheMedianOfManyDifferences(t *testing.T) {
	// A hundred million differences: none of them is kept.
	a, b := spread(10_000), spread(10_000)
	for i := range b {
		b[i] += 0.25
	}
	c, err := stats.Compare(a, b, 1)
	require.NoError(t, err)
	require.Equal(t, 0.25, c.Shift.Value)
}

func TestRatioIntervalIsThatOfResampling(t *testing.T) {
	// Drawing the median of a resample agrees with making the resample.
	source := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{10, 11, 60} {
		a, b := make([]float64, n), make([]float64, n+1)
		for i := range a {
			a[i] = 10 + source.Float64()
		}
		for i := range b {
			b[i] = 12 + source.Float64()
		}
		ratios := make([]float64, 40_000)
		resampled := func(values []float64) float64 {
			r := make([]float64, len(values))
			for i := range r {
				r[i] = values[source.IntN(len(values))]
			}
			slices.Sort(r)
			return (r[(len(r)-1)/2] + r[len(r)/2]) / 2
		}
		for i := range ratios {
			ratios[i] = resampled(b) / resampled(a)
		}
		slices.Sort(ratios)
		c, err := stats.Compare(a, b, 1)
		require.NoError(t, err)
		low, _ := slices.BinarySearch(ratios, c.Ratio.Interval.Low)
		high, _ := slices.BinarySearch(ratios, c.Ratio.Interval.High)
		require.InDelta(t, 0.025, float64(low)/40_000, 0.012, "n=%d", n)
		require.InDelta(t, 0.975, float64(high)/40_000, 0.012, "n=%d", n)
	}
}

func TestComparePairs(t *testing.T) {
	// Each pair met its own disturbance, which is far larger than the effect.
	source := rand.New(rand.NewPCG(7, 8))
	base, other := make([]float64, 400), make([]float64, 400)
	for i := range base {
		disturbance := math.Exp(source.NormFloat64())
		base[i] = disturbance * (1 + 0.01*source.NormFloat64())
		other[i] = disturbance * (1.2 + 0.01*source.NormFloat64())
	}
	paired, err := stats.ComparePairs(base, other, 1)
	require.NoError(t, err)
	unpaired, err := stats.Compare(base, other, 1)
	require.NoError(t, err)
	require.Equal(t, paired.Ratio.Value, unpaired.Ratio.Value)
	require.Equal(t, paired.OtherMedian-paired.BaseMedian, paired.Difference.Value)
	require.True(t, paired.Ratio.Interval.Within(1.2, 0.05), "%+v", paired.Ratio)
	width := func(i stats.Interval) float64 { return i.High - i.Low }
	require.Less(t, 3*width(paired.Ratio.Interval), width(unpaired.Ratio.Interval))

	again, err := stats.ComparePairs(base, other, 1)
	require.NoError(t, err)
	require.Equal(t, paired, again, "equal arguments, equal results")
}

func TestComparePairsSmall(t *testing.T) {
	c, err := stats.ComparePairs([]float64{2}, []float64{3}, 1)
	require.NoError(t, err)
	require.Equal(t, stats.PairedComparison{
		N: 1, BaseMedian: 2, OtherMedian: 3,
		Ratio:      stats.Estimate{Value: 1.5},
		Difference: stats.Estimate{Value: 1},
		Warnings:   []string{"1 pair: no interval"},
	}, c)
	c, err = stats.ComparePairs([]float64{0, 1}, []float64{3, 4}, 1)
	require.NoError(t, err)
	require.Zero(t, c.Ratio)
	require.Equal(t, 3.0, c.Difference.Value)
	require.Equal(t, []string{"a value is not positive: no ratio of medians"}, c.Warnings)
}

func FuzzCompare(f *testing.F) {
	f.Add(encodeFloats(milliseconds), uint8(5))
	f.Add(encodeFloats([]float64{1e140, -1e140, 5e-324, 0}), uint8(2))
	f.Add(encodeFloats([]float64{5e-324, 1e140}), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		values := decodeFloats(data)
		a := values[:min(int(cut), len(values))]
		b := values[len(a):]
		finite := func(v any) {
			_, err := json.Marshal(v)
			require.NoError(t, err, "all numbers are finite")
		}
		c, err := stats.Compare(a, b, 1)
		if err == nil {
			require.True(t, 0 <= c.P && c.P <= 1)
			finite(c)
		}
		n := min(len(a), len(b))
		p, err := stats.ComparePairs(a[:n], b[:n], 1)
		if err == nil {
			finite(p)
		}
	})
}
