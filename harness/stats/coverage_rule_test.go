package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ended are populations of which samples are ended by the rule.
func ended() []population {
	return []population{
		normal("normal", 100, 10), logNormal("log-normal 0.05", 0.05), logNormal("log-normal 0.2", 0.2),
		logNormal("log-normal 0.5", 0.5), exponential, bimodal,
	}
}

// sampleUnder draws a sample until the rule or a bound of the values' sum, that
// of time, ends it. Sum 0 means none.
func sampleUnder(rule Rule, sum float64, draw func() float64) Sample {
	watch, total := rule.Watch(), 0.0
	var values []float64
	for !watch.Done(values) && (sum == 0 || total < sum) {
		v := draw()
		values, total = append(values, v), total+v
	}
	return Sample{Values: values, Ending: watch.End(len(values))}
}

// ruleCoverage is that of the median's interval when the Rule decides how large
// the sample is.
func ruleCoverage(t *testing.T) string {
	t.Helper()
	var page strings.Builder
	page.WriteString("\n## The median under the stopping rule\n\n" +
		"Sampling ends once the interval is within 5 % of the median, at looks fixed in advance, or at the bound: so many\n" +
		"values, or the time that 30 take on average. The level stated is that of the interval, on average. Of the samples\n" +
		"that ended because they were narrow, fewer are right where few of them did: those were narrow by luck.\n")
	page.WriteString(header("population", "bound", "level stated, mean", "right", "right where it was narrow", "narrow", "n, mean"))
	for i, p := range ended() {
		for _, bound := range []struct {
			name string
			most int
			sum  float64
		}{
			{"20", 20, 0},
			{"50", 50, 0},
			{"200", 200, 0},
			{"1000", 1000, 0},
			{"50, time", 50, 30 * p.mean},
			{"1000, time", 1000, 30 * p.mean},
		} {
			rule := Rule{Max: bound.most}
			truth := p.quantile(0.5)
			const level, right, narrow, rightNarrow, size = 0, 1, 2, 3, 4
			tries := repetitions(10_000)
			covered := simulate(tries, 5, uint64(1000*i+bound.most+int(bound.sum)), func(r *rand.Rand) func(tally) {
				return func(result tally) {
					s := sampleUnder(rule, bound.sum, func() float64 { return p.draw(r) })
					slices.Sort(s.Values)
					m := s.median(s.Values)
					result[level] += m.Interval.Level
					result[size] += float64(len(s.Values))
					result.count(right, m.Interval, truth)
					if m.Interval.Within(m.Value, 0.05) {
						result[narrow]++
						result.count(rightNarrow, m.Interval, truth)
					}
				}
			})
			conditional := "-"
			if covered[narrow]*float64(tries) >= 200 {
				conditional = percent(covered[rightNarrow] / covered[narrow])
			}
			requireWithin(t, covered[level], covered[right], 0.01, tries, fmt.Sprintf("%s, bound %s", p.name, bound.name))
			page.WriteString(row(p.name, bound.name, percent(covered[level]), percent(covered[right]), conditional,
				percent(covered[narrow]), strconv.FormatFloat(covered[size], 'f', 1, 64)))
		}
	}
	return page.String()
}

// othersCoverage is that of the other intervals when the median's decides how
// large the sample is.
func othersCoverage(t *testing.T) string {
	t.Helper()
	quantiles := []float64{0.25, 0.75, 0.9, 0.95}
	var page strings.Builder
	page.WriteString("\n## Other intervals under the stopping rule\n\n" +
		"The rule looks at the median alone. The levels of the quantiles, of samples that are large enough for them: stated,\n" +
		"on average, and real; and how often Student's interval of the mean is right.\n")
	page.WriteString(header("population", "bound", "p25", "p75", "p90", "p95", "mean"))
	for i, p := range ended() {
		for _, most := range []int{50, 200} {
			rule := Rule{Max: most}
			columns := 3*len(quantiles) + 1
			tries := repetitions(10_000)
			covered := simulate(tries, columns, uint64(1000*i+most), func(r *rand.Rand) func(tally) {
				return func(result tally) {
					s := sampleUnder(rule, 0, func() float64 { return p.draw(r) })
					summary, err := s.Summarize(quantiles...)
					if err != nil {
						t.Error(err)
					}
					for k, q := range summary.Quantiles {
						if q.Enough {
							result[3*k]++
							result[3*k+1] += q.Interval.Level
							result.count(3*k+2, q.Interval, p.quantile(q.P))
						}
					}
					result.count(columns-1, summary.Mean.Interval, p.mean)
				}
			})
			cells := []string{p.name, strconv.Itoa(most)}
			for k := range quantiles {
				if enough := covered[3*k]; enough*float64(tries) < 200 {
					cells = append(cells, "-")
				} else {
					cells = append(cells, percent(covered[3*k+1]/enough)+", "+percent(covered[3*k+2]/enough))
				}
			}
			page.WriteString(row(append(cells, percent(covered[columns-1]))...))
		}
	}
	return page.String()
}

