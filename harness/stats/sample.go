package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// MinBatches is how many batches an interval needs.
const MinBatches = 10

// Sample is a sample with how it was taken. Values of one batch were taken at
// once, and what disturbed one of them disturbed the others: they are not
// independent, so that a batch is one observation, its median. The intervals
// of such a sample are made of its batches, of which they need ten.
type Sample struct {
	Values  []float64
	Batches []int  // where in Values each batch begins, ascending from 0; nil: values are independent
	Ending  Ending // how sampling ended; zero: its size was fixed in advance
}

// batches returns the values of each batch, which share memory with Values. It
// is nil if no batch has more than one value.
func (s Sample) batches() [][]float64 {
	if s.Batches == nil || len(s.Batches) == len(s.Values) {
		return nil
	}
	all := make([][]float64, len(s.Batches))
	for i, begin := range s.Batches {
		end := len(s.Values)
		if i+1 < len(s.Batches) {
			end = s.Batches[i+1]
		}
		all[i] = s.Values[begin:end]
	}
	return all
}

// check refuses a sample that no statistics can be made of.
func (s Sample) check() error {
	if s.Batches != nil {
		last := -1
		for i, begin := range s.Batches {
			if begin <= last || begin >= len(s.Values) || i == 0 && begin != 0 {
				return fmt.Errorf("batch %d begins at value %d of %d: want batches that ascend from 0, with a value each", i, begin, len(s.Values))
			}
			last = begin
		}
		if len(s.Batches) == 0 && len(s.Values) > 0 {
			return fmt.Errorf("%d values in no batch", len(s.Values))
		}
	}
	return check(s.Values)
}

// Observations returns the independent observations of a sample, in a slice of
// their own: the medians of its batches, or its values.
func (s Sample) Observations() []float64 {
	batches := s.batches()
	if batches == nil {
		return slices.Clone(s.Values)
	}
	medians := make([]float64, len(batches))
	var scratch []float64
	for i, b := range batches {
		scratch = append(scratch[:0], b...)
		slices.Sort(scratch)
		medians[i] = median(scratch)
	}
	return medians
}

// clusteredMean returns the mean of all values of batches, with Student's
// interval from what the batches deviate from it. It is that of the means of
// the batches if they have equally many values.
func clusteredMean(batches [][]float64, mean, level float64) Estimate {
	n, squares := 0, 0.0
	for _, b := range batches {
		deviation := 0.0
		for _, v := range b {
			deviation += v - mean
		}
		n += len(b)
		squares += deviation * deviation
	}
	count := float64(len(batches))
	sd := math.Sqrt(squares/(count-1)) * count / float64(n) // of a batch's mean
	return finite(Estimate{Value: mean, Interval: studentInterval(mean, sd, len(batches), level)})
}

// clusteredQuantile returns the p-quantile of all values of batches, given
// sorted too, with Woodruff's interval (1952): Student's interval of the part
// of values below the quantile, from how the batches deviate from that part,
// and the quantiles at its ends. It is nominal, and there is none if there are
// fewer batches than an exact interval needs values.
func clusteredQuantile(batches [][]float64, sorted []float64, p, level float64) Estimate {
	e := Estimate{Value: quantile(sorted, p)}
	if len(batches) < max(MinBatches, MinSize(p, level)) {
		return e
	}
	n := float64(len(sorted))
	first, _ := slices.BinarySearch(sorted, e.Value)
	after, _ := slices.BinarySearch(sorted, math.Nextafter(e.Value, math.Inf(1)))
	part := float64(first+after) / 2 / n // equal values count half
	squares := 0.0
	for _, b := range batches {
		deviation := -part * float64(len(b))
		for _, v := range b {
			switch {
			case v < e.Value:
				deviation++
			case v == e.Value:
				deviation += 0.5
			}
		}
		squares += deviation * deviation
	}
	count := float64(len(batches))
	half := studentFactor(len(batches), level) * math.Sqrt(squares/(count-1)) * count / n
	low := max(1, int(math.Floor((p-half)*n)))
	high := min(len(sorted), int(math.Ceil((p+half)*n))+1)
	e.Interval = Interval{Low: sorted[low-1], High: sorted[high-1], Nominal: level}
	return e
}

