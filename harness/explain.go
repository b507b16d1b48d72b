package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/nearest"
)

// candidate is a function of an experiment with all its conditions.
type candidate struct {
	function
	conditions []condition
}

// valuesOf returns the values of a cell's key that the candidates have, in order.
func valuesOf(all []candidate, key string) []string {
	var values []string
	add := func(pairs []pair) {
		for _, p := range pairs {
			if p.key == key && !slices.Contains(values, p.value) {
				values = append(values, p.value)
			}
		}
	}
	for _, c := range all {
		add(c.pairs())
		for _, cond := range c.conditions {
			add(cond.pairs())
		}
	}
	return values
}

// keysOf returns the keys of the candidates' cells in the order of their names.
func keysOf(all []candidate) []string {
	keys := slices.DeleteFunc(slices.Clone(functionKeys), func(key string) bool { return len(valuesOf(all, key)) == 0 })
	if len(all) == 0 || len(all[0].conditions) == 0 {
		return keys
	}
	for _, p := range all[0].conditions[0].pairs() {
		keys = append(keys, p.key)
	}
	return keys
}

// part is a piece of an expression that is meant to match one value: what
// stands between .*, commas and slashes.
type part struct {
	text  string
	level int    // of the expression: 1 is the first below the experiment's
	key   string // whose values it matches, or is nearest to; empty: none
	meant string // the nearest value, where it matches none
	known bool   // it matches a value of key

	remedy []string // lines that say how to have what it names
}

// offer is what an expression selects from.
type offer struct {
	cells      []candidate
	refused    []candidate // those that a platform cannot have
	benchmarks []Benchmark // also those that no platform can run
	conditions Conditions
}

