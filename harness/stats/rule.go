package stats

import "math"

// Rule says when a sample is large enough: at Max values, or at a look where
// the interval of the median lies within Width times the median on both sides.
// Zero fields mean the defaults.
//
// The looks are fixed in advance and few, because every look at growing data is
// a further chance to stop by luck: an interval that was found narrow contains
// the true median less often than its level says. coverage.md has the figures.
type Rule struct {
	Min   int     // values at the first look; default 10
	Max   int     // values at which sampling ends in any case; default 50
	Width float64 // default 0.05
	Level float64 // default DefaultLevel
}

// withDefaults returns r with its zero fields filled in and its bounds sane.
func (r Rule) withDefaults() Rule {
	if r.Min <= 0 {
		r.Min = 10
	}
	if r.Max <= 0 {
		r.Max = 50
	}
	if !(r.Width > 0) {
		r.Width = 0.05
	}
	if !(r.Level > 0 && r.Level < 1) {
		r.Level = DefaultLevel
	}
	r.Min = min(r.Min, r.Max)
	return r
}

// Looks returns the sample sizes at which the rule looks, ascending: Min times
// the powers of the square root of two, rounded down, and Max. The default is
// 10, 14, 20, 28, 40, 50.
func (r Rule) Looks() []int {
	r = r.withDefaults()
	var looks []int
	for n, k := r.Min, 1; n < r.Max; k++ {
		looks = append(looks, n)
		next := math.Floor(float64(r.Min) * math.Pow(2, float64(k)/2))
		if next >= float64(r.Max) {
			break
		}
		n = max(n+1, int(next))
	}
	return append(looks, r.Max)
}

// Narrow reports whether the interval of the median of values lies within the
// rule's width. Values that are not finite have none.
func (r Rule) Narrow(values []float64) bool {
	r = r.withDefaults()
	median, err := Median(values, r.Level)
	return err == nil && median.Interval.Within(median.Value, r.Width)
}

// Watch returns a watch over a sample that is about to grow under the rule.
func (r Rule) Watch() *Watch {
	return &Watch{rule: r.withDefaults(), looks: r.Looks()}
}

// Watch applies a Rule to a growing sample. It looks once for each of the
// rule's looks that the sample has passed; asking between them costs nothing,
// so that it may be asked after every value. A Watch is not safe for concurrent
// use.
type Watch struct {
	rule  Rule
	looks []int // those ahead
	done  bool
}

// Done reports whether sampling is over. values is the whole sample so far: it
// holds at least as many values as when last asked. Once true, it stays true.
func (w *Watch) Done(values []float64) bool {
	passed := 0
	for passed < len(w.looks) && w.looks[passed] <= len(values) {
		passed++
	}
	if w.done || passed == 0 {
		return w.done
	}
	w.looks = w.looks[passed:]
	w.done = len(w.looks) == 0 || w.rule.Narrow(values)
	return w.done
}

// Next returns the sample size at which the watch looks next, or 0 if it is
// done.
func (w *Watch) Next() int {
	if w.done || len(w.looks) == 0 {
		return 0
	}
	return w.looks[0]
}
