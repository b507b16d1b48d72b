package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/stats"
)

func ExampleSample() {
	// Twelve batches of three calls made at once.
	s := stats.Sample{}
	for i := range 12 {
		s.Batches = append(s.Batches, len(s.Values))
		s.Values = append(s.Values, float64(100+i), float64(103+i), float64(130+i))
	}
	summary, err := s.Summarize(0.75)
	if err != nil {
		fmt.Println(err)
		return
	}
	median := summary.Median
	fmt.Printf("%d values, %d batches: median %.1f, %.0f to %.0f at %.1f %%\n",
		summary.N, summary.Batches, median.Value, median.Interval.Low, median.Interval.High, 100*median.Interval.Level)
	// Output:
	// 36 values, 12 batches: median 108.5, 105 to 112 at 96.1 %
}

// inBatches returns a sample of batches of the given sizes.
func inBatches(r *rand.Rand, sizes ...int) stats.Sample {
	s := stats.Sample{Batches: []int{}}
	for _, size := range sizes {
		s.Batches = append(s.Batches, len(s.Values))
		shared := r.NormFloat64()
		for range size {
			s.Values = append(s.Values, 100+shared+r.NormFloat64())
		}
	}
	return s
}

func TestBatchesOfOneAreValues(t *testing.T) {
	s := inBatches(rand.New(rand.NewPCG(1, 1)), slices.Repeat([]int{1}, 40)...)
	batched, err := s.Summarize()
	require.NoError(t, err)
	plain, err := stats.Summarize(s.Values)
	require.NoError(t, err)
	require.Equal(t, plain, batched)
}

func TestBatchIsTheObservation(t *testing.T) {
	s := inBatches(rand.New(rand.NewPCG(2, 2)), slices.Repeat([]int{4, 7, 10}, 10)...)
	medians := s.Observations()
	require.Len(t, medians, 30)
	of, err := stats.Median(medians, 0.95)
	require.NoError(t, err)
	values := slices.Clone(s.Values)
	summary, err := s.Summarize(0.25, 0.5, 0.9, 0.95)
	require.NoError(t, err)
	require.Equal(t, values, s.Values, "the sample is not modified")
	require.Equal(t, 210, summary.N)
	require.Equal(t, 30, summary.Batches)
	require.Equal(t, of, summary.Median)

	plain, err := stats.Summarize(s.Values, 0.25, 0.5, 0.9, 0.95)
	require.NoError(t, err)
	require.Equal(t, plain.Mean.Value, summary.Mean.Value)
	require.Equal(t, plain.SD, summary.SD)
	width := func(e stats.Estimate) float64 { return e.Interval.High - e.Interval.Low }
	require.Greater(t, width(summary.Mean), 1.3*width(plain.Mean))
	for i, q := range summary.Quantiles {
		require.Equal(t, plain.Quantiles[i].Value, q.Value)
		require.Equal(t, q.P < 0.95, q.Enough, "30 batches are enough for p90, which needs 29, not for p95")
		if q.Enough {
			require.Zero(t, q.Interval.Level, "only nominal")
			require.Greater(t, width(q.Estimate), width(plain.Quantiles[i].Estimate))
			require.True(t, q.Interval.Low <= q.Value && q.Value <= q.Interval.High)
		}
	}
	require.Equal(t, []string{"30 batches: too few for some quantiles: p95 at least 59"}, summary.Warnings)

	same, err := s.Compare(stats.Sample{Values: medians}, 1)
	require.NoError(t, err)
	require.Equal(t, 1.0, same.P)
	require.Equal(t, 30, same.BaseN)
}

// TestMeanOfEqualBatches is that of their means, by Student.
func TestMeanOfEqualBatches(t *testing.T) {
	s := inBatches(rand.New(rand.NewPCG(3, 3)), slices.Repeat([]int{5}, 12)...)
	var means []float64
	for i := range 12 {
		sum := 0.0
		for _, v := range s.Values[5*i : 5*i+5] {
			sum += v
		}
		means = append(means, sum/5)
	}
	want, err := stats.Mean(means, 0.95)
	require.NoError(t, err)
	got, err := s.Summarize()
	require.NoError(t, err)
	require.InDelta(t, want.Value, got.Mean.Value, 1e-9)
	require.InDelta(t, want.Interval.Low, got.Mean.Interval.Low, 1e-9)
	require.InDelta(t, want.Interval.High, got.Mean.Interval.High, 1e-9)
}

// TestTenBatches is how many an interval needs, however many values they have.
func TestTenBatches(t *testing.T) {
	source := rand.New(rand.NewPCG(4, 4))
	for count := 1; count <= 12; count++ {
		s, err := inBatches(source, slices.Repeat([]int{100}, count)...).Summarize(0.25)
		require.NoError(t, err)
		require.Equal(t, count < 10, s.Median.Interval.IsZero(), "%d batches", count)
		require.Equal(t, count < 10, s.Mean.Interval.IsZero(), "%d batches", count)
		require.Equal(t, count >= 11, s.Quantiles[0].Enough, "%d batches", count)
		if count == 9 {
			require.Equal(t, []string{
				"9 batches: a 95 % interval of the median needs at least 10",
				"9 batches: too few for some quantiles: p25 at least 11",
			}, s.Warnings)
		}
	}
}

func TestSampleRefusesWrongBatches(t *testing.T) {
	for _, batches := range [][]int{{}, {1}, {0, 0}, {0, 3}, {0, 2, 1}, {-1}} {
		s := stats.Sample{Values: []float64{1, 2, 3}, Batches: batches}
		_, err := s.Summarize()
		require.Error(t, err, "%v", batches)
		_, err = s.Compare(s, 1)
		require.Error(t, err, "%v", batches)
	}
	s, err := stats.Sample{Batches: []int{}}.Summarize()
	require.NoError(t, err)
	require.Equal(t, stats.Summary{Warnings: []string{"no values"}}, s)
}

func FuzzBatches(f *testing.F) {
	f.Add(encodeFloats(milliseconds), uint8(3))
	f.Add(encodeFloats(slices.Repeat([]float64{1e140, -1e140, 5e-324}, 20)), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		s := stats.Sample{Values: decodeFloats(data)}
		for i := 0; i < len(s.Values); i += int(size) + 1 {
			s.Batches = append(s.Batches, i)
		}
		summary, err := s.Summarize()
		if err != nil {
			require.True(t, slices.ContainsFunc(s.Values, func(v float64) bool { return !(math.Abs(v) <= 1e140) }))
			return
		}
		requireFinite(t, summary)
	})
}

func requireFinite(t *testing.T, s stats.Summary) {
	t.Helper()
	estimates := []stats.Estimate{s.Mean, s.Median}
	for _, q := range s.Quantiles {
		estimates = append(estimates, q.Estimate)
	}
	for _, e := range estimates {
		for _, v := range []float64{e.Value, e.Interval.Low, e.Interval.High} {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "%+v", s)
		}
	}
}
