package results

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/harness/stats"
)

// oldHeader returns what format 1 had in summary.json alone, or of a cell that
// was killed, what its run's parameters say.
func (c *Cell) oldHeader(m *Manifest) (Header, error) {
	h := Header{Concurrency: oldConcurrency(m, c.Condition.Value("mode"))}
	h.Samples = oldSamples(m, h.Concurrency)
	name := path.Join(c.Path, statisticsFile)
	data, err := fs.ReadFile(c.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	var s Summary
	if err := json.Unmarshal(data, &s); err != nil {
		return h, fmt.Errorf("%s: %w: it is damaged: delete it, and what its records do not say is left out", name, err)
	}
	if s.Stopped == neverEnded { // of a report
		return h, nil
	}
	h.Concurrency, h.Package, h.PackageSize = s.Concurrency, s.Package, s.PackageSize
	h.Samples = oldSamples(m, h.Concurrency)
	h.End = &End{Stopped: s.Stopped, MeasuredS: s.MeasuredS, Looks: rule(&h).Looks()}
	h.End.Stuck = strings.Contains(s.Stopped, " failed the same way: ")
	h.End.Told = h.End.Stuck && s.Counted > 0 || strings.Contains(s.Stopped, " were wanted, ") || strings.HasPrefix(s.Stopped, "the body ")
	return h, nil
}

// oldConcurrency returns how many calls a mode made at once in format 1.
func oldConcurrency(m *Manifest, mode string) int {
	if k, err := strconv.Atoi(m.Parameters["SEBS_CONCURRENCY"]); err == nil && k > 0 && mode != "sequential" {
		return k
	}
	if mode == "burst" {
		return 10
	}
	return 1
}

// oldSamples returns how many samples a cell of format 1 had at most.
func oldSamples(m *Manifest, k int) int {
	for _, word := range strings.Split(m.Parameters["SEBS_SAMPLES"], ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(word)); err == nil && n > 0 {
			return n
		}
	}
	return max(50, stats.MinBatches*k)
}

// oldOrder orders the cells of format 1: only the lines of its bench.txt have the
// order of experiments, functions and conditions, without the cells of which
// nothing counts.
func (r *Run) oldOrder() error {
	data, err := fs.ReadFile(r.fsys, benchFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	first := map[string]int{} // places of names in the file
	see := func(name string) {
		if _, ok := first[name]; !ok {
			first[name] = len(first)
		}
	}
	cells := map[string]*Cell{}
	for _, c := range r.Cells {
		cells[c.benchName()] = c
	}
	for line := range strings.Lines(string(data)) {
		name, _, _ := strings.Cut(line, " ")
		if c := cells[name]; c != nil {
			see(c.Experiment)
			see(c.Function.String())
			see(c.Condition.String())
		}
	}
	compare := func(a, b string) int {
		i, ok := first[a]
		if !ok {
			i = len(first)
		}
		j, ok := first[b]
		if !ok {
			j = len(first)
		}
		return cmp.Or(cmp.Compare(i, j), cmp.Compare(a, b))
	}
	slices.SortFunc(r.Cells, func(a, b *Cell) int {
		return cmp.Or(
			cmp.Compare(a.Repeated, b.Repeated), compare(a.Experiment, b.Experiment),
			compare(a.Function.String(), b.Function.String()), compare(a.Condition.String(), b.Condition.String()),
		)
	})
	return nil
}

// oldRemarks returns what the table of format 1 said and the table made of the
// records does not: what it said of the run, which was nowhere else.
func oldRemarks(fsys fs.FS, made string) ([]string, error) {
	data, err := fs.ReadFile(fsys, summaryFile)
	if errors.Is(err, fs.ErrNotExist) || string(data) == NotEnded {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	said := paragraphs(made)
	var remarks []string
	for _, text := range paragraphs(string(data)) {
		if !slices.Contains(said, text) && !strings.HasPrefix(text, "results: ") && !strings.Contains(text, "\n  ") {
			remarks = append(remarks, text)
		}
	}
	return remarks, nil
}

// paragraphs returns the parts of a text between empty lines.
func paragraphs(text string) []string {
	var all []string
	for _, part := range strings.Split(text, "\n\n") {
		if part = strings.Trim(part, "\n"); part != "" {
			all = append(all, part)
		}
	}
	return all
}
