package harness

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
	"github.com/sebs-go/sebs/harness/stats"
)

// summaryTable returns the table of a run: for each experiment a line of the
// keys that all its cells share, then a row for each cell with the others; how
// sandboxes were kept apart, where that depends on the machine; and where the
// results are. A quantile that the sample is too small for stands in
// parentheses.
func summaryTable(cells []*Summary, remarks []string, isolation map[string]string, folder string) string {
	var b strings.Builder
	for begin := 0; begin < len(cells); {
		end := begin + 1
		for end < len(cells) && cells[end].Experiment == cells[begin].Experiment {
			end++
		}
		experimentTable(&b, cells[begin:end])
		begin = end
	}
	notes(&b, cells)
	for _, text := range remarks {
		b.WriteString("\n" + text + "\n")
	}
	if len(cells) == 0 {
		b.WriteString("\nno cell was measured\n")
	}
	for _, platform := range slices.Sorted(maps.Keys(isolation)) {
		fmt.Fprintf(&b, "\nisolation on %s: %s\n", platform, isolation[platform])
	}
	fmt.Fprintf(&b, "\nresults: %s\n", folder)
	return b.String()
}

// numbers are the columns after those of the keys.
var numbers = []string{"n", "failed", "median", "interval", "p95", "p99", "start-up", "handler", "memory"}

// experimentTable writes the table of one experiment.
func experimentTable(b *strings.Builder, cells []*Summary) {
	head := "\n" + shortName(cells[0].Experiment)
	var varying []string
	for _, p := range cells[0].pairs() {
		same := !slices.ContainsFunc(cells, func(s *Summary) bool { return s.value(p.key) != p.value })
		if same {
			head += " " + p.key + "=" + p.value
		} else {
			varying = append(varying, p.key)
		}
	}
	rows := [][]string{slices.Concat(varying, numbers)}
	for _, s := range cells {
		var r []string
		for _, key := range varying {
			r = append(r, s.value(key))
		}
		rows = append(rows, append(r, row(s)...))
	}
	b.WriteString(head + "\n")
	align(b, rows, len(varying))
}

// shortName returns an experiment's name as patterns have it. A line of the
// table must not begin with Benchmark: tools take it for a result.
func shortName(experiment string) string {
	return strings.TrimPrefix(strings.TrimPrefix(experiment, "Test"), "Benchmark")
}

// pairs returns the keys and values of the cell, in their fixed order.
func (s *Summary) pairs() []pair { return append(s.cell.fn.pairs(), s.cell.cond.pairs()...) }

// value returns the value of a key of the cell.
func (s *Summary) value(key string) string {
	if v, ok := s.Function[key]; ok {
		return v
	}
	return s.Condition[key]
}

