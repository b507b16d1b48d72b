package stats

import (
	"math"
	"slices"
)

// Rule says when a sample is large enough: at Max values, or at a look where
// the interval of the median lies within Width times the median on both sides.
// Zero fields mean the defaults.
//
// Every look at growing data is a further chance to stop by luck, so the looks
// are fixed in advance, and the rule spends its error over them: of the error
// 1-Level, the part that intervals may have missed with by a look is the cube
// of its part of Max. So intervals of early looks are wide, and that of the
// last is hardly wider than one that was never looked at. The level that an
// interval states is the probability that those of all looks so far contain
// the median. It holds whatever the distribution of the values, if they are
// independent; what an interval really has is at most one point more.
type Rule struct {
	Min   int     // values at the first look, at least; default 10
	Max   int     // values at which sampling ends in any case; default 50
	Width float64 // default 0.05
	Level float64 // that is asked for; default DefaultLevel
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

// Looks returns the sample sizes at which the rule looks, ascending: Max, and
// Max divided by the powers of the square root of two, rounded, down to Min.
// The default is 13, 18, 25, 35, 50.
func (r Rule) Looks() []int {
	r = r.withDefaults()
	looks := []int{r.Max}
	for k := 1; ; k++ {
		n := int(math.Round(float64(r.Max) / math.Pow(2, float64(k)/2)))
		if n < r.Min {
			break
		}
		if n < looks[len(looks)-1] {
			looks = append(looks, n)
		}
	}
	slices.Reverse(looks)
	return looks
}

// spent returns the error that may have been spent by a look at n values.
func (r Rule) spent(n int) float64 {
	part := min(1, float64(n)/float64(r.Max))
	return (1 - r.Level) * part * part * part
}

// Watch returns a watch over a sample that is about to grow under the rule.
func (r Rule) Watch() *Watch {
	return &Watch{rule: r.withDefaults(), looks: r.Looks(), walk: start()}
}

// Watch applies a Rule to a growing sample. It looks once for each of the
// rule's looks that the sample has passed; asking between them costs nothing,
// so that it may be asked after every value. A Watch is not safe for concurrent
// use.
type Watch struct {
	rule  Rule
	looks []int // those ahead
	walk  walk
	at    []int    // sample sizes at the looks so far
	last  Estimate // of the latest look
	ranks ranks    // of the latest look
	done  bool
}

// Done reports whether sampling is over. values is the whole sample so far: it
// holds at least as many values as when last asked. Once true, it stays true.
// Values that are not finite are never narrow.
func (w *Watch) Done(values []float64) bool {
	passed := 0
	for passed < len(w.looks) && w.looks[passed] <= len(values) {
		passed++
	}
	if w.done || passed == 0 {
		return w.done
	}
	w.looks = w.looks[passed:]
	w.look(len(values))
	if sorted, err := prepare(values, w.rule.Level); err == nil {
		w.last = Estimate{Value: median(sorted), Interval: w.ranks.interval(sorted, w.rule.Level)}
	} else {
		w.last = Estimate{}
	}
	w.done = len(w.looks) == 0 || w.last.Interval.Within(w.last.Value, w.rule.Width)
	return w.done
}

// look spends the error of a look at n values.
func (w *Watch) look(n int) {
	w.walk, w.ranks = w.walk.look(n, w.rule.spent(n))
	w.at = append(w.at, n)
}

// At returns the sample sizes at which the watch has looked, ascending.
func (w *Watch) At() []int { return slices.Clone(w.at) }

// Ending says how the sampling of n values ended under the rule, with looks at
// the given sample sizes, ascending, as [Watch.At] returned them. Looks beyond n
// are left out.
func (r Rule) Ending(looks []int, n int) Ending {
	w := r.Watch()
	for _, at := range looks {
		if at > w.walk.n && at <= n {
			w.look(at)
		}
	}
	return w.End(n)
}

// Next returns the sample size at which the watch looks next, or 0 if it is
// done.
func (w *Watch) Next() int {
	if w.done || len(w.looks) == 0 {
		return 0
	}
	return w.looks[0]
}

// Exhausted reports whether no look is ahead and the latest was not narrow.
func (w *Watch) Exhausted() bool {
	return len(w.looks) == 0 && !w.last.Interval.Within(w.last.Value, w.rule.Width)
}

// Latest returns the median and its interval as they were at the latest look,
// zero before the first.
func (w *Watch) Latest() Estimate { return w.last }

// End says how the sampling of n values ended. If that was not at a look but,
// say, because time was up, the interval is given the error that is left.
func (w *Watch) End(n int) Ending {
	e := Ending{n: n, ranks: w.ranks, nominal: w.rule.Level}
	if n > w.walk.n {
		_, e.ranks = w.walk.look(n, 1-w.rule.Level)
	}
	return e
}

// Ending says how sampling ended, which decides the interval of the median.
// The zero value is that of a sample whose size was fixed in advance.
type Ending struct {
	n       int
	ranks   ranks
	nominal float64
}

// level returns the level that was asked for.
func (e Ending) level() float64 {
	if e.nominal == 0 {
		return DefaultLevel
	}
	return e.nominal
}

// medianRanks returns the ranks of the interval of the median of n values. A
// sample of another size than the one that was watched, such as that of a
// quantity that not every call has, gets at least the level of that one.
func (e Ending) medianRanks(n int) ranks {
	switch {
	case e.nominal == 0 || e.ranks.level == 0 && n != e.n:
		return quantileRanks(n, 0.5, e.level())
	case n == e.n:
		return e.ranks
	}
	r := quantileRanks(n, 0.5, e.ranks.level)
	r.level = min(r.level, e.ranks.level)
	return r
}