// drawBatches returns a sample of batches of ten.
func drawBatches(r *rand.Rand, p batched, count int) Sample {
	s := Sample{Values: make([]float64, 10*count), Batches: make([]int, count)}
	for i := range count {
		s.Batches[i] = 10 * i
		p.draw(r, s.Values[10*i:10*(i+1)])
	}
	return s
}

// batchCoverage is that of the intervals of samples that were taken in batches.
func batchCoverage(t *testing.T) string {
	t.Helper()
	var page strings.Builder
	page.WriteString("\n## Batches\n\n" +
		"Batches of ten values with the given correlation, as of calls made at once. The median: the level stated and how\n" +
		"often it is right; how often it would be if the values were taken for independent. The mean and quantiles of the\n" +
		"values: how often the nominal intervals are right.\n")
	page.WriteString(header("population", "batches", "median", "if independent", "mean", "p25", "p75", "p90"))
	for i, p := range batches() {
		for _, count := range []int{10, 12, 20, 30, 50, 100} {
			quantiles := []float64{0.25, 0.75, 0.9}
			const level, right, naive, mean, first = 0, 1, 2, 3, 4
			tries := repetitions(10_000)
			enough := make([]bool, len(quantiles))
			independent := quantileRanks(10*count, 0.5, DefaultLevel)
			for k, q := range quantiles {
				enough[k] = count >= max(MinBatches, MinSize(q, DefaultLevel))
			}
			covered := simulate(tries, first+len(quantiles), uint64(1000*i+count), func(r *rand.Rand) func(tally) {
				return func(result tally) {
					s := drawBatches(r, p, count)
					summary, err := s.Summarize(quantiles...)
					if err != nil {
						t.Error(err)
					}
					result[level] += summary.Median.Interval.Level
					result.count(right, summary.Median.Interval, p.quantile(0.5))
					result.count(mean, summary.Mean.Interval, p.mean)
					for k, q := range summary.Quantiles {
						if q.Enough != enough[k] {
							t.Errorf("%d batches: p%v is enough: %v", count, q.P, q.Enough)
						}
						result.count(first+k, q.Interval, p.quantile(q.P))
					}
					slices.Sort(s.Values)
					result.count(naive, independent.interval(s.Values, DefaultLevel), p.quantile(0.5))
				}
			})
			requireWithin(t, covered[level], covered[right], 0.01, tries, fmt.Sprintf("%s, %d batches", p.name, count))
			cells := []string{p.name, strconv.Itoa(count), percent(covered[level]) + ", " + percent(covered[right]), percent(covered[naive]), percent(covered[mean])}
			for k := range quantiles {
				if enough[k] {
					cells = append(cells, percent(covered[first+k]))
				} else {
					cells = append(cells, "-")
				}
			}
			page.WriteString(row(cells...))
		}
	}
	return page.String()
}

// batchRuleCoverage is that of the median of batches when the Rule decides how
// many there are.
func batchRuleCoverage(t *testing.T) string {
	t.Helper()
	var page strings.Builder
	page.WriteString("\n## Batches under the stopping rule\n\nThe bound is that of values, of which a batch has ten.\n")
	page.WriteString(header("population", "bound", "level stated, mean", "right", "narrow", "batches, mean"))
	for i, p := range append(batches(),
		batched{"normal with 3 %, 0.3", correlated(0.3, func(z float64) float64 { return 100 + 3*z }), normal("", 100, 3).quantile, 100},
		batched{"normal with 5 %, 0.7", correlated(0.7, func(z float64) float64 { return 100 + 5*z }), normal("", 100, 5).quantile, 100},
	) {
		for _, most := range []int{100, 200, 500, 1000} {
			const level, right, narrow, count = 0, 1, 2, 3
			tries := repetitions(10_000)
			covered := simulate(tries, 4, uint64(1000*i+most), func(r *rand.Rand) func(tally) {
				batch := make([]float64, 10)
				return func(result tally) {
					s := sampleUnder(Rule{Max: most / 10}, 0, func() float64 {
						p.draw(r, batch)
						return Sample{Values: batch, Batches: []int{0}}.Observations()[0]
					})
					slices.Sort(s.Values)
					m := s.median(s.Values)
					result[level] += m.Interval.Level
					result.count(right, m.Interval, p.quantile(0.5))
					if m.Interval.Within(m.Value, 0.05) {
						result[narrow]++
					}
					result[count] += float64(len(s.Values))
				}
			})
			requireWithin(t, covered[level], covered[right], 0.01, tries, fmt.Sprintf("%s, bound %d", p.name, most))
			page.WriteString(row(p.name, strconv.Itoa(most), percent(covered[level]), percent(covered[right]),
				percent(covered[narrow]), strconv.FormatFloat(covered[count], 'f', 1, 64)))
		}
	}
	return page.String()
}

