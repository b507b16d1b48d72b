package stats

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

var (
	update = flag.Bool("update", false, "write coverage.md from the simulations, which takes minutes")
	full   = flag.Bool("full", false, "compare coverage.md with simulations as long as those that it was written from")
)

// repetitions is how many samples something is tried on: with -full or -update
// so many that half a point is 3 standard errors of the simulated coverage where
// an interval is exact, otherwise a twentieth, with tolerances to match.
func repetitions(whole int) int {
	switch {
	case raceDetector || testing.Short():
		return whole / 40
	case quick():
		return whole / 20
	}
	return whole
}

func quick() bool { return raceDetector || testing.Short() || !*full && !*update }

// requireCovers checks that an exact interval's real coverage is within half a
// point of the level that it states.
func requireCovers(t *testing.T, level, real float64, tries int, what string) {
	t.Helper()
	requireWithin(t, level, real, 0.005, tries, what)
}

// requireWithin checks a simulated part against what it should be, with what
// the number of tries can tell apart.
func requireWithin(t *testing.T, want, real, tolerance float64, tries int, what string) {
	t.Helper()
	if quick() {
		tolerance += 3 * math.Sqrt(want*(1-want)/float64(tries))
	}
	require.InDelta(t, want, real, tolerance, what)
}

// TestCoverage simulates how often each interval contains the true value. It
// holds the exact ones to the level that they state, and all of them to what
// coverage.md publishes, which "go test -run Coverage -update" writes.
func TestCoverage(t *testing.T) {
	var page strings.Builder
	page.WriteString(coverageHead)
	for _, section := range []func(*testing.T) string{
		exactCoverage, studentCoverage, ruleCoverage, othersCoverage, batchCoverage, batchRuleCoverage,
		shiftCoverage, ratioCoverage, pairsCoverage, sameCoverage,
	} {
		page.WriteString(section(t))
	}
	if *update {
		require.False(t, quick(), "write coverage.md from a full run: neither -short nor -race")
		require.NoError(t, os.WriteFile("coverage.md", []byte(page.String()), 0o644))
	}
	golden, err := os.ReadFile("coverage.md")
	require.NoError(t, err)
	requireSame(t, string(golden), page.String())
}

// figure is a number of the page, or the dash where there is none.
var figure = regexp.MustCompile(`\b\d+\.\d+\b| - `)

// requireSame compares two pages: the text exactly, and the figures with the
// tolerance that rounding on another architecture, or fewer repetitions, need.
func requireSame(t *testing.T, want, got string) {
	t.Helper()
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	require.Len(t, gotLines, len(wantLines), "lines of coverage.md")
	for i, line := range wantLines {
		if quick() && strings.Count(line, " - ") != strings.Count(gotLines[i], " - ") {
			continue // too few samples for a figure that is conditional
		}
		require.Equal(t, text(line), text(gotLines[i]), "line %d of coverage.md", i+1)
		simulated := figure.FindAllString(gotLines[i], -1)
		for k, published := range figure.FindAllString(line, -1) {
			require.InDelta(t, value(t, published), value(t, simulated[k]), tolerance(t, published),
				"figure %d of line %d of coverage.md: %s", k+1, i+1, line)
		}
	}
}

// text returns a line with a mark in place of each figure.
func text(line string) string {
	return figure.ReplaceAllString(strings.ReplaceAll(line, " - ", " 0.0 "), "#")
}

// value returns a figure's value, -1 for a dash.
func value(t *testing.T, figure string) float64 {
	t.Helper()
	if figure == " - " {
		return -1
	}
	v, err := strconv.ParseFloat(figure, 64)
	require.NoError(t, err)
	return v
}

func tolerance(t *testing.T, figure string) float64 {
	t.Helper()
	if quick() {
		return 6 + 0.1*value(t, figure)
	}
	return 0.25
}

