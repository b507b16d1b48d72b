// Package selection reads -run, -bench and -skip as package testing does: which
// functions and cells of an experiment they select, and if none, why, and what was
// meant.
//
// It knows names alone, lists of key=value; it refuses to know what they name.
package selection

import (
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/results"
)

// Candidate is a function of an experiment with all its conditions.
type Candidate struct {
	Function   results.Name
	Conditions []results.Name
	Default    func(key string) bool // whether the function's value of a key runs without being named
	Refused    error                 // why its platform cannot have it
}

// name returns the name of the function.
func (c Candidate) name() string { return c.Function.String() }

// unnamed returns, for each value that is not the default, the function's name
// with that value taken out.
func (c Candidate) unnamed() []string {
	var names []string
	for i, p := range c.Function {
		if p.Key == "platform" || p.Key == "benchmark" || c.Default(p.Key) {
			continue
		}
		changed := slices.Clone(c.Function)
		switch p.Key {
		case "runtime":
			language, _, _ := strings.Cut(p.Value, "-")
			changed[i].Value = language + "-\x00"
		case "variant":
			changed = slices.Delete(changed, i, i+1)
		default:
			changed[i].Value = "\x00"
		}
		names = append(names, changed.String())
	}
	return names
}

// Selection decides which functions and cells of an experiment run. The zero
// value selects nothing.
type Selection struct {
	kind string // "-run" or "-bench"
	expr string
	run  pattern
	skip pattern
	root string // name of the test or benchmark function
	flat bool   // sub-benchmarks: one level for each key
}

// New returns what an expression of -run or -bench (kind), without what -skip
// matches, selects of the test or benchmark called root.
func New(root, kind, expr, skip string) (Selection, error) {
	run, err := parsePattern(expr)
	if err != nil {
		return Selection{}, err
	}
	s := Selection{kind: kind, expr: expr, run: run, root: root, flat: kind == "-bench"}
	if skip != "" {
		if s.skip, err = parsePattern(skip); err != nil {
			return Selection{}, err
		}
	}
	return s, nil
}

// Kind returns the flag: "-run" or "-bench".
func (s Selection) Kind() string { return s.kind }

// Root returns the name of the test or benchmark.
func (s Selection) Root() string { return s.root }

// Named reports whether the expression names the experiment, rather than
// everything: an expression that also matches the bare word Test (or
// Benchmark) names nothing.
func (s Selection) Named() bool {
	word := "Test"
	if s.kind == "-bench" {
		word = "Benchmark"
	}
	return s.expr != "" && s.run.match(s.root) && !s.run.match(word)
}

// Cell reports whether the cell of a function and a condition runs.
func (s Selection) Cell(function, condition results.Name) bool {
	return s.matches(function.String(), []results.Name{condition})
}

// Wants reports whether any cell of the function may run, given that values
// other than the defaults (a version, a variant, an architecture, a kind, a
// trigger) only run when the expression names them: when it no longer matches
// with the value taken out.
func (s Selection) Wants(c Candidate) bool {
	if c.Refused != nil || !s.matches(c.name(), c.Conditions) {
		return false
	}
	for _, without := range c.unnamed() {
		if s.matches(without, c.Conditions) {
			return false
		}
	}
	return true
}

// NamesLanguage reports whether the expression names the language of a function
// that it matches: whether it no longer does with the language taken out.
func (s Selection) NamesLanguage(c Candidate) bool {
	return !s.matches(without(c.Function, "runtime", "\x00-\x00").String(), c.Conditions)
}

// NamesMemory is NamesLanguage for the memory of a cell.
func (s Selection) NamesMemory(function, condition results.Name) bool {
	return !s.Cell(function, without(condition, "memory", "\x00"))
}

// without returns pairs with another value of a key.
func without(pairs results.Name, key, value string) results.Name {
	changed := slices.Clone(pairs)
	for i, p := range changed {
		if p.Key == key {
			changed[i].Value = value
		}
	}
	return changed
}

// matches reports whether a cell of the function with that name is selected.
func (s Selection) matches(function string, conditions []results.Name) bool {
	for _, c := range conditions {
		if path := s.path(function, c.String()); s.run.match(path...) && !s.skip.skips(path...) {
			return true
		}
	}
	return false
}

// path returns the levels of a cell's test name.
func (s Selection) path(function, condition string) []string {
	path := []string{s.root}
	if !s.flat {
		return append(path, function, condition)
	}
	path = append(path, strings.Split(function, ",")...)
	return append(path, strings.Split(condition, ",")...)
}