// Summarize returns the summary of the sample with the given quantiles, each
// between 0 and 1, or with DefaultQuantiles. No values give a summary with N 0
// and a warning. It is an error if a value is not a finite number.
func (s Sample) Summarize(quantiles ...float64) (Summary, error) {
	s.Values = slices.Clone(s.Values)
	return new(Summarizer).SummarizeInPlace(s, quantiles...)
}

// Summarizer summarizes one large sample after another in the same memory. It
// is not safe for concurrent use.
type Summarizer struct{ sorted []float64 }

// SummarizeInPlace is the sample's Summarize without a copy: it may sort the
// values, which are then no longer those of their batches.
func (z *Summarizer) SummarizeInPlace(s Sample, quantiles ...float64) (Summary, error) {
	if len(quantiles) == 0 {
		quantiles = DefaultQuantiles()
	}
	for _, p := range quantiles {
		if !(p > 0 && p < 1) {
			return Summary{}, fmt.Errorf("summarize: quantile %v: want one between 0 and 1", p)
		}
	}
	if err := s.check(); err != nil {
		return Summary{}, fmt.Errorf("summarize: %w", err)
	}
	if len(s.Values) == 0 {
		return Summary{Warnings: []string{"no values"}}, nil
	}
	batches := s.batches()
	if batches == nil {
		slices.Sort(s.Values)
		return s.summary(s.Values, nil, quantiles), nil
	}
	z.sorted = append(z.sorted[:0], s.Values...)
	slices.Sort(z.sorted)
	return s.summary(z.sorted, batches, quantiles), nil
}

// summary makes the summary of sorted values, of independent ones if batches is
// nil.
func (s Sample) summary(sorted []float64, batches [][]float64, quantiles []float64) Summary {
	n, level := len(sorted), s.Ending.level()
	out := Summary{N: n, Min: sorted[0], Max: sorted[n-1], Outliers: outliers(sorted)}
	out.Mean.Value = stat.Mean(sorted, nil)
	if n > 1 {
		out.Mean.Value, out.SD = stat.MeanStdDev(sorted, nil)
	}
	if batches == nil {
		out.Median = s.median(sorted)
		out.Mean.Interval = studentInterval(out.Mean.Value, out.SD, n, level)
	} else {
		out.Batches = len(batches)
		medians := s.Observations()
		slices.Sort(medians)
		out.Median = s.median(medians)
		if len(batches) < MinBatches {
			out.Median.Interval = Interval{}
		} else {
			out.Mean = clusteredMean(batches, out.Mean.Value, level)
		}
	}
	if cv := out.SD / math.Abs(out.Mean.Value); !math.IsNaN(cv) && !math.IsInf(cv, 0) {
		out.CV = cv
	} else if out.SD > 0 {
		out.Warnings = append(out.Warnings, "the mean is 0: no coefficient of variation")
	}
	for _, p := range quantiles {
		e := estimateQuantile(sorted, p, level)
		if batches != nil {
			e = clusteredQuantile(batches, sorted, p, level)
		}
		out.Quantiles = append(out.Quantiles, QuantileEstimate{P: p, Estimate: e, Enough: !e.Interval.IsZero()})
	}
	out.Warnings = append(out.Warnings, tooSmall(out, level)...)
	return out
}

// median returns the median of sorted observations with its interval.
func (s Sample) median(sorted []float64) Estimate {
	return Estimate{
		Value:    median(sorted),
		Interval: s.Ending.medianRanks(len(sorted)).interval(sorted, s.Ending.level()),
	}
}
