package selection

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
