package selection

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// Explain says why the expression selects no cell: which part of it matches
// nothing, what that part could be, and an expression that selects something.
func (s Selection) Explain(o Offer) string {
	all := o.Cells
	text := fmt.Sprintf("%s '%s' selects no cell of %s.", s.kind, s.expr, strings.Join(driver.Platforms(), ", "))
	for _, alternative := range splitOutside(s.expr, '|') {
		levels := splitOutside(alternative, '/')
		if root, err := regexp.Compile(rewrite(levels[0])); err != nil || !root.MatchString(s.root) {
			continue // it is of another experiment
		}
		parts := s.parts(levels, o)
		for _, line := range slices.Concat(s.refusals(o.Refused), s.reasons(levels, parts, all)) {
			text += "\n\t" + line
		}
		if try := s.corrected(levels[0], parts, all); try != "" {
			text += fmt.Sprintf("\n\ttry %s '%s'", s.kind, try)
		}
	}
	return text
}

// refusals says which functions the expression would select if their platforms
// could have them, and why they cannot.
func (s Selection) refusals(refused []Candidate) []string {
	const most = 5
	var lines []string
	for _, c := range refused {
		if !s.matches(c.name(), c.Conditions) {
			continue
		}
		if len(lines) == most {
			return append(lines, "and more")
		}
		lines = append(lines, fmt.Sprintf("%s: %v", c.name(), c.Refused))
	}
	return lines
}

// parts takes the levels below the experiment's apart.
func (s Selection) parts(levels []string, o Offer) []part {
	var parts []part
	for i, level := range levels[1:] {
		for _, text := range splitParts(level) {
			p := part{text: text, level: i + 1}
			p.find(o.Cells, s.flat)
			if languages := o.withoutPlatform(p.text); !p.known && languages != nil {
				p.key, p.meant, p.remedy = "benchmark", "", languages
			} else {
				p.remedy = o.remedy(p, s.flat)
			}
			parts = append(parts, p)
		}
	}
	return parts
}

// reasons says in lines what is wrong with the parts.
func (s Selection) reasons(levels []string, parts []part, all []Candidate) []string {
	var lines []string
	for _, p := range parts {
		if p.known {
			continue
		}
		line := fmt.Sprintf("%q matches no value", p.text)
		if p.meant != "" {
			line += fmt.Sprintf(": did you mean %q?", p.meant)
		}
		lines = append(append(lines, line), p.remedy...)
		for _, key := range keysOf(all) {
			if p.key == "" || key == p.key {
				lines = append(lines, listValues(key, valuesOf(all, key)))
			}
		}
	}
	if lines != nil {
		return lines
	}
	if misplaced := s.misplaced(levels, parts, all); misplaced != "" {
		return []string{misplaced}
	}
	left := all
	for _, p := range parts {
		narrowed := narrow(left, p)
		if len(narrowed) == 0 {
			return append([]string{
				fmt.Sprintf("nothing has %q together with what stands before it, which leaves", p.text),
				listValues(p.key, valuesOf(left, p.key)),
			}, p.remedy...)
		}
		left = narrowed
	}
	if s.skip != nil {
		return []string{"-skip leaves out what it matches"}
	}
	for _, c := range left {
		for _, cond := range c.Conditions {
			if s.run.match(s.path(c.name(), cond.String())...) {
				return []string{"what it matches is no default and runs when its values are named, as in " + c.name()}
			}
		}
	}
	return []string{"its parts stand in another order than in names: " + strings.Join(keysOf(all), ", ")}
}

// misplaced says that parts stand in another level than their keys, or nothing.
func (s Selection) misplaced(levels []string, parts []part, all []Candidate) string {
	if !s.flat && len(levels) > 3 {
		return fmt.Sprintf("names have two levels, the function and the condition, not %d: join the parts of a level by .*", len(levels)-1)
	}
	for _, p := range parts {
		switch {
		case p.strays(p.key, all, s.flat) == 0:
			continue
		case s.flat:
			return fmt.Sprintf("%q is a %s and stands in level %d; with -bench each key has a level, and .* is any value: %s",
				p.text, p.key, p.level, strings.Join(keysOf(all), "/"))
		case p.level == 1:
			return fmt.Sprintf("%q is of the condition (%s), which stands after a second slash", p.text, p.key)
		}
		return fmt.Sprintf("%q is of the function (%s), which stands before the second slash", p.text, p.key)
	}
	return ""
}

// narrow returns the candidates that have a value which the part matches.
func narrow(all []Candidate, p part) []Candidate {
	re, err := regexp.Compile(rewrite(p.text))
	if err != nil {
		return nil
	}
	matches := func(pairs results.Name) bool {
		return slices.ContainsFunc(pairs, func(have results.Pair) bool { return re.MatchString(have.Key + "=" + have.Value) })
	}
	var left []Candidate
	for _, c := range all {
		if matches(c.Function) {
			left = append(left, c)
			continue
		}
		c.Conditions = slices.DeleteFunc(slices.Clone(c.Conditions), func(cond results.Name) bool { return !matches(cond) })
		if len(c.Conditions) > 0 {
			left = append(left, c)
		}
	}
	return left
}

// corrected returns an expression with the nearest values in the order of
// names, if it selects something.
func (s Selection) corrected(root string, parts []part, all []Candidate) string {
	keys := keysOf(all)
	text := map[string]string{}
	for _, p := range parts {
		switch {
		case text[p.key] != "" || (!p.known && p.meant == ""):
			return ""
		case p.known:
			text[p.key] = p.text
		default:
			text[p.key] = p.meant
		}
	}
	expr := root
	if s.flat {
		if text["variant"] == "" { // names of default functions do not have it
			keys = slices.DeleteFunc(keys, func(key string) bool { return key == "variant" })
		}
		for _, key := range keys {
			if text[key] == "" {
				text[key] = ".*"
			}
			expr += "/" + text[key]
		}
		for strings.HasSuffix(expr, "/.*") {
			expr = strings.TrimSuffix(expr, "/.*")
		}
	} else {
		level := func(function bool) string {
			var in []string
			for _, key := range keys {
				if text[key] != "" && slices.Contains(results.FunctionKeys, key) == function {
					in = append(in, text[key])
				}
			}
			return strings.Join(in, ".*")
		}
		function, condition := level(true), level(false)
		if function == "" && condition != "" {
			function = ".*"
		}
		expr = strings.TrimRight(expr+"/"+function+"/"+condition, "/")
	}
	other, err := New(s.root, s.kind, expr, "")
	if err != nil {
		return ""
	}
	other.skip = s.skip
	for _, c := range all {
		if other.Wants(c) {
			return expr
		}
	}
	return ""
}
