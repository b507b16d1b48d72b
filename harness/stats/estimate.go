package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// DefaultLevel is the confidence level of a Summary and a Comparison, and of a
// Rule that names none.
const DefaultLevel = 0.95

// maxMagnitude bounds the values of a sample, so that the sum of their squares
// is a finite number.
const maxMagnitude = 1e140

// Interval is a confidence interval. Its zero value means that there is none.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Level is the level that the interval has, whatever the distribution of
	// the values. It is 0 where that is not known: the interval then has
	// Nominal as far as its assumptions hold.
	Level   float64 `json:"level,omitzero"`
	Nominal float64 `json:"nominal"` // the level that was asked for
}

// IsZero reports whether there is no interval.
func (i Interval) IsZero() bool { return i.Level == 0 && i.Nominal == 0 }

// Within reports whether there is an interval and both its ends lie within
// width times the magnitude of value from value.
func (i Interval) Within(value, width float64) bool {
	tolerance := width * math.Abs(value)
	return !i.IsZero() && value-i.Low <= tolerance && i.High-value <= tolerance
}

// Estimate is a value computed from a sample with its confidence interval.
type Estimate struct {
	Value    float64  `json:"value"`
	Interval Interval `json:"interval,omitzero"`
}

// Mean returns the mean of values with Student's interval at the given level,
// which has that level if the values are independent and normal, and is only
// ever nominal. One value has no interval. It is an error if there are no
// values, or if one is not finite.
func Mean(values []float64, level float64) (Estimate, error) {
	sorted, err := prepare(values, level)
	if err != nil {
		return Estimate{}, fmt.Errorf("mean: %w", err)
	}
	mean, sd := stat.MeanStdDev(sorted, nil)
	return Estimate{Value: mean, Interval: studentInterval(mean, sd, len(sorted), level)}, nil
}

// Median returns the median of values with the narrowest interval between two
// order statistics that are equally far from the ends of the sample and have
// at least the given level. Below MinSize(0.5, level) values there is none. It
// is an error if there are no values, or if one is not finite.
func Median(values []float64, level float64) (Estimate, error) {
	return Quantile(values, 0.5, level)
}

// Quantile returns the p-quantile of values, 0 < p < 1, interpolated linearly
// as R's default (type 7) does, with an interval between two order statistics
// that has at least the given level. It is chosen to miss equally often on both
// sides, as far as the sample size permits, and then narrowed on the side where
// that costs least for as long as the level lasts; the median's stays
// symmetric. Below MinSize(p, level) values there is none. It is an error if
// there are no values, or if one is not finite.
func Quantile(values []float64, p, level float64) (Estimate, error) {
	if !(p > 0 && p < 1) {
		return Estimate{}, fmt.Errorf("quantile %v: want one between 0 and 1", p)
	}
	sorted, err := prepare(values, level)
	if err != nil {
		return Estimate{}, fmt.Errorf("quantile %v: %w", p, err)
	}
	return estimateQuantile(sorted, p, level), nil
}

// prepare checks the arguments of an estimate and returns values sorted, in a
// slice of its own.
func prepare(values []float64, level float64) ([]float64, error) {
	if !(level > 0 && level < 1) {
		return nil, fmt.Errorf("level %v: want one between 0 and 1", level)
	}
	if len(values) == 0 {
		return nil, errors.New("no values")
	}
	if err := check(values); err != nil {
		return nil, err
	}
	return sorted(values), nil
}

// check refuses values that no statistics can be made of.
func check(values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("value %d of %d is %v, not a finite number", i, len(values), v)
		}
		if math.Abs(v) > maxMagnitude {
			return fmt.Errorf("value %d of %d is %v, beyond %v", i, len(values), v, maxMagnitude)
		}
	}
	return nil
}

func sorted(values []float64) []float64 {
	s := slices.Clone(values)
	slices.Sort(s)
	return s
}

// quantile returns the p-quantile of a sorted sample: R's type 7.
func quantile(sorted []float64, p float64) float64 {
	h := float64(len(sorted)-1) * p
	i := int(h)
	if i >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	low, high := sorted[i], sorted[i+1]
	return min(low+(h-float64(i))*(high-low), high)
}

func median(sorted []float64) float64 { return quantile(sorted, 0.5) }

func estimateQuantile(sorted []float64, p, level float64) Estimate {
	return Estimate{
		Value:    quantile(sorted, p),
		Interval: quantileRanks(len(sorted), p, level).interval(sorted, level),
	}
}

// studentInterval returns Student's interval of the mean of n normal values.
func studentInterval(mean, sd float64, n int, level float64) Interval {
	if n < 2 {
		return Interval{}
	}
	half := studentFactor(n, level) * sd
	return Interval{Low: mean - half, High: mean + half, Nominal: level}
}

// studentFactor returns half the width of Student's interval of the mean of n
// values, at least 2, in units of their standard deviation.
func studentFactor(n int, level float64) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	return t.Quantile(0.5+level/2) / math.Sqrt(float64(n))
}
