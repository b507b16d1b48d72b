package harness

import (
	"strings"
	"testing"

	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/results"
	"github.com/sebs-go/sebs/harness/stats"
)

// Measured is the cells of a function that were selected, after all of them have
// ended. What is about several cells, a difference or an assertion, has its
// place here: see [Conditions].
type Measured struct {
	tb    testing.TB
	fn    *plannedFunction
	seed  uint64
	cells []*Recorded
	rows  *results.Rows
}

// Cells returns the cells, in the order of conditions.
func (m *Measured) Cells() []*Recorded { return m.cells }

// Value returns the value of a key of the function's name: "benchmark",
// "runtime". It fails the test if there is no such key.
func (m *Measured) Value(key string) string {
	m.tb.Helper()
	return (&Recorded{tb: m.tb, fn: m.fn}).Value(key)
}

// Cell returns the one cell with these keys and values, as in
// Cell("memory", "512", "mode", "warm"). It skips the rest of the hook if that
// cell was not measured, and fails the test if there is none, or several.
func (m *Measured) Cell(keysAndValues ...string) *Recorded {
	m.tb.Helper()
	if len(keysAndValues)%2 != 0 {
		m.tb.Fatalf("Cell(%q): want keys, each with its value", keysAndValues)
	}
	var words []string
	for i := 0; i < len(keysAndValues); i += 2 {
		words = append(words, keysAndValues[i]+"="+keysAndValues[i+1])
	}
	name := strings.Join(words, ",")
	var found []*Recorded
	for _, c := range m.cells {
		if m.has(c.cond, keysAndValues) {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) > 1:
		m.tb.Fatalf("%d cells have %s: name more of their keys, as in %s", len(found), name, found[0].cond.name())
	}
	var all []string
	for _, cond := range m.fn.offered {
		if m.has(cond, keysAndValues) {
			m.tb.Skipf("what is about several cells is left out: %s was not measured", cond.name())
		}
		all = append(all, cond.name())
	}
	m.tb.Fatalf("no cell has %s; there are %s", name, strings.Join(all, ", "))
	return nil
}

// has reports whether a condition has keys and values. It fails the test if one
// is no key of cells.
func (m *Measured) has(cond condition, keysAndValues []string) bool {
	m.tb.Helper()
	r := &Recorded{tb: m.tb, fn: m.fn, cond: cond}
	for i := 0; i < len(keysAndValues); i += 2 {
		if r.Value(keysAndValues[i]) != keysAndValues[i+1] {
			return false
		}
	}
	return true
}

// Compare compares a metric of two cells: how much other differs from base, with
// the test's p-value, by [stats.Sample.Compare].
func (m *Measured) Compare(base, other *Recorded, metric string) stats.Comparison {
	m.tb.Helper()
	c, err := base.Sample(metric).Compare(other.Sample(metric), m.seed)
	if err != nil {
		m.tb.Fatalf("%s: %v", metric, err)
	}
	return c
}

// Row adds a row of named numbers to a series of the function, a file
// series-<name>.jsonl in its folder, as [Cell.Row] does to one of a cell. A row
// that is refused fails the test.
func (m *Measured) Row(series string, row map[string]float64) {
	if err := m.rows.Add(series, row); err != nil {
		m.tb.Helper()
		m.tb.Errorf("%v", err)
	}
}

// after calls the experiment's hook with the cells of a function, unless one of
// them failed or the run has ended: then they are not to be compared.
func (p *plan) after(t *testing.T, fn *plannedFunction, cells []*Cell) {
	t.Helper()
	if p.hook == nil || t.Failed() || p.run.ctx.Err() != nil {
		return
	}
	m := &Measured{tb: t, fn: fn, seed: uint64(p.run.seed), rows: results.FunctionRows(p.run.folder, p.experiment, fn.pairs())}
	for _, c := range cells {
		if c.summary == nil {
			return // it was skipped
		}
		r := c.Recorded
		r.tb = t
		m.cells = append(m.cells, &r)
	}
	t.Cleanup(func() {
		if err := m.rows.Close(); err != nil {
			t.Error(environment.Plain(err.Error()))
		}
	})
	p.hook(t, m)
}
