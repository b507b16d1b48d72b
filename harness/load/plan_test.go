package load_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/load"
)

func ExampleEvery() {
	fmt.Println(load.Every(250*time.Millisecond, 4))
	fmt.Println(load.Together(3))
	// Output:
	// [0s 250ms 500ms 750ms]
	// [0s 0s 0s]
}

func TestPlansOfNothing(t *testing.T) {
	poisson, err := load.Poisson(1, -1, 1)
	require.NoError(t, err)
	for _, plan := range []load.Plan{load.Together(0), load.Together(-1), load.Every(time.Second, 0), load.Every(time.Second, -1), poisson} {
		require.Empty(t, plan)
		require.Zero(t, plan.Duration())
	}
	require.Equal(t, 3*time.Second, load.Every(time.Second, 4).Duration())
}

func TestPoissonRefuses(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, err := load.Poisson(rate, 1, 1)
		require.ErrorContains(t, err, "want a positive number")
	}
	_, err := load.Poisson(1e-12, 10, 1)
	require.ErrorContains(t, err, "longer than a duration can be")
}

func TestPoissonIsReproducible(t *testing.T) {
	a, err := load.Poisson(100, 1000, 1)
	require.NoError(t, err)
	b, err := load.Poisson(100, 1000, 1)
	require.NoError(t, err)
	c, err := load.Poisson(100, 1000, 2)
	require.NoError(t, err)
	require.Equal(t, a, b)
	require.NotEqual(t, a, c)
	faster, err := load.Poisson(200, 1000, 1)
	require.NoError(t, err)
	require.InEpsilon(t, float64(a.Duration()), 2*float64(faster.Duration()), 1e-6, "the rate only scales")
}

func TestPoissonArrivals(t *testing.T) {
	const n = 100_000
	for _, rate := range []float64{0.5, 1000, 50_000} {
		for seed := range uint64(5) {
			plan, err := load.Poisson(rate, n, seed)
			require.NoError(t, err)
			require.True(t, slices.IsSorted(plan))

			// The mean gap has the relative standard error 1/sqrt(n).
			mean := plan.Duration().Seconds() / n
			require.InEpsilon(t, 1/rate, mean, 4/math.Sqrt(n), "rate %v seed %d", rate, seed)

			// Kolmogorov-Smirnov: 1.95/sqrt(n) is exceeded once in a thousand
			// samples of the exponential distribution.
			gaps := make([]float64, n)
			last := time.Duration(0)
			for i, offset := range plan {
				gaps[i] = (offset - last).Seconds()
				last = offset
			}
			slices.Sort(gaps)
			distance := 0.0
			for i, gap := range gaps {
				f := 1 - math.Exp(-rate*gap)
				distance = max(distance, f-float64(i)/n, float64(i+1)/n-f)
			}
			require.Less(t, distance, 1.95/math.Sqrt(n), "rate %v seed %d", rate, seed)

			// Arrivals in equal parts of the time are Poisson: their variance
			// is their mean.
			counts := make([]float64, 1000)
			for _, offset := range plan {
				counts[min(999, int(float64(offset)/float64(plan.Duration())*1000))]++
			}
			variance := 0.0
			for _, c := range counts {
				variance += (c - n/1000) * (c - n/1000) / 999
			}
			require.InEpsilon(t, float64(n/1000), variance, 4*math.Sqrt(2.0/999), "rate %v seed %d", rate, seed)
		}
	}
}
