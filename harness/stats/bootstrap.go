package stats

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// replicates is how many resamples a bootstrap interval is made of. With it,
// the ends of a 95 % interval are whole ranks.
const replicates = 9999

// PairedComparison says how two variants that ran in pairs differ: base and
// other of one pair met the same conditions, so what disturbed both cancels.
// The intervals are asked for at DefaultLevel, and are those of the percentile
// bootstrap over pairs, which is only ever nominal.
type PairedComparison struct {
	N           int     `json:"n"` // pairs
	BaseMedian  float64 `json:"base_median"`
	OtherMedian float64 `json:"other_median"`

	// Ratio is OtherMedian over BaseMedian. It is zero, with a warning, if a
	// value is not positive.
	Ratio Estimate `json:"ratio,omitzero"`
	// Difference is OtherMedian less BaseMedian, in the unit of the values.
	Difference Estimate `json:"difference"`

	Warnings []string `json:"warnings,omitempty"` // for people
}

// ComparePairs compares base[i] with other[i] for all i. It is an error if the
// lengths differ, if there are no pairs, or if a value is not a finite number.
// The time it takes grows with 9999 times the number of pairs: about a second
// for 10,000.
func ComparePairs(base, other []float64, seed uint64) (PairedComparison, error) {
	if len(base) != len(other) {
		return PairedComparison{}, fmt.Errorf("compare pairs: %d values of base and %d of other", len(base), len(other))
	}
	if len(base) == 0 {
		return PairedComparison{}, errors.New("compare pairs: no values")
	}
	if err := check(base); err != nil {
		return PairedComparison{}, fmt.Errorf("compare pairs: base: %w", err)
	}
	if err := check(other); err != nil {
		return PairedComparison{}, fmt.Errorf("compare pairs: other: %w", err)
	}
	n := len(base)
	a, b := rankedBy(base), rankedBy(other)
	c := PairedComparison{N: n, BaseMedian: median(a.values), OtherMedian: median(b.values)}
	c.Difference.Value = c.OtherMedian - c.BaseMedian
	ratios, differences := resamplePairs(a, b, replicates, rand.NewPCG(seed, uint64(n)))
	c.Difference.Interval = percentile(differences, n, DefaultLevel)
	if a.values[0] <= 0 || b.values[0] <= 0 {
		c.Warnings = append(c.Warnings, "a value is not positive: no ratio of medians")
	} else {
		c.Ratio = finite(Estimate{Value: c.OtherMedian / c.BaseMedian, Interval: percentile(ratios, n, DefaultLevel)})
		if n > 1 && c.Ratio.Interval.IsZero() {
			c.Warnings = append(c.Warnings, "the ratio of medians is beyond the range of numbers")
		}
	}
	if n < 2 {
		c.Warnings = append(c.Warnings, "1 pair: no interval")
	}
	return c, nil
}

// resamplePairs returns the ratio and the difference of medians of count
// resamples of pairs.
func resamplePairs(a, b ranked, count int, source rand.Source) (ratios, differences []float64) {
	n := len(a.values)
	draw := rand.New(source)
	times := make([]int32, n) // how often each pair is in the resample
	ratios, differences = make([]float64, count), make([]float64, count)
	for r := range count {
		clear(times)
		for range n {
			times[draw.IntN(n)]++
		}
		x, y := a.medianOf(times), b.medianOf(times)
		ratios[r], differences[r] = y/x, y-x
	}
	return ratios, differences
}

// ratioOfMedians returns the median of b over that of a, both sorted, with the
// percentile bootstrap's interval over independent resamples of both.
func ratioOfMedians(a, b []float64, level float64, seed uint64) (Estimate, string) {
	if a[0] <= 0 || b[0] <= 0 {
		return Estimate{}, "a value is not positive: no ratio of medians"
	}
	source := rand.NewPCG(seed, uint64(len(a)))
	ofA := resampledMiddles(len(a), replicates, source)
	ofB := resampledMiddles(len(b), replicates, source)
	e := finite(Estimate{Value: median(b) / median(a), Interval: ratioInterval(a, b, ofA, ofB, level)})
	switch {
	case min(len(a), len(b)) < 2:
		return e, "1 value: no interval of the ratio"
	case e.Interval.IsZero():
		return e, "the ratio of medians is beyond the range of numbers"
	}
	return e, ""
}

