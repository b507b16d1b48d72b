package results

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/stats"
)

// statisticsFile is the file of a cell's statistics.
const statisticsFile = "summary.json"

var _ = addCellOutput(statisticsFile, writeSummary)

// Summary is the statistics of a cell, summary.json.
type Summary struct {
	Experiment   string               `json:"experiment"`
	Function     map[string]string    `json:"function"`  // platform, benchmark, runtime, arch, package, trigger
	Condition    map[string]string    `json:"condition"` // memory, size, mode, and what the experiment adds
	Concurrency  int                  `json:"concurrency"`
	Attempts     int                  `json:"attempts"`    // invocations made
	Counted      int                  `json:"counted"`     // those that are part of the statistics
	WrongStart   int                  `json:"wrong_start"` // succeeded, but with a start that the mode does not count
	Uncounted    map[Uncounted]int    `json:"uncounted"`   // succeeded and are no part of the statistics, by why
	Cold         int                  `json:"cold"`        // succeeded with a cold start
	Starts       map[answer.Start]int `json:"starts"`      // succeeded, by how the call found its sandbox
	Checked      int                  `json:"checked"`     // outputs that were checked
	Failures     map[driver.Cause]int `json:"failures"`
	Stopped      string               `json:"stopped"` // why sampling ended
	MeasuredS    float64              `json:"measured_s"`
	Package      string               `json:"package_digest"`
	PackageSize  int64                `json:"package_bytes"`
	Series       map[string]int       `json:"series,omitempty"`        // rows of each
	UsageMissing int                  `json:"usage_missing,omitempty"` // succeeded, and the platform did not tell their usage as it did of others
	Warnings     []string             `json:"warnings,omitempty"`      // what handlers measured and is no metric
	Metrics      []Metric             `json:"metrics"`

	examples map[driver.Cause]string // the first failure's detail
	end      End
	cell     *Cell
}

// Metric is the statistics of one quantity; its name ends in the unit.
type Metric struct {
	Name string `json:"name"`
	stats.Summary
}

// Metric returns a metric by its name, which is ClientTime or another constant of
// this package, or what a handler measures. Of one that the cell does not have, N is 0,
// all else is not a number, so that no comparison with it is true, and Warnings
// say which there are.
func (s *Summary) Metric(name string) Metric {
	if m := s.metric(name); m != nil {
		return *m
	}
	nan := math.NaN()
	missing := stats.Estimate{Value: nan, Interval: stats.Interval{Low: nan, High: nan}}
	have := make([]string, len(s.Metrics))
	for i, m := range s.Metrics {
		have[i] = m.Name
	}
	return Metric{name, stats.Summary{
		Mean: missing, Median: missing, SD: nan, CV: nan, Min: nan, Max: nan,
		Warnings: []string{fmt.Sprintf("no metric %q; there are: %s", name, strings.Join(have, ", "))},
	}}
}

// metric returns a metric by its name, nil if the cell has none.
func (s *Summary) metric(name string) *Metric {
	i := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Metrics[i]
}

// Clone returns a copy that shares nothing with the summary that its user could
// change.
func (s *Summary) Clone() *Summary {
	c := *s
	c.Function, c.Condition = maps.Clone(s.Function), maps.Clone(s.Condition)
	c.Uncounted, c.Starts, c.Failures = maps.Clone(s.Uncounted), maps.Clone(s.Starts), maps.Clone(s.Failures)
	c.Series, c.Warnings, c.Metrics = maps.Clone(s.Series), slices.Clone(s.Warnings), slices.Clone(s.Metrics)
	for i := range c.Metrics {
		m := &c.Metrics[i]
		m.Quantiles, m.Warnings = slices.Clone(m.Quantiles), slices.Clone(m.Warnings)
	}
	return &c
}

// Failed returns how many invocations failed.
func (s *Summary) Failed() int {
	n := 0
	for _, failures := range s.Failures {
		n += failures
	}
	return n
}

// neverEnded is why sampling ended in a cell that did not end.
const neverEnded = "the cell has not ended: it is being measured, or its run was killed"

// Summary computes the statistics of the cell.
func (c *Cell) Summary() (*Summary, error) {
	v, err := c.values()
	if err != nil {
		return nil, err
	}
	return c.summary(v)
}

func (c *Cell) summary(v *values) (*Summary, error) {
	rows, err := c.rows()
	if err != nil {
		return nil, err
	}
	t, end := &v.tally, c.end(v)
	s := &Summary{
		Experiment: c.Experiment, Function: c.Function.values(), Condition: c.Condition.values(),
		Concurrency: c.header.Concurrency, Attempts: t.Attempts, Counted: t.Counted, WrongStart: t.Uncounted[WrongStart], Uncounted: t.Uncounted,
		Cold: t.Starts[answer.Cold], Starts: t.Starts, Checked: t.Checked, Failures: t.Failures,
		Stopped: end.Stopped, MeasuredS: end.MeasuredS, Package: c.header.Package, PackageSize: c.header.PackageSize,
		Series: rows, Warnings: v.measured.warnings(), Metrics: []Metric{}, examples: t.Examples, end: end, cell: c,
	}
	if v.used > 0 || c.header.Metered {
		s.UsageMissing = t.OK - v.used
	}
	ending := c.ending(v)
	var summarizer stats.Summarizer
	var scratch []float64 // memory to work in, which a million numbers need once
	for _, name := range v.metrics() {
		sample := v.columns[name].sample(scratch)
		sample.Ending, scratch = ending, sample.Values
		m, err := summarizer.SummarizeInPlace(sample)
		if err != nil {
			m.Warnings = append(m.Warnings, err.Error())
		}
		s.Metrics = append(s.Metrics, Metric{name, m})
	}
	return s, nil
}

// end returns how the cell ended. Of one that did not, the records say how long
// its calls were under way.
func (c *Cell) end(v *values) End {
	if c.header.End != nil {
		return *c.header.End
	}
	return End{Stopped: neverEnded, Told: true, MeasuredS: v.busy.total().Seconds()}
}

// rule is the rule that decided when the cell had enough.
func rule(h *Header) stats.Rule {
	k := max(1, h.Concurrency)
	return stats.Rule{Max: (h.Samples + k - 1) / k}
}

// ending says how sampling ended, which decides the interval of the median. Of a
// cell that did not end it supposes that the rule looked whenever it could.
func (c *Cell) ending(v *values) stats.Ending {
	n := v.columns[ClientTime].Batches()
	if c.header.Samples == 0 {
		return stats.Ending{}
	}
	r := rule(&c.header)
	looks := r.Looks()
	if c.header.End != nil {
		looks = c.header.End.Looks
	}
	return r.Ending(looks, n)
}

func writeSummary(w *bufio.Writer, _ *Cell, _ *values, s *Summary) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s of %s: %w", statisticsFile, s.cell.Path, err)
	}
	w.Write(append(data, '\n')) // the writer keeps its error
	return nil
}
