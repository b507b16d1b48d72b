package selection

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Unmatched says in lines what matches nothing of an expression that selects
// something: parts of its alternatives, and literal alternatives of groups, as
// clod in (warm|clod).
func (s Selection) Unmatched(o Offer) []string {
	all := slices.Concat(o.Cells, o.Refused)
	var lines []string
	for _, alternative := range splitOutside(s.expr, '|') {
		levels := splitOutside(alternative, '/')
		if root, err := regexp.Compile(rewrite(levels[0])); err != nil || !root.MatchString(s.root) {
			continue // it is of another experiment
		}
		for i, level := range levels[1:] {
			for _, text := range splitParts(level) {
				for _, one := range branches(text) {
					p := part{text: one, level: i + 1}
					p.find(all, s.flat)
					if p.known || s.selects(strings.Replace(alternative, text, one, 1), all) {
						continue
					}
					line := fmt.Sprintf("%s: %q matches no value", s.kind, p.text)
					if p.meant != "" {
						line += fmt.Sprintf(" (did you mean %q?)", p.meant)
					}
					if p.key != "" {
						line += "; " + listValues(p.key, valuesOf(all, p.key))
					}
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}

// selects reports whether another expression matches a cell, which need not run.
func (s Selection) selects(expr string, all []Candidate) bool {
	other, err := New(s.root, s.kind, expr, "")
	return err != nil || slices.ContainsFunc(all, func(c Candidate) bool { return other.matches(c.name(), c.Conditions) })
}

var (
	group   = regexp.MustCompile(`\((?:\?:)?([^()]*\|[^()]*)\)`)
	literal = regexp.MustCompile(`^[\w.=-]+$`)
)

// branches returns a part with each literal alternative of its groups in the
// group's place, or the part itself if it has no group.
func branches(text string) []string {
	groups := group.FindAllStringSubmatchIndex(text, -1)
	if groups == nil {
		return []string{text}
	}
	var all []string
	for _, at := range groups {
		for one := range strings.SplitSeq(text[at[2]:at[3]], "|") {
			if literal.MatchString(one) {
				all = append(all, text[:at[0]]+one+text[at[1]:])
			}
		}
	}
	return all
}
