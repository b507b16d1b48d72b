// Package bar judges how fast the harness is against the bare thing: the same
// work done by hand, in the same run, in pairs, so that what disturbs the
// machine disturbs both.
//
// Bars are tests named TestBars that run only when -run names them (make
// bars): a comparison of times has no place among tests that must always pass.
// Each prints one line: name, both medians, their ratio with its interval, the
// limit, and whether the bar holds or falls short; one that falls short fails
// the test.
//
// The package refuses to judge unpaired times.
package bar

import (
	"fmt"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/harness/stats"
)

// runs is how often a bar is measured: it holds if in all of them the lower
// end of the ratio's interval is within the limit, and in at least two the
// ratio itself.
const runs = 3

// Named skips a test of bars that -run does not name.
func Named(t *testing.T) {
	t.Helper()
	if !leftout.Named() {
		t.Skipf("bars run when -run names them: make bars, or -run '^%s$'", t.Name())
	}
}

// Pairs is a bar of a ratio of medians.
type Pairs struct {
	Name  string
	Limit float64       // on the median of ours over that of the bare thing
	Slack time.Duration // or on their difference, if that is more lenient; 0: none
	N     int           // pairs in each of the runs
}

// Judge times both sides in pairs, the first side changing places from pair to
// pair, and prints the bar's line. Both sides return the time that counts.
func (p Pairs) Judge(t *testing.T, ours, bare func() time.Duration) {
	t.Helper()
	bounds, estimates := 0, 0
	var last stats.PairedComparison
	for run := range runs {
		base, other := make([]float64, p.N), make([]float64, p.N)
		for i := range p.N {
			if i%2 == 0 {
				other[i] = float64(ours())
				base[i] = float64(bare())
			} else {
				base[i] = float64(bare())
				other[i] = float64(ours())
			}
		}
		c, err := stats.ComparePairs(base, other, uint64(run))
		if err != nil {
			t.Fatalf("bar %s: %v", p.Name, err)
		}
		if p.within(c.Ratio.Interval.Low, c.Difference.Interval.Low) {
			bounds++
		}
		if p.within(c.Ratio.Value, c.Difference.Value) {
			estimates++
		}
		last = c
		t.Logf("%s run %d: ours %v, bare %v, ratio %.3f [%.3f, %.3f], difference %v", p.Name, run+1,
			round(c.OtherMedian), round(c.BaseMedian), c.Ratio.Value, c.Ratio.Interval.Low, c.Ratio.Interval.High, round(c.Difference.Value))
	}
	limit := fmt.Sprintf("%.2fx", p.Limit)
	if p.Slack > 0 {
		limit += fmt.Sprintf(" or +%v", p.Slack)
	}
	verdict(t, bounds == runs && estimates >= 2, fmt.Sprintf("%-34s ours %10v  bare %10v  ratio %.3f [%.3f, %.3f]  limit %s",
		p.Name, round(last.OtherMedian), round(last.BaseMedian), last.Ratio.Value, last.Ratio.Interval.Low, last.Ratio.Interval.High, limit))
}

func (p Pairs) within(ratio, difference float64) bool {
	return ratio <= p.Limit || (p.Slack > 0 && difference <= float64(p.Slack))
}

// AtMost judges a bar of one number.
func AtMost(t *testing.T, name string, value, limit float64, unit string) {
	t.Helper()
	verdict(t, value <= limit, fmt.Sprintf("%-34s ours %10.4g %s  limit at most %.4g %s", name, value, unit, limit, unit))
}

// AtLeast judges a bar of one number.
func AtLeast(t *testing.T, name string, value, limit float64, unit string) {
	t.Helper()
	verdict(t, value >= limit, fmt.Sprintf("%-34s ours %10.4g %s  limit at least %.4g %s", name, value, unit, limit, unit))
}

func verdict(t *testing.T, holds bool, line string) {
	t.Helper()
	if !holds {
		fmt.Printf("bar %s  falls short\n", line)
		t.Errorf("falls short: %s", line)
		return
	}
	fmt.Printf("bar %s  holds\n", line)
}

func round(ns float64) time.Duration {
	d := time.Duration(ns)
	switch {
	case d > time.Second:
		return d.Round(time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(100 * time.Nanosecond)
}