// explain says why the expression selects no cell: which part of it matches
// nothing, what that part could be, and an expression that selects something.
func (s selection) explain(o offer) string {
	all := o.cells
	text := fmt.Sprintf("%s '%s' selects no cell of %s.", s.kind, s.expr, strings.Join(driver.Platforms(), ", "))
	for _, alternative := range splitOutside(s.expr, '|') {
		levels := splitOutside(alternative, '/')
		if root, err := regexp.Compile(rewrite(levels[0])); err != nil || !root.MatchString(s.root) {
			continue // it is of another experiment
		}
		parts := s.parts(levels, o)
		for _, line := range slices.Concat(s.refusals(o.refused), s.reasons(levels, parts, all)) {
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
func (s selection) refusals(refused []candidate) []string {
	const most = 5
	var lines []string
	for _, c := range refused {
		if !s.matches(c.name(), c.conditions) {
			continue
		}
		if len(lines) == most {
			return append(lines, "and more")
		}
		lines = append(lines, fmt.Sprintf("%s: %v", c.name(), c.refused))
	}
	return lines
}

var separators = regexp.MustCompile(`\.[*+]\??|,|/`)

// parts takes the levels below the experiment's apart.
func (s selection) parts(levels []string, o offer) []part {
	var parts []part
	for i, level := range levels[1:] {
		for _, text := range splitParts(level) {
			p := part{text: text, level: i + 1}
			p.find(o.cells, s.flat)
			if languages := o.withoutPlatform(p.text); !p.known && languages != nil {
				p.key, p.meant, p.remedy = "benchmark", "", languages
			} else {
				p.remedy = o.variable(p, s.flat)
			}
			parts = append(parts, p)
		}
	}
	return parts
}

// withoutPlatform says of the benchmarks that the text matches and no platform
// can run which languages they have.
func (o offer) withoutPlatform(text string) []string {
	re, err := regexp.Compile(rewrite(text))
	if err != nil {
		return nil
	}
	var lines []string
	runs := valuesOf(o.cells, "benchmark")
	for i := range o.benchmarks {
		b := &o.benchmarks[i]
		config, err := b.config()
		if err != nil || slices.Contains(runs, b.Name) || !re.MatchString("benchmark="+b.Name) {
			continue
		}
		var languages []string
		for _, l := range config.Languages {
			languages = append(languages, l.Name)
		}
		lines = append(lines, fmt.Sprintf("%s has no language of platform %s; it has %s",
			b.Name, strings.Join(driver.Platforms(), ", "), strings.Join(languages, ", ")))
	}
	return lines
}

// variable says which variable makes cells of the memory or the size that a
// part names, where the experiment leaves that open.
func (o offer) variable(p part, flat bool) []string {
	_, value, named := strings.Cut(p.text, "=")
	if !named {
		value = p.text
	}
	switch {
	case o.conditions.Sizes == nil && slices.Contains(Sizes, Size(value)) && (!named || p.key == "size"):
		return []string{"cells of that size: set SEBS_SIZE=" + value}
	case o.conditions.Memory == nil && (named && p.key == "memory" || !named && !flat && p.level > 1):
		if mb, err := strconv.Atoi(value); err == nil && mb >= minMemory && mb <= maxMemory {
			return o.memory(mb)
		}
	}
	return nil
}

// memory says how to have cells with mb MB, or which sizes there are.
func (o offer) memory(mb int) []string {
	var lines []string
	var platforms []string
	for _, c := range o.cells {
		if slices.Contains(platforms, c.platform) {
			continue
		}
		platforms = append(platforms, c.platform)
		sizes := c.features.Memory
		if sizes.Has(mb) {
			return []string{fmt.Sprintf("cells of that memory: set SEBS_MEMORY=%d", mb)}
		}
		line := fmt.Sprintf("platform %s has no functions with %d MB, it has %s", c.platform, mb, sizes)
		if next, ok := sizes.AtLeast(mb); ok {
			line += fmt.Sprintf(": set SEBS_MEMORY=%d", next)
		}
		lines = append(lines, line)
	}
	return lines
}

// splitParts splits a level at .* and commas outside brackets and parentheses,
// without anchors and empty parts.
func splitParts(level string) []string {
	var parts []string
	for _, piece := range splitOutside(level, ',') {
		start, depth := 0, 0
		cut := func(end int) {
			if text := strings.Trim(piece[start:end], "^$ "); text != "" {
				parts = append(parts, text)
			}
		}
		for i := 0; i < len(piece); i++ {
			switch piece[i] {
			case '\\':
				i++
			case '[', '(':
				depth++
			case ']', ')':
				depth--
			case '.':
				if m := separators.FindStringIndex(piece[i:]); depth == 0 && m != nil && m[0] == 0 {
					cut(i)
					i += m[1] - 1
					start = i + 1
				}
			}
		}
		cut(len(piece))
	}
	return parts
}

// find finds the key whose values the part matches, those of its own level
// first, or else the nearest value.
func (p *part) find(all []candidate, flat bool) {
	keys := keysOf(all)
	slices.SortStableFunc(keys, func(a, b string) int { return p.strays(a, all, flat) - p.strays(b, all, flat) })
	re, err := regexp.Compile(rewrite(p.text))
	if err != nil {
		return
	}
	for _, key := range keys {
		for _, value := range valuesOf(all, key) {
			if re.MatchString(key + "=" + value) {
				p.key, p.known = key, true
				return
			}
		}
	}
	key, word, named := strings.Cut(p.text, "=")
	if !named {
		key, word = "", p.text
	} else if !slices.Contains(keys, key) {
		key, _ = nearest.Word(key, keys)
	}
	if key != "" {
		keys = []string{key}
	}
	p.key = key
	var meant []string
	for one := range strings.SplitSeq(strings.Trim(word, "()"), "|") {
		k, name := nearestValue(one, keys, all, named)
		if k != "" {
			p.key, keys = k, []string{k}
		}
		if name == "" {
			return
		}
		meant = append(meant, name)
	}
	if p.meant = strings.Join(meant, "|"); len(meant) > 1 {
		p.meant = "(" + p.meant + ")"
	}
	if named {
		p.meant = p.key + "=" + p.meant
	}
}

// nearestValue returns the value that a word is most like, and its key; the
// value is empty if it is like none, and so is the key if it is of none. After a key= the value's beginning is wanted.
func nearestValue(word string, keys []string, all []candidate, begins bool) (key, best string) {
	for _, k := range keys {
		for _, value := range valuesOf(all, k) {
			for _, name := range namesOf(k, value) {
				if begins && !strings.HasPrefix(value, name) {
					continue
				}
				if language, _, ok := strings.Cut(word, "-"); ok && k == "runtime" && language == strings.Split(value, "-")[0] {
					return k, "" // another version is not what was meant
				}
				if closer, ok := nearest.Word(word, []string{best, name}); ok && closer != best {
					key, best = k, name
				}
			}
		}
	}
	return key, best
}

// strays returns 0 if the values of a key are matched at the part's level, and
// 1 if not: with -bench a key has a level of its own, and those after the
// variant, which not every name has, may have two.
func (p *part) strays(key string, all []candidate, flat bool) int {
	if !flat {
		if slices.Contains(functionKeys, key) == (p.level == 1) && p.level <= 2 {
			return 0
		}
		return 1
	}
	keys := keysOf(all)
	without := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == "variant" })
	for _, names := range [][]string{keys, without} {
		if p.level <= len(names) && names[p.level-1] == key {
			return 0
		}
	}
	return 1
}

// namesOf returns how a value may be written: a benchmark by its number or
// name, a runtime by its language.
func namesOf(key, value string) []string {
	names := []string{value}
	switch key {
	case "benchmark":
		if number, name, ok := strings.Cut(value, "."); ok {
			names = append(names, name, number)
		}
	case "runtime":
		if language, _, ok := strings.Cut(value, "-"); ok {
			names = []string{language, value}
		}
	}
	return names
}

// reasons says in lines what is wrong with the parts.
func (s selection) reasons(levels []string, parts []part, all []candidate) []string {
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
		for _, cond := range c.conditions {
			if s.run.match(s.path(c.name(), cond.name())...) {
				return []string{"what it matches is no default and runs when its values are named, as in " + c.name()}
			}
		}
	}
	return []string{"its parts stand in another order than in names: " + strings.Join(keysOf(all), ", ")}
}