const coverageHead = `# How often the intervals are right

Made by ` + "`go test -run Coverage -update ./harness/stats`" + `; with ` + "`-full`" + ` in its place it is compared, and in an ordinary run
with a twentieth of the samples. Each figure is the percentage of simulated samples whose interval contains the true value.
What is asked for is 95 %. The populations: normal with a standard deviation of
10 % of the mean; log-normal with that of the logarithm given; exponential; bimodal, of which a fifth is three times as
slow; Pareto, whose tail is so heavy that its variance is barely finite. The simulation's own standard error is 0.1 to
0.2 points where an interval is exact and up to 0.5 elsewhere. Its bootstraps have 399 resamples, where the package's
have 9999.
`

// row is a line of a Markdown table.
func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// header is the first two lines of one.
func header(cells ...string) string {
	rules := make([]string, len(cells))
	for i := range rules {
		rules[i] = "---"
	}
	return "\n" + row(cells...) + row(rules...)
}

func percent(part float64) string { return strconv.FormatFloat(100*part, 'f', 1, 64) }

func exactCoverage(t *testing.T) string {
	t.Helper()
	quantiles := []float64{0.5, 0.25, 0.75, 0.9, 0.95, 0.99}
	var page strings.Builder
	page.WriteString("\n## Exact intervals: median and quantiles\n\n" +
		"The level that the interval states, and how often it is right. A dash: the sample is too small for an interval.\n")
	page.WriteString(header("population", "n", "median", "p25", "p75", "p90", "p95", "p99"))
	for i, p := range []population{normal("normal", 100, 10), logNormal("log-normal 0.5", 0.5), exponential, bimodal} {
		for _, n := range []int{10, 20, 50, 100, 300, 1000} {
			tries := repetitions(40_000)
			if n >= 300 {
				tries = repetitions(20_000)
			}
			intervals, truths := make([]ranks, len(quantiles)), make([]float64, len(quantiles))
			for k, q := range quantiles {
				intervals[k], truths[k] = quantileRanks(n, q, DefaultLevel), p.quantile(q)
			}
			covered := simulate(tries, len(quantiles), uint64(1000*i+n), func(r *rand.Rand) func(tally) {
				values := make([]float64, n)
				return func(result tally) {
					p.fill(r, values)
					for k := range quantiles {
						result.count(k, intervals[k].interval(values, DefaultLevel), truths[k])
					}
				}
			})
			cells := []string{p.name, strconv.Itoa(n)}
			for k, q := range quantiles {
				if intervals[k].level == 0 {
					cells = append(cells, "-")
					continue
				}
				requireCovers(t, intervals[k].level, covered[k], tries, fmt.Sprintf("%s n=%d %s", p.name, n, quantileName(q)))
				cells = append(cells, percent(intervals[k].level)+", "+percent(covered[k]))
			}
			page.WriteString(row(cells...))
		}
	}
	return page.String()
}

func studentCoverage(t *testing.T) string {
	t.Helper()
	sizes := []int{10, 20, 50, 100, 300, 1000}
	var page strings.Builder
	page.WriteString("\n## Student's interval of the mean\n\nExact for normal values only; skewed samples miss the mean on its high side.\n")
	page.WriteString(header("population", "n = 10", "20", "50", "100", "300", "1000"))
	for i, p := range []population{normal("normal", 100, 10), logNormal("log-normal 0.5", 0.5), logNormal("log-normal 1", 1), exponential, bimodal, pareto} {
		cells := []string{p.name}
		for _, n := range sizes {
			tries := repetitions(10_000)
			if p.name == "normal" {
				tries = repetitions(40_000)
			}
			factor := studentFactor(n, DefaultLevel)
			covered := simulate(tries, 1, uint64(1000*i+n), func(r *rand.Rand) func(tally) {
				values := make([]float64, n)
				return func(result tally) {
					for k := range values {
						values[k] = p.draw(r)
					}
					mean, sd := stat.MeanStdDev(values, nil)
					result.count(0, Interval{Low: mean - factor*sd, High: mean + factor*sd}, p.mean)
				}
			})
			if p.name == "normal" {
				requireCovers(t, DefaultLevel, covered[0], tries, fmt.Sprintf("Student's t, n=%d", n))
			}
			cells = append(cells, percent(covered[0]))
		}
		page.WriteString(row(cells...))
	}
	return page.String()
}
