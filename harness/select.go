package harness

import (
	"fmt"
	"regexp"
	"strings"
)

// A pattern is a -test.run, -test.skip or -test.bench expression: alternatives
// separated by |, each a sequence of regular expressions separated by /, one
// for each level of sub-tests. It follows package testing, which applies the
// same expression again when the sub-tests run.
type pattern [][]*regexp.Regexp

// parsePattern parses an expression; the empty one matches everything.
func parsePattern(expr string) (pattern, error) {
	var p pattern
	for _, alternative := range splitOutside(expr, '|') {
		var levels []*regexp.Regexp
		for _, level := range splitOutside(alternative, '/') {
			re, err := regexp.Compile(rewrite(level))
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", expr, err)
			}
			levels = append(levels, re)
		}
		p = append(p, levels)
	}
	return p, nil
}

// match reports whether a test of that path is matched, and whether the
// pattern names it: whether it has an expression for the path's last level.
func (p pattern) match(path ...string) bool {
	for _, levels := range p {
		ok := true
		for i, re := range levels {
			if i < len(path) && !re.MatchString(path[i]) {
				ok = false
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

// skips reports whether a -skip pattern excludes the path: all its levels must
// match.
func (p pattern) skips(path ...string) bool {
	for _, levels := range p {
		if len(levels) > len(path) {
			continue
		}
		ok := true
		for i, re := range levels {
			ok = ok && re.MatchString(path[i])
		}
		if ok {
			return true
		}
	}
	return false
}

// splitOutside splits s at sep outside brackets and parentheses, as package
// testing does.
func splitOutside(s string, sep byte) []string {
	var parts []string
	square, round, start := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[':
			square++
		case ']':
			square = max(square-1, 0)
		case '(':
			if square == 0 {
				round++
			}
		case ')':
			if square == 0 {
				round--
			}
		case '\\':
			i++
		case sep:
			if square == 0 && round == 0 {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

// rewrite does to a pattern what package testing does to names: blanks become
// underscores.
func rewrite(s string) string { return strings.ReplaceAll(s, " ", "_") }

// selection decides which functions and cells of an experiment run.
type selection struct {
	kind string // "-run" or "-bench"
	expr string
	run  pattern
	skip pattern
	root string // name of the test or benchmark function
	flat bool   // sub-benchmarks: one level for each key
}

// named reports whether the expression names the experiment, rather than
// everything: an expression that also matches the bare word Test (or
// Benchmark) names nothing.
func (s selection) named() bool {
	word := "Test"
	if s.kind == "-bench" {
		word = "Benchmark"
	}
	return s.expr != "" && s.run.match(s.root) && !s.run.match(word)
}

// cell reports whether the cell runs.
func (s selection) cell(f function, c condition) bool {
	path := s.path(f.name(), c.name())
	return s.run.match(path...) && !s.skip.skips(path...)
}

// wants reports whether any cell of the function may run, given that values
// other than the defaults (a version, a variant, an architecture, a kind, a
// trigger) only run when the expression names them: when it no longer matches
// with the value taken out.
func (s selection) wants(f function, conditions []condition) bool {
	if f.refused != nil || !s.matches(f.name(), conditions) {
		return false
	}
	for _, without := range f.unnamed() {
		if s.matches(without, conditions) {
			return false
		}
	}
	return true
}

// language reports whether the expression names the language of a function that
// it matches: whether it no longer does with the language taken out.
func (s selection) language(f function, conditions []condition) bool {
	runtime := "runtime=" + f.spec.Runtime.String()
	return !s.matches(strings.Replace(f.name(), runtime, "runtime=\x00-\x00", 1), conditions)
}

// memory is language for the memory of a condition.
func (s selection) memory(f function, c condition) bool {
	path := s.path(f.name(), strings.Replace(c.name(), fmt.Sprintf("memory=%d", c.memory), "memory=\x00", 1))
	return !s.run.match(path...)
}

// matches reports whether a cell of the function with that name is selected.
func (s selection) matches(function string, conditions []condition) bool {
	for _, c := range conditions {
		if path := s.path(function, c.name()); s.run.match(path...) && !s.skip.skips(path...) {
			return true
		}
	}
	return false
}

// path returns the levels of a cell's test name.
func (s selection) path(function, condition string) []string {
	path := []string{s.root}
	if !s.flat {
		return append(path, function, condition)
	}
	path = append(path, strings.Split(function, ",")...)
	return append(path, strings.Split(condition, ",")...)
}
