package harness

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/stats"
)

// Summary is the statistics of a cell, summary.json.
type Summary struct {
	Experiment  string               `json:"experiment"`
	Function    map[string]string    `json:"function"`  // platform, benchmark, runtime, arch, package, trigger
	Condition   map[string]string    `json:"condition"` // memory, size, mode, and what the experiment adds
	Concurrency int                  `json:"concurrency"`
	Attempts    int                  `json:"attempts"`    // invocations made
	Counted     int                  `json:"counted"`     // those that are part of the statistics
	WrongStart  int                  `json:"wrong_start"` // succeeded, but with a start that the mode does not count
	Uncounted   map[Uncounted]int    `json:"uncounted"`   // succeeded and are no part of the statistics, by why
	Cold        int                  `json:"cold"`        // succeeded with a cold start
	Starts      map[answer.Start]int `json:"starts"`      // succeeded, by how the call found its sandbox
	Checked     int                  `json:"checked"`     // outputs that were checked
	Failures    map[driver.Cause]int `json:"failures"`
	Stopped     string               `json:"stopped"` // why sampling ended
	MeasuredS   float64              `json:"measured_s"`
	Package     string               `json:"package_digest"`
	PackageSize int64                `json:"package_bytes"`
	Series      map[string]int       `json:"series,omitempty"`   // rows of each
	Warnings    []string             `json:"warnings,omitempty"` // what handlers measured and is no metric
	Metrics     []Metric             `json:"metrics"`

	cell *Cell
}

// Metric is the statistics of one quantity; its name ends in the unit.
type Metric struct {
	Name string `json:"name"`
	stats.Summary
}

// metric returns a metric by its name, nil if the cell has none.
func (s *Summary) metric(name string) *Metric {
	i := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Metrics[i]
}

// failed returns how many invocations failed.
func (s *Summary) failed() int {
	n := 0
	for _, failures := range s.Failures {
		n += failures
	}
	return n
}

// summary computes the cell's statistics.
func (c *Cell) summary() *Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &Summary{
		Experiment: c.experiment, Function: map[string]string{}, Condition: map[string]string{},
		Concurrency: c.k, Attempts: c.sample.attempts, Counted: c.sample.counted, WrongStart: c.sample.uncounted[WrongStart], Uncounted: c.sample.uncounted,
		Cold: c.sample.starts[answer.Cold], Starts: c.sample.starts, Checked: c.sample.checked, Failures: c.sample.failures,
		Stopped: c.sampler.stopped, MeasuredS: c.sampler.measured.Seconds(), Series: maps.Clone(c.rows), Metrics: []Metric{}, cell: c,
	}
	if c.fn.built != nil {
		s.Package, s.PackageSize = c.fn.built.Digest, c.fn.built.Size
	}
	for _, p := range c.fn.pairs() {
		s.Function[p.key] = p.value
	}
	for _, p := range c.cond.pairs() {
		s.Condition[p.key] = p.value
	}
	s.Warnings = c.sample.measured.warnings()
	ending := c.sampler.watch.End(c.sample.values[metricClient].batches())
	var summarizer stats.Summarizer
	for _, name := range c.sample.metrics() {
		metric := c.sample.values[name].sample(c.sample.scratch)
		metric.Ending, c.sample.scratch = ending, metric.Values
		m, err := summarizer.SummarizeInPlace(metric)
		if err != nil {
			m.Warnings = append(m.Warnings, err.Error())
		}
		s.Metrics = append(s.Metrics, Metric{name, m})
	}
	return s
}

// nextPlace returns the place of a cell in the order of plans.
func (r *run) nextPlace() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.places++
	return r.places
}

// repetition returns how often the experiment was begun before (-count).
func (r *run) repetition(experiment string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.repeated == nil {
		r.repeated = map[string]int{}
	}
	r.repeated[experiment]++
	return r.repeated[experiment] - 1
}

