package stats

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Summary is what a sample says, in the unit of its values. All its numbers are
// finite. Its intervals are asked for at DefaultLevel.
//
// Where values were taken in batches, the median is that of the medians of the
// batches, so that its interval is exact, and all else is of the values, with
// intervals that heed the batches.
type Summary struct {
	N         int                `json:"n"`
	Batches   int                `json:"batches,omitempty"` // observations of the intervals, if values were taken in batches
	Mean      Estimate           `json:"mean"`              // with Student's interval: assumes normal values
	SD        float64            `json:"sd"`                // sample standard deviation (n-1)
	CV        float64            `json:"cv"`                // SD over the magnitude of the mean
	Min       float64            `json:"min"`
	Max       float64            `json:"max"`
	Median    Estimate           `json:"median"` // with an exact interval
	Quantiles []QuantileEstimate `json:"quantiles,omitempty"`
	Outliers  Outliers           `json:"outliers"`
	Warnings  []string           `json:"warnings,omitempty"` // for people: what the sample is too small for
}

// Quantile returns a quantile of the summary. One that it does not have is not a
// number, so that no comparison with it is true; nor is the P of one that there
// cannot be, since probabilities are above 0 and below 1.
func (s Summary) Quantile(p float64) QuantileEstimate {
	for _, q := range s.Quantiles {
		if q.P == p {
			return q
		}
	}
	nan := math.NaN()
	if p <= 0 || p >= 1 {
		p = nan
	}
	return QuantileEstimate{P: p, Estimate: Estimate{Value: nan, Interval: Interval{Low: nan, High: nan}}}
}

// QuantileEstimate is a quantile of a Summary.
type QuantileEstimate struct {
	P float64 `json:"p"`
	Estimate
	// Enough reports whether the sample is large enough to say anything about
	// this quantile: MinSize values, or that many batches. If not there is no
	// interval, and reports grey the value.
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

// Summarize returns the summary of independent values, of a sample whose size
// was fixed in advance, as Sample.Summarize does.
func Summarize(values []float64, quantiles ...float64) (Summary, error) {
	return Sample{Values: values}.Summarize(quantiles...)
}

// tooSmall says what the sample of s is too small for.
func tooSmall(s Summary, level float64) []string {
	var warnings []string
	size, one, many := s.N, "1 value", "values"
	if s.Batches > 0 {
		size, one, many = s.Batches, "1 batch", "batches"
	}
	count, least := fmt.Sprintf("%d %s", size, many), MinSize(0.5, level)
	if size == 1 {
		count = one
	}
	if s.N == 1 {
		warnings = append(warnings, count+": no standard deviation and no interval of the mean")
	}
	if s.Batches > 0 {
		least = max(least, MinBatches)
	}
	if s.Median.Interval.IsZero() {
		warnings = append(warnings, fmt.Sprintf("%s: a %g %% interval of the median needs at least %d", count, 100*level, least))
	}
	var needs []string
	for _, q := range s.Quantiles {
		if !q.Enough {
			least := MinSize(q.P, level)
			if s.Batches > 0 {
				least = max(least, MinBatches)
			}
			needs = append(needs, fmt.Sprintf("%s at least %d", q, least))
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
