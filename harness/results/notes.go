package results

import (
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/plain"
	"github.com/sebs-go/sebs/harness/stats"
)

// startNote says which answers found their sandbox otherwise than the mode
// expects, and what these starts are.
func (s *Summary) startNote() string {
	wrong, counts := []answer.Start{answer.Proactive, answer.Suppressed}, "count"
	switch s.Condition["mode"] {
	case "cold":
		wrong, counts = append(wrong, answer.Warm), "do not count"
	case "warm":
		counts = "do not count"
	}
	n := starts(s.Starts, wrong...)
	if n == "" {
		return ""
	}
	text := fmt.Sprintf("answers that were %s %s", n, counts)
	if s.Starts[answer.Proactive] > 0 {
		text += "; proactive: the platform had begun to start the sandbox before the call"
	}
	if s.Starts[answer.Suppressed] > 0 {
		text += "; suppressed: the module was loaded again in a sandbox that had served"
	}
	return text
}

// label names the cell in notes: by its benchmark, what else tells the functions
// of the cells apart, and its condition.
func (s *Summary) label(cells []*Summary) string {
	return s.functionLabel(cells) + " " + s.cell.Condition.String()
}

// functionLabel names the cell's function in notes.
func (s *Summary) functionLabel(cells []*Summary) string {
	var words []string
	if slices.ContainsFunc(cells, func(other *Summary) bool { return other.Experiment != s.Experiment }) {
		words = append(words, ShortName(s.Experiment))
	}
	for _, key := range FunctionKeys {
		value := s.Function[key]
		if key == "benchmark" || value != "" && slices.ContainsFunc(cells, func(other *Summary) bool { return other.Function[key] != value }) {
			words = append(words, value)
		}
	}
	return strings.Join(words, " ")
}

// notes says what the numbers mean and leave out: levels and batches, failures
// by cause, answers of the wrong start, measurements that are no metrics, rows
// of series, quantiles in parentheses.
func notes(b *strings.Builder, cells []*Summary) {
	small, batches, intervals := false, false, false
	for _, s := range cells {
		whose := s.label(cells)
		if s.end.Told {
			fmt.Fprintf(b, "\n%s: stopped: %s\n", whose, plain.Line(s.Stopped, 300))
		}
		for _, text := range s.Warnings {
			fmt.Fprintf(b, "\n%s: %s\n", whose, text)
		}
		for _, c := range driver.Causes {
			if n := s.Failures[c]; n > 0 {
				ended := ""
				if s.end.Stuck && s.Counted == 0 {
					ended = ", each the same, which ended the cell"
				}
				fmt.Fprintf(b, "\n%s: %d failed%s: %s: %s\n", whose, n, ended, c,
					plain.Line(s.examples[c], 200))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Series)) {
			fmt.Fprintf(b, "\n%s: series %s: %s\n", whose, name, figures.Plural(s.Series[name], "row"))
		}
		if n := s.UsageMissing; n > 0 {
			fmt.Fprintf(b, "\n%s: the platform's usage of %s is missing\n", whose, figures.Plural(n, "answer"))
		}
		if n := s.Uncounted[Stalled]; n > 0 {
			fmt.Fprintf(b, "\n%s: the test stood still during %s, which do not count\n", whose, figures.Plural(n, "call"))
		}
		if n := s.end.ColdSingle; n > 0 { // a batch may warm its cell up, a single call is the experiment's
			verb := "is"
			if n > 1 {
				verb = "are"
			}
			fmt.Fprintf(b, "\n%s: %s %s not counted in a warm cell\n", whose, figures.Plural(n, "cold answer"), verb)
		}
		if n := s.UsageMissing; n > 0 {
			remedy := ""
			if s.cell.Metered() {
				remedy = "; make usage RUN=results/<run> (the test that calls harness.Usage) asks again"
			}
			fmt.Fprintf(b, "\n%s: the platform has not told the usage of %s%s\n", whose, figures.Plural(n, "call"), remedy)
		}
		if text := s.startNote(); text != "" {
			fmt.Fprintf(b, "\n%s: %s\n", whose, text)
		}
		if m := s.metric(ClientTime); m != nil {
			batches, intervals = batches || m.Batches > 0, intervals || !m.Median.Interval.IsZero()
			if m.Batches > 0 && m.Batches < stats.MinBatches {
				fmt.Fprintf(b, "\n%s: %s of calls made at once: an interval needs %d, SEBS_SAMPLES=%d\n",
					whose, figures.Plural(m.Batches, "batch"), stats.MinBatches, stats.MinBatches*s.Concurrency)
			}
			for _, q := range m.Quantiles {
				small = small || (!q.Enough && (q.P == 0.95 || q.P == 0.99))
			}
		}
	}
	functionSeries(b, cells)
	if intervals {
		fmt.Fprintf(b, "\ninterval: of the median, with a level of at least %g %%; which, is in summary.json\n", 100*stats.DefaultLevel)
	}
	if batches {
		b.WriteString("\nn in b: calls in b batches. Calls made at once are not independent, so medians and intervals are those of batches\n")
	}
	if small {
		b.WriteString("\n( ) the sample is too small for this quantile\n")
	}
}

// functions returns the functions of cells, each once with its first cell, as if
// their folders were cells.
func functions(cells []*Summary) iter.Seq2[*Summary, *Cell] {
	return func(yield func(*Summary, *Cell) bool) {
		seen := map[string]bool{}
		for _, s := range cells {
			function := *s.cell
			function.Path = path.Dir(s.cell.Path)
			if seen[function.Path] {
				continue
			}
			seen[function.Path] = true
			if !yield(s, &function) {
				return
			}
		}
	}
}

// functionSeries says how many rows the series of functions have, about several
// of their cells.
func functionSeries(b *strings.Builder, cells []*Summary) {
	for s, function := range functions(cells) {
		rows, err := function.rows()
		if err != nil {
			fmt.Fprintf(b, "\n%s: series: %s\n", s.functionLabel(cells), plain.Line(err.Error(), 300))
		}
		for _, name := range slices.Sorted(maps.Keys(rows)) {
			fmt.Fprintf(b, "\n%s: series %s: %s\n", s.functionLabel(cells), name, figures.Plural(rows[name], "row"))
		}
	}
}
