package results

import (
	"bufio"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/plain"
)

// summaryFile is the table of a run. Until the run has ended it says that.
const summaryFile = "summary.txt"

var _ = addRunOutput(summaryFile, writeTable)

// Table returns the table of a run: for each experiment a line of the keys that
// all its cells share, then a row for each cell with the others; what is to be
// said of cells and of the run; and how sandboxes were kept apart, where that
// depends on the machine. A quantile that the sample is too small for stands in
// parentheses.
func Table(m *Manifest, cells []*Summary) string {
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
	if m.Finished.IsZero() {
		b.WriteString("\nthe run has not ended: it is still running, or it was killed\n")
	}
	for _, text := range m.Remarks {
		b.WriteString("\n" + text + "\n")
	}
	if len(cells) == 0 {
		b.WriteString("\nno cell was measured\n")
	}
	for _, platform := range slices.Sorted(maps.Keys(m.Isolation)) {
		fmt.Fprintf(&b, "\nisolation on %s: %s\n", platform, m.Isolation[platform])
	}
	return plain.Text(b.String())
}

func writeTable(w *bufio.Writer, _ fs.FS, m *Manifest, cells []*Summary) error {
	_, err := w.WriteString(Table(m, cells))
	return err
}

// numbers are the columns after those of the keys.
var numbers = []string{"n", "failed", "median", "interval", "p95", "p99", "start-up", "handler", "memory"}

// experimentTable writes the table of one experiment.
func experimentTable(b *strings.Builder, cells []*Summary) {
	head := "\n" + ShortName(cells[0].Experiment)
	var varying []string
	for _, p := range cells[0].pairs() {
		same := !slices.ContainsFunc(cells, func(s *Summary) bool { return s.value(p.Key) != p.Value })
		if same {
			head += " " + p.Key + "=" + p.Value
		} else {
			varying = append(varying, p.Key)
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

// pairs returns the keys and values of the cell, in their fixed order.
func (s *Summary) pairs() Name { return slices.Concat(s.cell.Function, s.cell.Condition) }

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
	client := s.metric(ClientTime)
	if client == nil {
		return []string{fmt.Sprint(s.Counted), fmt.Sprint(s.Failed()), "–", "–", "–", "–", "–", "–", "–"}
	}
	n := fmt.Sprint(s.Counted)
	if client.Batches > 0 {
		n += fmt.Sprintf(" in %d", client.Batches)
	}
	r := []string{n, fmt.Sprint(s.Failed())}
	interval := "–"
	if in := client.Median.Interval; !in.IsZero() {
		interval = figures.Duration(in.Low) + " – " + figures.Duration(in.High)
	}
	r = append(r, figures.Duration(client.Median.Value), interval, quantile(client, 0.95), quantile(client, 0.99))
	for _, name := range []string{StartupTime, HandlerTime} {
		if m := s.metric(name); m != nil && m.N == s.Counted { // not of the one cold answer among warm ones
			r = append(r, figures.Duration(m.Median.Value))
		} else {
			r = append(r, "–")
		}
	}
	memory := "–"
	if m := s.metric(PeakMemory); m != nil && m.Max > 0 {
		memory = figures.Bytes(m.Max)
	}
	return append(r, memory)
}

func quantile(m *Metric, p float64) string {
	for _, q := range m.Quantiles {
		if q.P == p {
			if q.Enough {
				return figures.Duration(q.Value)
			}
			return "(" + figures.Duration(q.Value) + ")"
		}
	}
	return "–"
}