// align writes rows with the first columns to the left and the others to the
// right.
func align(b *strings.Builder, rows [][]string, left int) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, text := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for _, r := range rows {
		line := ""
		for i, text := range r {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if i < left {
				line += "  " + text + pad
			} else {
				line += "  " + pad + text
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// row returns the numbers of a cell.
func row(s *Summary) []string {
	client := s.metric(metricClient)
	if client == nil {
		return []string{fmt.Sprint(s.Counted), fmt.Sprint(s.failed()), "–", "–", "–", "–", "–", "–", "–"}
	}
	n := fmt.Sprint(s.Counted)
	if client.Batches > 0 {
		n += fmt.Sprintf(" in %d", client.Batches)
	}
	r := []string{n, fmt.Sprint(s.failed())}
	interval := "–"
	if in := client.Median.Interval; !in.IsZero() {
		interval = duration(in.Low) + " – " + duration(in.High)
	}
	r = append(r, duration(client.Median.Value), interval, quantile(client, 0.95), quantile(client, 0.99))
	for _, name := range []string{metricStartup, metricHandler} {
		if m := s.metric(name); m != nil && m.N == s.Counted { // not of the one cold answer among warm ones
			r = append(r, duration(m.Median.Value))
		} else {
			r = append(r, "–")
		}
	}
	memory := "–"
	if m := s.metric(metricMemory); m != nil && m.Max > 0 {
		memory = bytesText(m.Max)
	}
	return append(r, memory)
}

// startNote says which answers found their sandbox otherwise than the mode
// expects, and what these starts are.
func (s *Summary) startNote() string {
	wrong, counts := []answer.Start{answer.Proactive, answer.Suppressed}, "count"
	switch s.cell.cond.mode {
	case Cold:
		wrong, counts = append(wrong, answer.Warm), "do not count"
	case Warm:
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

func quantile(m *Metric, p float64) string {
	for _, q := range m.Quantiles {
		if q.P == p {
			if q.Enough {
				return duration(q.Value)
			}
			return "(" + duration(q.Value) + ")"
		}
	}
	return "–"
}

// duration returns nanoseconds with three significant digits.
func duration(ns float64) string {
	d := math.Abs(ns)
	switch {
	case d == 0:
		return "0"
	case d < 999.5:
		return fmt.Sprintf("%.3g ns", ns)
	case d < 999.5e3:
		return fmt.Sprintf("%.3g µs", ns/1e3)
	case d < 999.5e6:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	case d < 999.5e9:
		return fmt.Sprintf("%.3g s", ns/1e9)
	}
	return time.Duration(ns).Round(time.Second).String()
}

// bytesText returns a number of bytes in the unit that suits it.
func bytesText(n float64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%.0f B", n)
	case n < 999.5e3:
		return fmt.Sprintf("%.3g kB", n/1e3)
	case n < 999.95e6:
		return fmt.Sprintf("%.1f MB", n/1e6)
	}
	return fmt.Sprintf("%.2f GB", n/1e9)
}

// label names the cell in notes: by its benchmark, what else tells the functions
// of the cells apart, and its condition.
func (s *Summary) label(cells []*Summary) string {
	var words []string
	if slices.ContainsFunc(cells, func(other *Summary) bool { return other.Experiment != s.Experiment }) {
		words = append(words, shortName(s.Experiment))
	}
	for _, key := range functionKeys {
		value := s.Function[key]
		if key == "benchmark" || value != "" && slices.ContainsFunc(cells, func(other *Summary) bool { return other.Function[key] != value }) {
			words = append(words, value)
		}
	}
	return strings.Join(append(words, s.cell.cond.name()), " ")
}

// notes says what the numbers mean and leave out: levels and batches, failures
// by cause, answers of the wrong start, measurements that are no metrics, rows
// of series, quantiles in parentheses.
func notes(b *strings.Builder, cells []*Summary) {
	small, batches, intervals := false, false, false
	for _, s := range cells {
		whose := s.label(cells)
		if s.cell.sampler.told {
			fmt.Fprintf(b, "\n%s: stopped: %s\n", whose, plain.Line(s.Stopped, 300))
		}
		for _, text := range s.Warnings {
			fmt.Fprintf(b, "\n%s: %s\n", whose, text)
		}
		for _, c := range driver.Causes {
			if n := s.Failures[c]; n > 0 {
				ended := ""
				if s.cell.sampler.hopeless {
					ended = ", each the same, which ended the cell"
				}
				fmt.Fprintf(b, "\n%s: %d failed%s: %s: %s\n", whose, n, ended, c,
					plain.Line(s.cell.sample.example[c], 200))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Series)) {
			fmt.Fprintf(b, "\n%s: series %s: %d rows\n", whose, name, s.Series[name])
		}
		if n := s.Uncounted[Stalled]; n > 0 {
			fmt.Fprintf(b, "\n%s: the test stood still during %s, which do not count\n", whose, plural(n, "call"))
		}
		if n := s.cell.coldSingles; n > 0 { // a batch may warm its cell up, a single call is the experiment's
			verb := "is"
			if n > 1 {
				verb = "are"
			}
			fmt.Fprintf(b, "\n%s: %s %s not counted in a warm cell\n", whose, plural(n, "cold answer"), verb)
		}
		if text := s.startNote(); text != "" {
			fmt.Fprintf(b, "\n%s: %s\n", whose, text)
		}
		if m := s.metric(metricClient); m != nil {
			batches, intervals = batches || m.Batches > 0, intervals || !m.Median.Interval.IsZero()
			if m.Batches > 0 && m.Batches < stats.MinBatches {
				fmt.Fprintf(b, "\n%s: %s of calls made at once: an interval needs %d, SEBS_SAMPLES=%d\n",
					whose, plural(m.Batches, "batch"), stats.MinBatches, stats.MinBatches*s.Concurrency)
			}
			for _, q := range m.Quantiles {
				small = small || (!q.Enough && (q.P == 0.95 || q.P == 0.99))
			}
		}
	}
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