// addCell adds the summary of a cell in its place: cells do not end in the
// order of plans.
func (r *run) addCell(s *Summary) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, _ := slices.BinarySearchFunc(r.cells, s.cell.place, func(s *Summary, place int) int { return s.cell.place - place })
	r.cells = slices.Insert(r.cells, i, s)
}

// benchMetric is a value in the units of Go benchmarks.
type benchMetric struct {
	value float64
	unit  string
}

// p95Unit is the unit of the client's p95.
const p95Unit = "p95-ns"

// benchUnit turns a metric's name into a unit of the Go benchmark format, as
// benchstat scales them: ns and B.
func benchUnit(metric string) string {
	if metric == metricClient {
		return "ns/op"
	}
	name, unit := metric, ""
	if i := strings.LastIndexByte(metric, '_'); i >= 0 {
		name, unit = metric[:i], metric[i+1:]
	}
	switch unit {
	case "ns":
		return strings.ReplaceAll(name, "_", "-") + "-ns"
	case "bytes":
		return strings.ReplaceAll(name, "_", "-") + "-B"
	}
	return strings.ReplaceAll(metric, "_", "-")
}

// benchMetrics returns the medians of the cell's metrics, and the client's p95
// where the sample is large enough for it.
func (s *Summary) benchMetrics() []benchMetric {
	var all []benchMetric
	for _, m := range s.Metrics {
		all = append(all, benchMetric{m.Median.Value, benchUnit(m.Name)})
	}
	if client := s.metric(metricClient); client != nil {
		for _, q := range client.Quantiles {
			if q.P == 0.95 && q.Enough {
				all = append(all, benchMetric{q.Value, p95Unit})
			}
		}
	}
	return all
}

// writeBench writes bench.txt: the observations of the cell in the Go benchmark
// format, a line for each, with the metrics that every invocation has.
func (c *Cell) writeBench() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := slices.DeleteFunc(c.sample.metrics(), func(m string) bool {
		return c.sample.values[m].n != c.sample.counted
	})
	return streamFile(filepath.Join(c.dir, "bench.txt"), func(w *bufio.Writer) {
		units := make([]string, len(names))
		for i, m := range names {
			units[i] = benchUnit(m)
			fmt.Fprintf(w, "Unit %s better=lower\n", units[i])
		}
		// Nothing that differs from run to run: benchstat would not compare them.
		fmt.Fprintf(w, "concurrency: %d\n", c.k)
		name := "Benchmark" + shortName(c.experiment)
		for _, p := range append(c.fn.pairs(), c.cond.pairs()...) {
			name += "/" + p.key + "=" + p.value
		}
		columns := make([]func(i int) float64, len(names))
		for i, m := range names {
			columns[i] = c.sample.values[m].at // of a million there is no copy
			if c.sample.values[m].begins != nil {
				medians := c.sample.values[m].observations(c.sample.scratch)
				columns[i] = func(i int) float64 { return medians[i] }
			}
		}
		line := make([]byte, 0, 512)
		for i := range c.sample.values[metricClient].batches() {
			line = append(append(line[:0], name...), " 1"...)
			for j, value := range columns {
				line = strconv.AppendFloat(append(line, ' '), value(i), 'f', -1, 64)
				line = append(append(line, ' '), units[j]...)
			}
			w.Write(append(line, '\n')) // the writer keeps its first error until it is flushed
		}
	})
}

// writeBench writes the run's bench.txt: that of every cell, one after another,
// under a path that benchstat takes as it is (it reads a=b as a label and a
// path).
func (r *run) writeBench() error {
	var errs []error
	err := streamFile(filepath.Join(r.folder, "bench.txt"), func(w *bufio.Writer) {
		for _, s := range r.cells {
			f, err := os.Open(filepath.Join(s.cell.dir, "bench.txt"))
			if errors.Is(err, fs.ErrNotExist) {
				continue // its cell has failed and said why
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			_, err = io.Copy(w, f)
			errs = append(errs, err)
			f.Close()
		}
	})
	return errors.Join(append(errs, err)...)
}
