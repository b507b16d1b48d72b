package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestQuantileRanks(t *testing.T) {
	// Levels from SciPy 1.17: binom.cdf(high-1, n, p) - binom.cdf(low-1, n, p);
	// in R: diff(pbinom(c(low, high)-1, n, p)). The median's ranks are those of
	// R's DescTools::MedianCI(method = "exact").
	tests := []struct {
		n         int
		p         float64
		low, high int
		level     float64
	}{
		{6, 0.5, 1, 6, 0.96875},
		{10, 0.5, 2, 9, 0.978515625},
		{12, 0.5, 3, 10, 0.96142578125},
		{30, 0.5, 10, 21, 0.9572260547429323},
		{50, 0.5, 18, 33, 0.9671608624357315},
		{51, 0.5, 19, 33, 0.9511261076817297},
		{100, 0.5, 40, 61, 0.9647997997822952},
		{1000, 0.5, 469, 532, 0.9537088026395018},
		{1_000_000, 0.5, 499020, 500981, 0.9501210313476314},
		{11, 0.25, 1, 7, 0.9502036571502686},
		{50, 0.25, 7, 19, 0.9518759680040764},
		{50, 0.75, 32, 44, 0.9518759680040764},
		{29, 0.9, 21, 29, 0.951348526189385},
		{40, 0.9, 32, 40, 0.9697238116441209},
		{50, 0.9, 41, 50, 0.9703082890880885},
		{100, 0.95, 91, 100, 0.9658911766162497},
		{299, 0.99, 289, 299, 0.9502063034560694},
		{368, 0.99, 360, 368, 0.9624158204108587},
		{1000, 0.99, 984, 997, 0.9635363098183776},
		{2995, 0.999, 2983, 2995, 0.9500226652879054},
	}
	for _, tt := range tests {
		r := quantileRanks(tt.n, tt.p, 0.95)
		require.Equal(t, []int{tt.low, tt.high}, []int{r.low, r.high}, "ranks of n=%d p=%v", tt.n, tt.p)
		require.InDelta(t, tt.level, r.level, 1e-10, "level of n=%d p=%v", tt.n, tt.p)
	}
}

func TestQuantileRanksAreAsNarrowAsTheLevelPermits(t *testing.T) {
	for _, level := range []float64{0.5, 0.9, 0.95, 0.99, 0.999} {
		for _, p := range []float64{0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999} {
			for n := 1; n < 5000; n += 1 + n/9 {
				r := quantileRanks(n, p, level)
				require.Equal(t, n >= MinSize(p, level), r.level > 0, "n=%d p=%v level=%v", n, p, level)
				if r.level == 0 {
					continue
				}
				below := distuv.Binomial{N: float64(n), P: p}
				coverage := func(low, high int) float64 {
					return below.CDF(float64(high-1)) - below.CDF(float64(low-1))
				}
				require.True(t, 1 <= r.low && r.low < r.high && r.high <= n, "n=%d p=%v: %+v", n, p, r)
				require.InDelta(t, coverage(r.low, r.high), r.level, 1e-12)
				require.GreaterOrEqual(t, r.level, level-1e-12)
				if p == 0.5 {
					require.Equal(t, n+1, r.low+r.high, "the median's ranks are symmetric")
					require.Less(t, coverage(r.low+1, r.high-1), level, "n=%d", n)
					continue
				}
				// The interpolated quantile lies between the ranks, and they are no
				// wider than that and the level need.
				h := 1 + float64(n-1)*p
				highest, lowest := int(math.Floor(h)), int(math.Ceil(h))
				require.LessOrEqual(t, r.low, highest, "n=%d p=%v level=%v", n, p, level)
				require.GreaterOrEqual(t, r.high, lowest, "n=%d p=%v level=%v", n, p, level)
				require.True(t, r.low == highest || coverage(r.low+1, r.high) < level, "n=%d p=%v level=%v", n, p, level)
				require.True(t, r.high == lowest || coverage(r.low, r.high-1) < level, "n=%d p=%v level=%v", n, p, level)
			}
		}
	}
}

func TestMinSize(t *testing.T) {
	// ceiling(log(1 - level) / log(p)) in R, but for the median, whose interval
	// has two sides: ceiling(1 - log2(1 - level)).
	tests := []struct {
		p, level float64
		want     int
	}{
		{0.5, 0.95, 6}, {0.9, 0.95, 29}, {0.95, 0.95, 59}, {0.99, 0.95, 299}, {0.999, 0.95, 2995},
		{0.5, 0.99, 8}, {0.9, 0.99, 44}, {0.95, 0.99, 90}, {0.99, 0.99, 459}, {0.999, 0.99, 4603},
		{0.25, 0.95, 11}, {0.75, 0.95, 11}, {0.1, 0.95, 29},
		{0, 0.95, 0}, {1, 0.95, 0}, {math.NaN(), 0.95, 0}, {0.5, 0, 0}, {0.5, 1, 0}, {1 - 1e-12, 0.95, 0},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, MinSize(tt.p, tt.level), "MinSize(%v, %v)", tt.p, tt.level)
	}
}
