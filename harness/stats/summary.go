package stats

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// Summary is what a sample says, in the unit of its values. All its numbers are
// finite. Its intervals are asked for at DefaultLevel.
type Summary struct {
	N         int                `json:"n"`
	Mean      Estimate           `json:"mean"` // with Student's interval: assumes normal values
	SD        float64            `json:"sd"`   // sample standard deviation (n-1)
	CV        float64            `json:"cv"`   // SD over the magnitude of the mean
	Min       float64            `json:"min"`
	Max       float64            `json:"max"`
	Median    Estimate           `json:"median"` // with the exact interval of Median
	Quantiles []QuantileEstimate `json:"quantiles,omitempty"`
	Outliers  Outliers           `json:"outliers"`
	Warnings  []string           `json:"warnings,omitempty"` // for people: what the sample is too small for
}

// QuantileEstimate is a quantile of a Summary.
type QuantileEstimate struct {
	P float64 `json:"p"`
	Estimate
	// Enough reports whether the sample is large enough to say anything about
	// this quantile: MinSize values. If not there is no interval, and reports
	// grey the value.
	Enough bool `json:"enough"`
}

// String returns the quantile's short name, as p99.9.
func (q QuantileEstimate) String() string { return quantileName(q.P) }

func quantileName(p float64) string {
	return "p" + strconv.FormatFloat(p*100, 'g', 12, 64)
}

// Outliers counts values far from the middle half of the sample by Tukey's
// fences: mild ones beyond 1.5 times the distance of the quartiles, extreme
// ones beyond 3 times. They are flagged, and part of all other statistics.
type Outliers struct {
	Mild    int   `json:"mild"` // beyond Inner, within Outer
	Extreme int   `json:"extreme"`
	Inner   Fence `json:"inner"`
	Outer   Fence `json:"outer"`
}

// Fence bounds the values that are no outliers, ends included.
type Fence struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Contains reports whether v is within the fence.
func (f Fence) Contains(v float64) bool { return f.Low <= v && v <= f.High }

// DefaultQuantiles returns the quantiles of a Summary that names none.
func DefaultQuantiles() []float64 { return []float64{0.25, 0.75, 0.9, 0.95, 0.99, 0.999} }

// Summarize returns the summary of values with the given quantiles, each
// between 0 and 1, or with DefaultQuantiles. No values give a summary with N 0
// and a warning. It is an error if a value is not a finite number.
func Summarize(values []float64, quantiles ...float64) (Summary, error) {
	return SummarizeInPlace(slices.Clone(values), quantiles...)
}

// SummarizeInPlace is Summarize without the copy: it sorts values.
func SummarizeInPlace(values []float64, quantiles ...float64) (Summary, error) {
	if len(quantiles) == 0 {
		quantiles = DefaultQuantiles()
	}
	for _, p := range quantiles {
		if !(p > 0 && p < 1) {
			return Summary{}, fmt.Errorf("summarize: quantile %v: want one between 0 and 1", p)
		}
	}
	if err := check(values); err != nil {
		return Summary{}, fmt.Errorf("summarize: %w", err)
	}
	if len(values) == 0 {
		return Summary{Warnings: []string{"no values"}}, nil
	}
	slices.Sort(values)
	sorted, n := values, len(values)
	s := Summary{
		N:        n,
		Min:      sorted[0],
		Max:      sorted[n-1],
		Median:   estimateQuantile(sorted, 0.5, DefaultLevel),
		Outliers: outliers(sorted),
	}
	s.Mean.Value = stat.Mean(sorted, nil)
	if n > 1 {
		s.Mean.Value, s.SD = stat.MeanStdDev(sorted, nil)
		s.Mean.Interval = studentInterval(s.Mean.Value, s.SD, n, DefaultLevel)
	}
	if cv := s.SD / math.Abs(s.Mean.Value); !math.IsNaN(cv) && !math.IsInf(cv, 0) {
		s.CV = cv
	} else if s.SD > 0 {
		s.Warnings = append(s.Warnings, "the mean is 0: no coefficient of variation")
	}
	for _, p := range quantiles {
		e := estimateQuantile(sorted, p, DefaultLevel)
		s.Quantiles = append(s.Quantiles, QuantileEstimate{P: p, Estimate: e, Enough: !e.Interval.IsZero()})
	}
	s.Warnings = append(s.Warnings, tooSmall(s)...)
	return s, nil
}

// tooSmall says what the sample of s is too small for.
func tooSmall(s Summary) []string {
	var warnings []string
	count := fmt.Sprintf("%d values", s.N)
	if s.N == 1 {
		count = "1 value"
		warnings = append(warnings, count+": no standard deviation and no interval of the mean")
	}
	if s.Median.Interval.IsZero() {
		warnings = append(warnings, fmt.Sprintf("%s: a %g %% interval of the median needs at least %d",
			count, 100*DefaultLevel, MinSize(0.5, DefaultLevel)))
	}
	var needs []string
	for _, q := range s.Quantiles {
		if !q.Enough {
			needs = append(needs, fmt.Sprintf("%s at least %d", q, MinSize(q.P, DefaultLevel)))
		}
	}
	if len(needs) > 0 {
		warnings = append(warnings, count+": too few for some quantiles: "+strings.Join(needs, ", "))
	}
	return warnings
}

// outliers counts the outliers of a sorted sample.
func outliers(sorted []float64) Outliers {
	low, high := quantile(sorted, 0.25), quantile(sorted, 0.75)
	iqr := high - low
	o := Outliers{
		Inner: Fence{Low: low - 1.5*iqr, High: high + 1.5*iqr},
		Outer: Fence{Low: low - 3*iqr, High: high + 3*iqr},
	}
	beyond := func(f Fence) int {
		first, _ := slices.BinarySearch(sorted, f.Low)
		after, _ := slices.BinarySearch(sorted, math.Nextafter(f.High, math.Inf(1)))
		return first + len(sorted) - after
	}
	o.Extreme = beyond(o.Outer)
	o.Mild = beyond(o.Inner) - o.Extreme
	return o
}
