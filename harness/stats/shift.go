package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// hodgesLehmann returns the median of all differences between a value of b and
// one of a, both sorted, with the interval of their shift.
func hodgesLehmann(a, b []float64, level float64) Estimate {
	pairs := len(a) * len(b)
	value := difference(a, b, (pairs+1)/2)
	if pairs%2 == 0 {
		value += (difference(a, b, pairs/2+1) - value) / 2
	}
	e := Estimate{Value: value}
	if r := shiftRanks(len(a), len(b), level); r.level > 0 {
		e.Interval = Interval{Low: difference(a, b, r.low), High: difference(a, b, r.high), Level: r.level, Nominal: level}
	}
	return e
}

// shiftRanks returns the ranks among the mn differences whose interval contains
// the shift with at least the given level: those at which the U test would just
// not reject. The level is exact for samples that are compared exactly, and
// more with ties, else that of the normal approximation.
func shiftRanks(m, n int, level float64) ranks {
	pairs := m * n
	var miss func(low int) float64 // P(U <= low-1)
	if exactly(m, n) {
		cdf := uDistribution(m, n)
		miss = func(low int) float64 { return cdf[low-1] }
	} else {
		mean := float64(m) * float64(n) / 2
		sd := math.Sqrt(mean / 6 * float64(m+n+1))
		miss = func(low int) float64 { return distuv.UnitNormal.CDF((float64(low) - 0.5 - mean) / sd) }
	}
	low := sort.Search(pairs/2, func(i int) bool { return miss(i+1) > (1-level)/2 })
	if low == 0 {
		return ranks{}
	}
	return ranks{low: low, high: pairs + 1 - low, level: 1 - 2*miss(low)}
}

// difference returns the k-th smallest, from 1, of the differences between a
// value of b and one of a, both sorted. It keeps none of them: it halves the
// range of floating-point numbers until one is left, which takes at most 64
// passes over both samples.
func difference(a, b []float64, k int) float64 {
	atMost := func(t float64) int {
		count, first := 0, 0 // the differences with a[first:] are at most t
		for _, v := range b {
			for first < len(a) && v-a[first] > t {
				first++
			}
			count += len(a) - first
		}
		return count
	}
	low, high := ordinal(b[0]-a[len(a)-1]), ordinal(b[len(b)-1]-a[0])
	for low < high {
		middle := low + (high-low)/2
		if atMost(fromOrdinal(middle)) >= k {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return fromOrdinal(low) + 0 // no negative zero
}

// ordinal numbers the finite floating-point numbers in their order.
func ordinal(v float64) uint64 {
	bits := math.Float64bits(v)
	if bits>>63 == 1 {
		return ^bits
	}
	return bits | 1<<63
}

func fromOrdinal(n uint64) float64 {
	if n>>63 == 1 {
		return math.Float64frombits(n &^ (1 << 63))
	}
	return math.Float64frombits(^n)
}