// ratioInterval returns the percentile interval of the ratio of medians over
// resamples of a and b, both sorted and without zeros, whose middles are given.
func ratioInterval(a, b []float64, ofA, ofB []middle, level float64) Interval {
	ratios := make([]float64, len(ofA))
	for r := range ratios {
		ratios[r] = ofB[r].of(b) / ofA[r].of(a)
	}
	return percentile(ratios, min(len(a), len(b)), level)
}

// percentile returns the interval between the percentiles of bootstrap
// replicates of a statistic of n values. It sorts the replicates.
func percentile(replicates []float64, n int, level float64) Interval {
	if n < 2 {
		return Interval{}
	}
	slices.Sort(replicates)
	rank := int(math.Round((1 - level) / 2 * float64(len(replicates)+1)))
	rank = max(1, rank)
	return Interval{Low: replicates[rank-1], High: replicates[len(replicates)-rank], Nominal: level}
}

// finite returns e without what overflowed.
func finite(e Estimate) Estimate {
	bad := func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
	if bad(e.Value) {
		return Estimate{}
	}
	if bad(e.Interval.Low) || bad(e.Interval.High) {
		e.Interval = Interval{}
	}
	return e
}

// middle is the two middle values of a resample, as indices into the sorted
// sample; they are equal if its size is odd.
type middle struct{ low, high int32 }

// of returns the median of the resample.
func (m middle) of(sorted []float64) float64 {
	low, high := sorted[m.low], sorted[m.high]
	return low + (high-low)/2
}

// resampledMiddles draws the middles of count resamples of n values without
// making the resamples. A resample is n uniform numbers that index the sorted
// sample, so its order statistics are those of uniform numbers, which are beta
// distributed: one or two draws in place of n, whatever n is.
func resampledMiddles(n, count int, source rand.Source) []middle {
	k := (n + 1) / 2
	lower := distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1), Src: source}
	uniform := rand.New(source)
	index := func(u float64) int32 { return int32(min(n-1, int(u*float64(n)))) }
	middles := make([]middle, count)
	for i := range middles {
		u := lower.Rand()
		next := u
		if n%2 == 0 {
			// The next one up is the smallest of n/2 uniform numbers above u.
			next = max(u, 1-(1-u)*math.Pow(uniform.Float64(), 2/float64(n)))
		}
		middles[i] = middle{low: index(u), high: index(next)}
	}
	return middles
}

// ranked is a sample in ascending order with the index that each value had.
type ranked struct {
	values  []float64
	indices []int32
}

func rankedBy(sample []float64) ranked {
	r := ranked{values: make([]float64, len(sample)), indices: make([]int32, len(sample))}
	for i := range r.indices {
		r.indices[i] = int32(i)
	}
	slices.SortFunc(r.indices, func(i, j int32) int {
		if c := cmp.Compare(sample[i], sample[j]); c != 0 {
			return c
		}
		return int(i - j)
	})
	for k, i := range r.indices {
		r.values[k] = sample[i]
	}
	return r
}

// medianOf returns the median of the resample that has times[i] of the value
// that had index i.
func (r ranked) medianOf(times []int32) float64 {
	n := len(r.values)
	lower, upper := int32((n+1)/2), int32(n/2+1) // ranks of the middle values, from 1
	var seen int32
	low, found := 0.0, false
	for k, i := range r.indices {
		seen += times[i]
		if !found && seen >= lower {
			low, found = r.values[k], true
		}
		if seen >= upper {
			return low + (r.values[k]-low)/2
		}
	}
	return low
}
