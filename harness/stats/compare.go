package stats

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Comparison says how the sample "other" differs from the sample "base". Its
// intervals are asked for at DefaultLevel.
type Comparison struct {
	BaseN  int `json:"base_n"`
	OtherN int `json:"other_n"`

	// P is the two-sided p-value of the Mann-Whitney U test: how probable a
	// difference as large as the observed one is between two samples of one
	// distribution. Where several comparisons are judged together, correct it
	// with Holm.
	P float64 `json:"p"`
	// Exact reports whether P is exact: both samples below 50 values and
	// without ties, as in R. Otherwise it is the normal approximation with the
	// corrections for ties and for continuity.
	Exact bool `json:"exact"`

	// Shift is the Hodges-Lehmann estimate of how much larger other is, in the
	// unit of the values: the median of all differences, with the interval
	// that inverts the test. It assumes that the distributions differ by a
	// shift only.
	Shift Estimate `json:"shift"`

	// Ratio is the median of other over the median of base, with the interval
	// of the percentile bootstrap. It is zero, with a warning, if a value is
	// not positive.
	Ratio Estimate `json:"ratio,omitzero"`

	Warnings []string `json:"warnings,omitempty"` // for people
}

// Compare compares two samples that are independent of each other; for runs
// that were interleaved in pairs, see ComparePairs. It is an error if a sample
// is empty or a value is not a finite number. The seed is that of the
// bootstrap.
func Compare(base, other []float64, seed uint64) (Comparison, error) {
	if len(base) == 0 || len(other) == 0 {
		return Comparison{}, errors.New("compare: a sample has no values")
	}
	if err := check(base); err != nil {
		return Comparison{}, fmt.Errorf("compare: base: %w", err)
	}
	if err := check(other); err != nil {
		return Comparison{}, fmt.Errorf("compare: other: %w", err)
	}
	a, b := sorted(base), sorted(other)
	c := Comparison{BaseN: len(a), OtherN: len(b)}
	c.P, c.Exact = mannWhitney(a, b)
	c.Shift = hodgesLehmann(a, b, DefaultLevel)
	if c.Shift.Interval.IsZero() {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%d and %d values: too few for a %g %% interval of the shift",
			len(a), len(b), 100*DefaultLevel))
	}
	ratio, warning := ratioOfMedians(a, b, DefaultLevel, seed)
	c.Ratio = ratio
	if warning != "" {
		c.Warnings = append(c.Warnings, warning)
	}
	return c, nil
}

// exactBelow is the sample size from which the Mann-Whitney distribution is
// approximated by the normal one, as in R's wilcox.test.
const exactBelow = 50

// mannWhitney returns the two-sided p-value of the U test of two sorted
// samples and whether it is exact.
func mannWhitney(a, b []float64) (p float64, exact bool) {
	u, ties := uStatistic(a, b)
	m, n := float64(len(a)), float64(len(b))
	if ties == 0 && len(a) < exactBelow && len(b) < exactBelow {
		cdf := uDistribution(len(a), len(b))
		// The distribution is symmetric about mn/2.
		return min(1, 2*cdf[int(min(u, m*n-u))]), true
	}
	total := m + n
	variance := m * n / 12 * (total + 1 - ties/(total*(total-1)))
	if variance <= 0 {
		return 1, false // all values are equal
	}
	z := max(0, math.Abs(u-m*n/2)-0.5) / math.Sqrt(variance)
	return min(1, 2*distuv.UnitNormal.Survival(z)), false
}

// uStatistic returns the number of pairs in which the value of b is the larger
// one, equal pairs counted half, and the sum of t^3-t over all groups of t
// equal values of both samples.
func uStatistic(a, b []float64) (u, ties float64) {
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
		equalA, equalB := float64(i-below), float64(j-first)
		u += equalB * (float64(below) + equalA/2)
		t := equalA + equalB
		ties += t*t*t - t
	}
	return u, ties
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

// Holm returns the p-values adjusted for their number by Holm's method, in the
// order given: those at most alpha are significant with a probability of at
// most alpha that any of them is so by chance. Every p is between 0 and 1.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	adjusted := make([]float64, len(p))
	running := 0.0
	for k, i := range order {
		running = max(running, min(1, float64(len(p)-k)*p[i]))
		adjusted[i] = running
	}
	return adjusted
}
