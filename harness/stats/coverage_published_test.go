package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ruleCoverage is that of the median's interval when the Rule decides how large
// the sample is.
func ruleCoverage(t *testing.T) string {
	var page strings.Builder
	page.WriteString("\n## The median under the stopping rule\n\n" +
		"Sampling ends once the interval is within 5 % of the median, at looks fixed in advance, or at the bound.\n")
	page.WriteString(header("population", "bound", "level stated, mean", "right", "right where it was narrow", "narrow", "n, mean"))
	for i, p := range []population{
		normal("normal", 100, 10), logNormal("log-normal 0.05", 0.05), logNormal("log-normal 0.2", 0.2),
		logNormal("log-normal 0.5", 0.5), exponential, bimodal,
	} {
		for _, most := range []int{50, 200, 1000} {
			rule := Rule{Max: most}
			truth := p.quantile(0.5)
			const level, right, narrow, rightNarrow, size = 0, 1, 2, 3, 4
			tries := repetitions(10_000)
			if most == 1000 {
				tries = repetitions(4_000)
			}
			real := simulate(tries, 5, uint64(1000*i+most), func() func(*rand.Rand, tally) {
				return func(r *rand.Rand, result tally) {
					watch, values := rule.Watch(), make([]float64, 0, most)
					for !watch.Done(values) {
						values = append(values, p.draw(r))
					}
					median, err := Median(values, DefaultLevel)
					if err != nil {
						t.Error(err)
					}
					result[level] += median.Interval.Level
					result[size] += float64(len(values))
					result.count(right, median.Interval, truth)
					if median.Interval.Within(median.Value, 0.05) {
						result[narrow]++
						result.count(rightNarrow, median.Interval, truth)
					}
				}
			})
			conditional := "-"
			if real[narrow] > 0.02 {
				conditional = percent(real[rightNarrow] / real[narrow])
			}
			page.WriteString(row(p.name, strconv.Itoa(most), percent(real[level]), percent(real[right]), conditional,
				percent(real[narrow]), strconv.FormatFloat(real[size], 'f', 1, 64)))
		}
	}
	return page.String()
}

// shiftCoverage is that of the Hodges-Lehmann shift between two samples whose
// populations differ by one.
func shiftCoverage(t *testing.T) string {
	sizes := []int{10, 30, 60, 200}
	var page strings.Builder
	page.WriteString("\n## The shift between two samples\n\n" +
		"Hodges-Lehmann, n values each: the level stated, and how often the interval is right. Exact below 50 values.\n")
	page.WriteString(header("population", "n = 10", "30", "60", "200"))
	for i, p := range []population{normal("normal", 100, 10), logNormal("log-normal 0.5", 0.5), bimodal} {
		cells := []string{p.name}
		for _, n := range sizes {
			tries := repetitions(20_000)
			if n == 200 {
				tries = repetitions(10_000)
			}
			k := shiftRanks(n, n, DefaultLevel)
			real := simulate(tries, 1, uint64(1000*i+n), func() func(*rand.Rand, tally) {
				a, b := make([]float64, n), make([]float64, n)
				return func(r *rand.Rand, result tally) {
					p.fill(r, a)
					p.fill(r, b)
					for i := range b {
						b[i] += 5
					}
					result.count(0, Interval{Low: difference(a, b, k.low), High: difference(a, b, k.high)}, 5)
				}
			})
			if n < exactBelow {
				requireCovers(t, k.level, real[0], tries, fmt.Sprintf("shift, %s n=%d", p.name, n))
			}
			cells = append(cells, percent(k.level)+", "+percent(real[0]))
		}
		page.WriteString(row(cells...))
	}
	return page.String()
}

// resamples is how many the simulated bootstraps have: fewer than the real
// ones, which costs a little of their coverage.
const resamples = 999

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
			tries := repetitions(10_000)
			if n == 1000 {
				tries = repetitions(4_000)
			}
			source := rand.NewPCG(1, uint64(n))
			ofA, ofB := resampledMiddles(n, resamples, source), resampledMiddles(n, resamples, source)
			real := simulate(tries, 1, uint64(1000*i+n), func() func(*rand.Rand, tally) {
				a, b := make([]float64, n), make([]float64, n)
				return func(r *rand.Rand, result tally) {
					p.fill(r, a)
					p.fill(r, b)
					for i := range b {
						b[i] *= 1.2
					}
					result.count(0, ratioInterval(a, b, ofA, ofB, DefaultLevel), 1.2)
				}
			})
			cells = append(cells, percent(real[0]))
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
			tries := repetitions(4_000)
			real := simulate(tries, 1, uint64(1000*i+n), func() func(*rand.Rand, tally) {
				a, b := make([]float64, n), make([]float64, n)
				return func(r *rand.Rand, result tally) {
					for i := range a {
						disturbance := p.draw(r)
						a[i] = disturbance * math.Exp(0.05*r.NormFloat64())
						b[i] = disturbance * math.Exp(0.05*r.NormFloat64()) * 1.2
					}
					ratios, _ := resamplePairs(rankedBy(a), rankedBy(b), resamples, r)
					result.count(0, percentile(ratios, n, DefaultLevel), 1.2)
				}
			})
			cells = append(cells, percent(real[0]))
		}
		page.WriteString(row(cells...))
	}
	return page.String()
}

func TestSimulationDoesNotDependOnTheMachine(t *testing.T) {
	trial := func() func(*rand.Rand, tally) {
		return func(r *rand.Rand, result tally) { result[0] += r.Float64() }
	}
	first := simulate(1000, 1, 1, trial)
	if again := simulate(1000, 1, 1, trial); !slices.Equal(first, again) {
		t.Errorf("simulate gave %v, then %v", first, again)
	}
}
