package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// exactBelow is the size of two samples from which the distribution of U is
// approximated by the normal one: of two equal ones, or of two with as many
// pairs of values.
const exactBelow = 50

// exactly reports whether two samples are compared by the distribution of U
// itself, whatever their ties.
func exactly(m, n int) bool { return m*n < exactBelow*exactBelow }

// exactWork bounds the steps that an exact test of larger samples may take. It
// is enough for samples with few different values, for which the normal
// distribution is a poor approximation.
const exactWork = 200_000

// mannWhitney returns the two-sided p-value of the U test of two sorted
// samples and whether it is exact: twice the smaller tail of the distribution
// of U over all ways to deal the values to the samples, ties included.
func mannWhitney(a, b []float64) (p float64, exact bool) {
	u, groups := uStatistic(a, b)
	small := exactly(len(a), len(b))
	switch {
	case len(groups) == len(a)+len(b) && small:
		cdf := uDistribution(len(a), len(b))
		// The distribution is symmetric about mn/2.
		return min(1, 2*cdf[int(min(u, float64(len(a)*len(b))-u))]), true
	case small || dealsWork(groups, min(len(a), len(b))) <= exactWork:
		if len(a) < len(b) {
			u = float64(len(a)*len(b)) - u
		}
		return tiedTest(groups, min(len(a), len(b)), int(2*u)), true
	}
	m, n := float64(len(a)), float64(len(b))
	total, ties := m+n, 0.0
	for _, t := range groups {
		t := float64(t)
		ties += t*t*t - t
	}
	variance := m * n / 12 * (total + 1 - ties/(total*(total-1)))
	if variance <= 0 {
		return 1, false // all values are equal
	}
	z := max(0, math.Abs(u-m*n/2)-0.5) / math.Sqrt(variance)
	return min(1, max(2*distuv.UnitNormal.Survival(z), leastP(len(a), len(b)))), false
}

// leastP returns the p-value of samples that do not overlap, which none is
// below: two of all ways to deal the values to the samples are as extreme.
func leastP(m, n int) float64 {
	all, _ := math.Lgamma(float64(m + n + 1))
	ofM, _ := math.Lgamma(float64(m + 1))
	ofN, _ := math.Lgamma(float64(n + 1))
	return 2 * math.Exp(ofM+ofN-all)
}

// uStatistic returns the number of pairs in which the value of b is the larger
// one, equal pairs counted half, and the sizes of the groups of equal values of
// both samples, ascending.
func uStatistic(a, b []float64) (u float64, groups []int) {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		var v float64
		if j == len(b) || i < len(a) && a[i] <= b[j] {
			v = a[i]
		} else {
			v = b[j]
		}
		below := i
		for i < len(a) && a[i] == v {
			i++
		}
		first := j
		for j < len(b) && b[j] == v {
			j++
		}
		equalA, equalB := i-below, j-first
		u += float64(equalB) * (float64(below) + float64(equalA)/2)
		groups = append(groups, equalA+equalB)
	}
	return u, groups
}

// uDistribution returns the cumulative distribution of the U statistic of m
// and n values of one distribution without ties, for u = 0 to mn.
//
// The number of orders with statistic u obeys N(u; m, n) = N(u-n; m-1, n) +
// N(u; m, n-1): the largest value is either of the first sample, above all n of
// the second, or of the second. Only additions, so no digits are lost.
func uDistribution(m, n int) []float64 {
	// counts[i] is N(.; i, j) for the current j, starting at j = 0.
	counts := make([][]float64, m+1)
	for i := range counts {
		counts[i] = []float64{1}
	}
	for j := 1; j <= n; j++ {
		for i := 1; i <= m; i++ {
			next := make([]float64, i*j+1)
			copy(next, counts[i])
			for u, c := range counts[i-1] {
				next[u+j] += c
			}
			counts[i] = next
		}
	}
	cdf := counts[m]
	for u := 1; u < len(cdf); u++ {
		cdf[u] += cdf[u-1]
	}
	total := cdf[len(cdf)-1]
	for u := range cdf {
		cdf[u] /= total
	}
	return cdf
}

// deal is a set of ways to deal values to a sample that have the same double U.
type deal struct {
	twiceU int
	weight float64
}

// tiedTest returns the p-value of a U test of m values and the others of
// groups of equal values, of which twiceU is twice the number of pairs in which
// the one of the m is the larger, equal pairs counted half.
//
// It deals group after group: deals[c] are the ways to have given c values to
// the sample so far, ascending. A value above k others of which the sample has
// c beats k-c; a weight is a binomial probability, so that it stays in range.
func tiedTest(groups []int, m, twiceU int) float64 {
	total := 0
	for _, t := range groups {
		total += t
	}
	deals := make([][]deal, m+1)
	deals[0] = []deal{{0, 1}}
	below := 0
	for _, t := range groups {
		left := total - below - t
		share := distuv.Binomial{N: float64(t), P: float64(m) / float64(total)}
		weights := make([]float64, t+1)
		for j := range weights {
			weights[j] = share.Prob(float64(j))
		}
		next := make([][]deal, m+1)
		for c := max(0, m-left); c <= m; c++ {
			for j := 0; j <= min(t, c); j++ {
				before := c - j
				beaten := j * (2*(below-before) + (t - j))
				next[c] = merge(next[c], deals[before], beaten, weights[j])
			}
		}
		deals, below = next, below+t
	}
	var all, lower, upper float64
	for _, d := range deals[m] {
		all += d.weight
		if d.twiceU <= twiceU {
			lower += d.weight
		}
		if d.twiceU >= twiceU {
			upper += d.weight
		}
	}
	return min(1, 2*min(lower, upper)/all)
}

// merge returns the deals of a and those of b moved up by twiceU and weighted.
func merge(a, b []deal, twiceU int, weight float64) []deal {
	if len(b) == 0 {
		return a
	}
	out := make([]deal, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].twiceU < b[0].twiceU+twiceU:
			out, a = append(out, a[0]), a[1:]
		case len(a) == 0 || a[0].twiceU > b[0].twiceU+twiceU:
			out, b = append(out, deal{b[0].twiceU + twiceU, b[0].weight * weight}), b[1:]
		default:
			out = append(out, deal{a[0].twiceU, a[0].weight + b[0].weight*weight})
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// dealsWork bounds the steps of tiedTest: what is dealt of the last group
// follows from the others.
func dealsWork(groups []int, m int) float64 {
	work, ways := 0.0, 1.0
	for _, t := range groups[:len(groups)-1] {
		ways *= float64(min(t, m) + 1)
		work += ways
		if work > exactWork {
			break
		}
	}
	return work
}
