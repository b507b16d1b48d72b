package results

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// benchFile is the file of the samples in the format of Go benchmarks, of a cell
// and of a run.
const benchFile = "bench.txt"

var _ = addCellOutput(benchFile, writeBench) && addRunOutput(benchFile, writeRunBench)

// BenchMetric is a value in the units of Go benchmarks.
type BenchMetric struct {
	Value float64
	Unit  string
}

// p95Unit is the unit of the client's p95.
const p95Unit = "p95-ns"

// benchUnit turns a metric's name into a unit of the Go benchmark format, as
// benchstat scales them: ns and B.
func benchUnit(metric string) string {
	if metric == ClientTime {
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

// BenchMetrics returns the medians of the cell's metrics, and the client's p95
// where the sample is large enough for it.
func (s *Summary) BenchMetrics() []BenchMetric {
	var all []BenchMetric
	for _, m := range s.Metrics {
		all = append(all, BenchMetric{m.Median.Value, benchUnit(m.Name)})
	}
	if client := s.metric(ClientTime); client != nil {
		for _, q := range client.Quantiles {
			if q.P == 0.95 && q.Enough {
				all = append(all, BenchMetric{q.Value, p95Unit})
			}
		}
	}
	return all
}

// benchName is the cell's name in bench.txt.
func (c *Cell) benchName() string {
	name := "Benchmark" + ShortName(c.Experiment)
	for _, p := range slices.Concat(c.Function, c.Condition) {
		name += "/" + p.Key + "=" + p.Value
	}
	return name
}

// writeBench writes the observations of a cell in the Go benchmark format, a
// line for each, with the metrics that every invocation has.
func writeBench(w *bufio.Writer, c *Cell, v *values, _ *Summary) error {
	names := slices.DeleteFunc(v.metrics(), func(m string) bool { return v.columns[m].n != v.tally.Counted })
	units := make([]string, len(names))
	for i, m := range names {
		units[i] = benchUnit(m)
		fmt.Fprintf(w, "Unit %s better=lower\n", units[i])
	}
	// Nothing that differs from run to run: benchstat would not compare them.
	fmt.Fprintf(w, "concurrency: %d\n", c.header.Concurrency)
	columns := make([]func(i int) float64, len(names))
	for i, m := range names {
		columns[i] = v.columns[m].at // of a million there is no copy
		if v.columns[m].begins != nil {
			medians := v.columns[m].Observations(nil)
			columns[i] = func(i int) float64 { return medians[i] }
		}
	}
	name := c.benchName()
	line := make([]byte, 0, 512)
	for i := range v.columns[ClientTime].Batches() {
		line = append(append(line[:0], name...), " 1"...)
		for j, value := range columns {
			line = strconv.AppendFloat(append(line, ' '), value(i), 'f', -1, 64)
			line = append(append(line, ' '), units[j]...)
		}
		w.Write(append(line, '\n')) // the writer keeps its first error until it is flushed
	}
	return nil
}

// writeRunBench writes the run's bench.txt: that of every cell, one after
// another, under a path that benchstat takes as it is (it reads a=b as a label
// and a path).
func writeRunBench(w *bufio.Writer, fsys fs.FS, _ *Manifest, cells []*Summary) error {
	var errs []error
	for _, s := range cells {
		f, err := fsys.Open(path.Join(s.cell.Path, benchFile))
		if errors.Is(err, fs.ErrNotExist) {
			continue // its cell has failed and said why
		}
		if err == nil {
			_, err = io.Copy(w, f)
			f.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
