package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// shiftCoverage is that of the Hodges-Lehmann shift between two samples whose
// populations differ by one.
func shiftCoverage(t *testing.T) string {
	t.Helper()
	sizes := []int{10, 30, 60, 200}
	var page strings.Builder
	page.WriteString("\n## The shift between two samples\n\n" +
		"Hodges-Lehmann, n values each: the level stated, and how often the interval is right. Exact below 50 values.\n")
	page.WriteString(header("population", "n = 10", "30", "60", "200"))
	for i, p := range []population{normal("normal", 100, 10), logNormal("log-normal 0.5", 0.5), bimodal} {
		cells := []string{p.name}
		for _, n := range sizes {
			tries := repetitions(20_000)
			if n >= exactBelow {
				tries = repetitions(4_000)
			}
			k := shiftRanks(n, n, DefaultLevel)
			covered := simulate(tries, 1, uint64(1000*i+n), func(r *rand.Rand) func(tally) {
				a, b := make([]float64, n), make([]float64, n)
				return func(result tally) {
					p.fill(r, a)
					p.fill(r, b)
					for i := range b {
						b[i] += 5
					}
					result.count(0, Interval{Low: difference(a, b, k.low), High: difference(a, b, k.high)}, 5)
				}
			})
			if n < exactBelow {
				requireCovers(t, k.level, covered[0], tries, fmt.Sprintf("shift, %s n=%d", p.name, n))
			}
			cells = append(cells, percent(k.level)+", "+percent(covered[0]))
		}
		page.WriteString(row(cells...))
	}
	return page.String()
}

// resamples is how many the simulated bootstraps have: fewer than the real
// ones, which costs a little of their coverage.
const resamples = 399

// ratioCoverage is that of the ratio of medians of two independent samples,
// the second from a population 1.2 times as large.
func ratioCoverage(*testing.T) string {
	sizes := []int{10, 30, 100, 1000}
	var page strings.Builder
	page.WriteString("\n## The ratio of medians of two samples\n\nPercentile bootstrap, n values each.\n")
	page.WriteString(header("population", "n = 10", "30", "100", "1000"))
	for i, p := range []population{logNormal("log-normal 0.1", 0.1), logNormal("log-normal 0.5", 0.5), exponential, bimodal, pareto} {
		cells := []string{p.name}
		for _, n := range sizes {
			tries := repetitions(4_000)
			covered := simulate(tries, 1, uint64(1000*i+n), func(r *rand.Rand) func(tally) {
				a, b := make([]float64, n), make([]float64, n)
				ofA, ofB := resampledMiddles(n, resamples, r), resampledMiddles(n, resamples, r)
				return func(result tally) {
					p.fill(r, a)
					p.fill(r, b)
					for i := range b {
						b[i] *= 1.2
					}
					result.count(0, ratioInterval(a, b, ofA, ofB, DefaultLevel), 1.2)
				}
			})
			cells = append(cells, percent(covered[0]))
		}
		page.WriteString(row(cells...))
	}
	return page.String()
}

// pairsCoverage is that of the ratio of medians of pairs that share a
// disturbance, on top of which each of the two varies by 5 %.
func pairsCoverage(*testing.T) string {
	sizes := []int{10, 30, 100}
	var page strings.Builder
	page.WriteString("\n## The ratio of medians of pairs\n\n" +
		"Percentile bootstrap over n pairs. Both values of a pair share what disturbs them; each also varies by itself, by 5 %.\n")
	page.WriteString(header("disturbance", "n = 10", "30", "100"))
	for i, p := range []population{logNormal("log-normal 0.1", 0.1), logNormal("log-normal 0.5", 0.5), bimodal} {
		cells := []string{p.name}
		for _, n := range sizes {
			tries := repetitions(2_000)
			covered := simulate(tries, 1, uint64(1000*i+n), func(r *rand.Rand) func(tally) {
				a, b := make([]float64, n), make([]float64, n)
				return func(result tally) {
					for i := range a {
						disturbance := p.draw(r)
						a[i] = disturbance * math.Exp(0.05*r.NormFloat64())
						b[i] = disturbance * math.Exp(0.05*r.NormFloat64()) * 1.2
					}
					ratios, _ := resamplePairs(rankedBy(a), rankedBy(b), resamples, r)
					result.count(0, percentile(ratios, n, DefaultLevel), 1.2)
				}
			})
			cells = append(cells, percent(covered[0]))
		}
		page.WriteString(row(cells...))
	}
	return page.String()
}

func TestSimulationDoesNotDependOnTheMachine(t *testing.T) {
	trial := func(r *rand.Rand) func(tally) {
		return func(result tally) { result[0] += r.Float64() }
	}
	first := simulate(1000, 1, 1, trial)
	if again := simulate(1000, 1, 1, trial); !slices.Equal(first, again) {
		t.Errorf("simulate gave %v, then %v", first, again)
	}
}
