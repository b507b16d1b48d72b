package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// ranks are two order statistics, counted from 1, with the level of the
// interval between them. The zero value means that there are none.
type ranks struct {
	low, high int
	level     float64
}

// interval returns the interval between the ranks of a sorted sample, which was
// asked for at the nominal level.
func (r ranks) interval(sorted []float64, nominal float64) Interval {
	if r.level == 0 {
		return Interval{}
	}
	return Interval{Low: sorted[r.low-1], High: sorted[r.high-1], Level: r.level, Nominal: nominal}
}

// quantileRanks returns the ranks of the interval that Quantile describes.
//
// The number of values below the p-quantile is binomial, B(n, p), whatever
// their distribution. The interval from rank l to rank u misses the quantile on
// its low side if at most l-1 values are below it, and on its high side if at
// least u are. Ranks depend on n alone: a choice that looked at the values, as
// for the shorter of two intervals, would lower the level.
func quantileRanks(n int, p, level float64) ranks {
	if !intervalExists(n, p, level) {
		return ranks{}
	}
	below := distuv.Binomial{N: float64(n), P: p}
	missLow := func(l int) float64 { return below.CDF(float64(l - 1)) }
	missHigh := func(u int) float64 { return 1 - below.CDF(float64(u-1)) }

	miss := 1 - level
	lowBudget, highBudget := miss/2, miss/2
	if least := math.Pow(p, float64(n)); least > miss/2 {
		highBudget, lowBudget = least, miss-least
	}
	if least := math.Pow(1-p, float64(n)); least > miss/2 {
		lowBudget, highBudget = least, miss-least
	}
	// The first rank that misses too often is one above the largest that does
	// not; rank 1 and rank n are within the budget but for rounding.
	low := max(1, sort.Search(n, func(i int) bool { return missLow(i+1) > lowBudget }))
	high := min(n, 1+sort.Search(n, func(i int) bool { return missHigh(i+1) <= highBudget }))
	// The interpolated quantile lies between these; only an interval of a low
	// level could leave it out.
	h := 1 + float64(n-1)*p
	highest, lowest := int(math.Floor(h)), int(math.Ceil(h))
	low, high = min(low, highest), max(high, lowest)

	for narrower := p != 0.5; narrower; { // the median's ranks stay symmetric
		nextLow, nextHigh := missLow(low+1), missHigh(high-1)
		lowFits := low < highest && nextLow+missHigh(high) <= miss
		highFits := high > lowest && missLow(low)+nextHigh <= miss
		switch {
		case lowFits && (nextLow <= nextHigh || !highFits):
			low++
		case highFits:
			high--
		default:
			narrower = false
		}
	}
	return ranks{low: low, high: high, level: 1 - missLow(low) - missHigh(high)}
}

// intervalExists reports whether the interval from the smallest to the largest
// of n values contains the p-quantile with at least the given level.
func intervalExists(n int, p, level float64) bool {
	return n >= 2 && math.Pow(p, float64(n))+math.Pow(1-p, float64(n)) <= 1-level
}

// MinSize returns the smallest sample that has an exact interval of the
// p-quantile at the given level, both between 0 and 1: 6 values for the median
// at 0.95, 29 for p = 0.9, 59 for 0.95, 299 for 0.99, 2995 for 0.999. For all
// but the median it is also the smallest sample with a one-sided bound,
// ln(1-level) / ln(p). It is 0 if p or level is out of range or so close to its
// end that no sample of a billion values is enough.
func MinSize(p, level float64) int {
	if !(p > 0 && p < 1 && level > 0 && level < 1) {
		return 0
	}
	const most = 1_000_000_000
	n := sort.Search(most, func(n int) bool { return intervalExists(n, p, level) })
	if n == most {
		return 0
	}
	return n
}