// sameCoverage is how often two samples of one population are found to differ.
func sameCoverage(t *testing.T) string {
	t.Helper()
	sizes := []int{5, 6, 7, 8, 10, 15, 20, 30, 50, 100, 200}
	rounded := func(p population, name string, to float64) population {
		draw := p.draw
		return population{name: name, draw: func(r *rand.Rand) float64 { return float64(int(draw(r)/to+1e6)) * to }}
	}
	of := func(part float64) population {
		return population{name: fmt.Sprintf("two values, %v of one", part), draw: func(r *rand.Rand) float64 {
			if r.Float64() < part {
				return 2
			}
			return 1
		}}
	}
	var page strings.Builder
	page.WriteString("\n## Two samples of one population\n\n" +
		"How often the U test gives them a p-value below 0.05. That of exact tests is below 5 where few p-values are\n" +
		"possible, as of five values each: 2/252, 4/252, 8/252, then 14/252, which is more than 0.05. A sample under the\n" +
		"rule has as many values as it wants up to the number given; batches are of ten values with a correlation of 0.5.\n")
	names := []string{"population"}
	for i, n := range sizes {
		names = append(names, map[bool]string{true: "n = "}[i == 0]+strconv.Itoa(n))
	}
	page.WriteString(header(names...))
	draw := func(p population) func(*rand.Rand, int) []float64 {
		return func(r *rand.Rand, n int) []float64 {
			values := make([]float64, n)
			p.fill(r, values)
			return values
		}
	}
	sampled := func(p population) func(*rand.Rand, int) []float64 {
		return func(r *rand.Rand, n int) []float64 {
			values := sampleUnder(Rule{Max: n}, 0, func() float64 { return p.draw(r) }).Values
			slices.Sort(values)
			return values
		}
	}
	fifty := batched{draw: correlated(0.5, func(z float64) float64 { return 100 + 10*z })}
	for i, p := range []struct {
		name string
		draw func(r *rand.Rand, n int) []float64 // n observations, sorted
		ties bool
	}{
		{"normal", draw(normal("", 100, 10)), false},
		{"log-normal 0.5", draw(logNormal("", 0.5)), false},
		{"normal, rounded to half a deviation", draw(rounded(normal("", 100, 10), "", 5)), true},
		{"normal, rounded to a deviation", draw(rounded(normal("", 100, 10), "", 10)), true},
		{"normal, rounded to two deviations", draw(rounded(normal("", 100, 10), "", 20)), true},
		{"two values, a third of one", draw(of(1. / 3)), true},
		{"two values, a twentieth of one", draw(of(0.05)), true},
		{"normal, under the rule", sampled(normal("", 100, 10)), false},
		{"log-normal 0.2, under the rule", sampled(logNormal("", 0.2)), false},
		{"batches", func(r *rand.Rand, n int) []float64 {
			medians := drawBatches(r, fifty, n).Observations()
			slices.Sort(medians)
			return medians
		}, false},
	} {
		cells := []string{p.name}
		for _, n := range sizes {
			tries := repetitions(20_000)
			if p.ties && n > 10 {
				tries = repetitions(4_000) // exact tests with many ties take milliseconds
			}
			below := simulate(tries, 1, uint64(1000*i+n), func(r *rand.Rand) func(tally) {
				known := map[[2]int][]float64{} // mannWhitney makes a distribution anew each time
				return func(result tally) {
					if testedP(known, p.draw(r, n), p.draw(r, n)) < 0.05 {
						result[0]++
					}
				}
			})
			least := 0.0
			if !p.ties {
				least = attainable(n) - 0.01
			}
			slack := 0.0
			if tries < 20_000 {
				slack = 4 * math.Sqrt(0.05*0.95/float64(tries))
			}
			what := fmt.Sprintf("%s, n=%d", p.name, n)
			require.LessOrEqual(t, below[0], 0.06+slack, what)
			require.GreaterOrEqual(t, below[0], least-slack, what)
			cells = append(cells, percent(below[0]))
		}
		page.WriteString(row(cells...))
	}
	return page.String()
}

// testedP is mannWhitney with the distributions that are known.
func testedP(known map[[2]int][]float64, a, b []float64) float64 {
	u, groups := uStatistic(a, b)
	sizes := [2]int{len(a), len(b)}
	if pairs := len(a) * len(b); exactly(len(a), len(b)) && len(groups) == len(a)+len(b) {
		if known[sizes] == nil {
			known[sizes] = uDistribution(len(a), len(b))
		}
		return min(1, 2*known[sizes][int(min(u, float64(pairs)-u))])
	}
	p, _ := mannWhitney(a, b)
	return p
}

// attainable returns the largest p-value below 0.05 of two samples of n values
// without ties.
func attainable(n int) float64 {
	if !exactly(n, n) {
		return 0.05
	}
	p := 0.0
	for _, part := range uDistribution(n, n) {
		if 2*part >= 0.05 {
			break
		}
		p = 2 * part
	}
	return p
}