// misplaced says that parts stand in another level than their keys, or nothing.
func (s selection) misplaced(levels []string, parts []part, all []candidate) string {
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
func narrow(all []candidate, p part) []candidate {
	re, err := regexp.Compile(rewrite(p.text))
	if err != nil {
		return nil
	}
	matches := func(pairs []pair) bool {
		return slices.ContainsFunc(pairs, func(have pair) bool { return re.MatchString(have.key + "=" + have.value) })
	}
	var left []candidate
	for _, c := range all {
		if matches(c.pairs()) {
			left = append(left, c)
			continue
		}
		c.conditions = slices.DeleteFunc(slices.Clone(c.conditions), func(cond condition) bool { return !matches(cond.pairs()) })
		if len(c.conditions) > 0 {
			left = append(left, c)
		}
	}
	return left
}

// corrected returns an expression with the nearest values in the order of
// names, if it selects something.
func (s selection) corrected(root string, parts []part, all []candidate) string {
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
				if text[key] != "" && slices.Contains(functionKeys, key) == function {
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
	other, err := newSelection(s.root, s.kind, expr, "")
	if err != nil {
		return ""
	}
	other.skip = s.skip
	for _, c := range all {
		if other.wants(c.function, c.conditions) {
			return expr
		}
	}
	return ""
}

// listValues returns a key, if there is one, with its values on one line.
func listValues(key string, values []string) string {
	const most = 20
	if len(values) > most {
		values = append(slices.Clone(values[:most]), fmt.Sprintf("and %d more", len(values)-most))
	}
	text := strings.Join(values, ", ")
	if key != "" {
		text = key + ": " + text
	}
	switch key {
	case "platform":
		text += " (others are linked by -tags or an import"
		if tags := driver.Tags(); len(tags) > 0 {
			text += ": " + strings.Join(tags, ", ")
		}
		text += ")"
	case "benchmark":
		text += " (those passed to Cells, and SEBS_BENCHMARKS)"
	}
	return text
}
