package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/stats"
)

// enumerated is the two-sided p-value of the U test by its definition: twice
// the smaller tail over all ways to deal the values to the two samples.
func enumerated(a, b []float64) float64 {
	all := slices.Concat(a, b)
	twiceU := func(inA []bool) int {
		u := 0
		for i, x := range all {
			for j, y := range all {
				if inA[i] && !inA[j] {
					switch {
					case x < y:
						u += 2
					case x == y:
						u++
					}
				}
			}
		}
		return u
	}
	inA := make([]bool, len(all))
	for i := range a {
		inA[i] = true
	}
	observed := twiceU(inA)
	lower, upper, ways := 0, 0, 0
	clear(inA)
	var deal func(from, left int)
	deal = func(from, left int) {
		if left == 0 {
			ways++
			u := twiceU(inA)
			if u <= observed {
				lower++
			}
			if u >= observed {
				upper++
			}
			return
		}
		for i := from; i <= len(all)-left; i++ {
			inA[i] = true
			deal(i+1, left-1)
			inA[i] = false
		}
	}
	deal(0, len(a))
	return min(1, 2*float64(min(lower, upper))/float64(ways))
}

func repeat(x float64, n int) []float64 { return slices.Repeat([]float64{x}, n) }

func TestTiesAreExact(t *testing.T) {
	// wilcox_test of R's coin, distribution = "exact", where the distribution
	// is symmetric; choose(n+m, n) in general.
	tests := []struct {
		name string
		a, b []float64
		want float64
	}{
		{"3 and 3, apart", repeat(1, 3), repeat(2, 3), 0.1},                                                                                  // 2/choose(6, 3)
		{"4 and 4, apart", repeat(1, 4), repeat(2, 4), 2.0 / 70},                                                                             // 0.0286
		{"5 and 5, apart", []float64{115, 114, 115, 115, 115}, repeat(78.8, 5), 2.0 / 252},                                                   // 0.0079
		{"2 and 10, apart", repeat(7, 2), repeat(8, 10), 2.0 / 66},                                                                           // 0.0303
		{"10 and 2, apart", repeat(8, 10), repeat(7, 2), 2.0 / 66},                                                                           // the other way round
		{"all equal", repeat(3, 4), repeat(3, 6), 1},                                                                                         //
		{"one differs", append(repeat(1, 59), 2), repeat(1, 60), 1},                                                                          // it is as probable in either
		{"five differ", append(repeat(1, 55), repeat(2, 5)...), repeat(1, 60), 2 * 60 * 59 * 58 * 57 * 56.0 / (120 * 119 * 118 * 117 * 116)}, // 2*choose(60,5)/choose(120,5)
		{"large, apart", repeat(1, 200), repeat(2, 3), 2.0 / 1373701},                                                                        // 2/choose(203, 3)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := stats.Compare(tt.a, tt.b, 1)
			require.NoError(t, err)
			require.True(t, c.Exact)
			require.InEpsilon(t, tt.want, c.P, 1e-8)
		})
	}
}

func TestUTestIsTheEnumeration(t *testing.T) {
	source := rand.New(rand.NewPCG(9, 10))
	for _, different := range []int{1, 2, 3, 5, 50} {
		for m := 1; m <= 6; m++ {
			for n := 1; n <= 7; n++ {
				a, b := make([]float64, m), make([]float64, n)
				for _, sample := range [][]float64{a, b} {
					for i := range sample {
						sample[i] = float64(source.IntN(different))
					}
				}
				c, err := stats.Compare(a, b, 1)
				require.NoError(t, err)
				require.True(t, c.Exact)
				require.InDelta(t, enumerated(a, b), c.P, 1e-12, "%v and %v", a, b)
			}
		}
	}
}

// TestPIsNotBelowWhatTheSizesPermit: two of all ways to deal the values are as
// extreme as samples that do not overlap.
func TestPIsNotBelowWhatTheSizesPermit(t *testing.T) {
	choose := func(n, k int) float64 {
		c := 1.0
		for i := range k {
			c *= float64(n-i) / float64(i+1)
		}
		return c
	}
	for _, m := range []int{1, 2, 3, 5, 10, 49, 60, 200} {
		for _, n := range []int{1, 2, 3, 8, 50, 60, 400} {
			for _, apart := range []float64{0, 1e-6} { // between the values of a sample: all tied, or none
				a, b := make([]float64, m), make([]float64, n)
				for i := range a {
					a[i] = 1 + apart*float64(i)
				}
				for i := range b {
					b[i] = 2 + apart*float64(i)
				}
				c, err := stats.Compare(a, b, 1)
				require.NoError(t, err)
				least := min(1, 2/choose(m+n, m))
				require.GreaterOrEqual(t, c.P, least*(1-1e-9), "%d and %d", m, n)
				if c.Exact {
					require.InEpsilon(t, least, c.P, 1e-6, "%d and %d", m, n)
				}
			}
		}
	}
}

// TestExactAgreesWithTheApproximation where both are good: on both sides of
// the size from which one takes the other's place.
func TestExactAgreesWithTheApproximation(t *testing.T) {
	for _, different := range []int{12, 1000} {
		var p [2]float64
		for i, n := range []int{49, 51} {
			a, b := make([]float64, n), make([]float64, n)
			for k := range a {
				part := (float64(k) + 0.5) / float64(n)
				a[k] = math.Floor(part * float64(different))
				b[k] = math.Floor((part*0.9 + 0.1*math.Sqrt(part)) * 1.2 * float64(different))
			}
			c, err := stats.Compare(a, b, 1)
			require.NoError(t, err)
			require.Equal(t, n < 50, c.Exact)
			p[i] = c.P
		}
		require.InDelta(t, p[0], p[1], 0.02, fmt.Sprint(different))
		require.Less(t, p[0], 0.15)
	}
}
