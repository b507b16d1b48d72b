package stats

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWalkIsTheEnumeration: of all 2^14 ways in which values can fall below and
// above the median, the level says how many are missed at no look.
func TestWalkIsTheEnumeration(t *testing.T) {
	looks := []int{7, 10, 14}
	spend := []float64{0.02, 0.06, 0.2}
	w := start()
	var at []ranks
	for i, n := range looks {
		var r ranks
		w, r = w.look(n, spend[i])
		require.Positive(t, r.low)
		require.Equal(t, n+1, r.low+r.high)
		at = append(at, r)

		contained := 0
		for way := range 1 << n {
			missed := false
			for k := range i + 1 {
				below := bits.OnesCount(uint(way) & (1<<looks[k] - 1))
				missed = missed || below < at[k].low || below >= at[k].high
			}
			if !missed {
				contained++
			}
		}
		require.InDelta(t, float64(contained)/float64(int(1)<<n), r.level, 1e-12, "n=%d", n)
		require.GreaterOrEqual(t, r.level, 1-spend[i])
	}
}

// TestOneLookIsTheExactInterval: without earlier looks, ranks and level are
// those of the binomial distribution.
func TestOneLookIsTheExactInterval(t *testing.T) {
	for _, level := range []float64{0.5, 0.95, 0.999} {
		for n := 1; n < 3000; n += 1 + n/20 {
			_, got := start().look(n, 1-level)
			want := quantileRanks(n, 0.5, level)
			require.Equal(t, []int{want.low, want.high}, []int{got.low, got.high}, "n=%d level=%v", n, level)
			require.InDelta(t, want.level, got.level, 1e-10, "n=%d level=%v", n, level)
		}
	}
}

// TestLevelsAreWithinAPoint: whatever the values and the width, an interval has
// at least the level that it states, that of all looks so far, and at most that
// of one which was never looked at. The rule keeps the two within a point at
// every look and every bound.
func TestLevelsAreWithinAPoint(t *testing.T) {
	for most := 6; most < 20_000; most += 1 + most/25 {
		rule := Rule{Max: most}.withDefaults()
		w := start()
		for _, n := range rule.Looks() {
			var r ranks
			w, r = w.look(n, rule.spent(n))
			if r.level == 0 {
				continue
			}
			require.GreaterOrEqual(t, r.level, 0.95, "look %d of %d", n, most)
			unseen := 1 - 2*belowFair(n, r.low-1)
			require.LessOrEqual(t, unseen-r.level, 0.01, "look %d of %d", n, most)
			require.GreaterOrEqual(t, unseen-r.level, -1e-9, "look %d of %d", n, most)
		}
	}
}

// TestLevelsAreWithinAPointWhenTimeIsUp, at any number of values.
func TestLevelsAreWithinAPointWhenTimeIsUp(t *testing.T) {
	for _, most := range []int{30, 50, 200, 1000} {
		rule := Rule{Max: most}.withDefaults()
		w, looks := start(), rule.Looks()
		for n := 6; n <= most; n++ {
			_, r := w.look(n, 1-rule.Level)
			require.GreaterOrEqual(t, r.level, 0.95, "%d of %d", n, most)
			unseen := 1 - 2*belowFair(n, r.low-1)
			require.LessOrEqual(t, unseen-r.level, 0.01, "%d of %d", n, most)
			if n == looks[0] {
				w, _ = w.look(n, rule.spent(n))
				looks = append(looks[1:], 0)
			}
		}
	}
}

// belowFair returns the probability of at most k heads of n fair coins.
func belowFair(n, k int) float64 {
	first, p := fairCounts(n)
	total := 0.0
	for i, q := range p {
		if first+i <= k {
			total += q
		}
	}
	return total
}

func BenchmarkLooksAtAMillion(b *testing.B) {
	rule := Rule{Max: 1_000_000}.withDefaults()
	for b.Loop() {
		w := start()
		for _, n := range rule.Looks() {
			w, _ = w.look(n, rule.spent(n))
		}
	}
}
