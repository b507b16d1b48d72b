package stats

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Comparison says how the sample "other" differs from the sample "base". Its
// intervals are asked for at DefaultLevel.
type Comparison struct {
	BaseN  int `json:"base_n"` // observations: values, or batches of them
	OtherN int `json:"other_n"`

	// P is the two-sided p-value of the Mann-Whitney U test: how probable a
	// difference as large as the observed one is between two samples of one
	// distribution, as twice the smaller tail. Where several comparisons are
	// judged together, correct it with Holm.
	P float64 `json:"p"`
	// Exact reports whether P is exact, also with ties: of samples that form
	// less than 2500 pairs, such as two of 49, or have few different values.
	// Otherwise it is the normal approximation with the corrections for ties
	// and for continuity. It is never below what the sizes permit.
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

// Compare compares two samples of independent values, as Sample.Compare does.
func Compare(base, other []float64, seed uint64) (Comparison, error) {
	return Sample{Values: base}.Compare(Sample{Values: other}, seed)
}

// Compare compares two samples that are independent of each other, by their
// observations; for runs that were interleaved in pairs, see ComparePairs. It
// is an error if a sample is empty or a value is not a finite number. The seed
// is that of the bootstrap.
func (s Sample) Compare(other Sample, seed uint64) (Comparison, error) {
	if len(s.Values) == 0 || len(other.Values) == 0 {
		return Comparison{}, errors.New("compare: a sample has no values")
	}
	if err := s.check(); err != nil {
		return Comparison{}, fmt.Errorf("compare: base: %w", err)
	}
	if err := other.check(); err != nil {
		return Comparison{}, fmt.Errorf("compare: other: %w", err)
	}
	a, b := s.Observations(), other.Observations()
	slices.Sort(a)
	slices.Sort(b)
	c := Comparison{BaseN: len(a), OtherN: len(b)}
	c.P, c.Exact = mannWhitney(a, b)
	c.Shift = hodgesLehmann(a, b, DefaultLevel)
	if c.Shift.Interval.IsZero() {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%d and %d observations: too few for a %g %% interval of the shift",
			len(a), len(b), 100*DefaultLevel))
	}
	ratio, warning := ratioOfMedians(a, b, DefaultLevel, seed)
	c.Ratio = ratio
	if warning != "" {
		c.Warnings = append(c.Warnings, warning)
	}
	return c, nil
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
