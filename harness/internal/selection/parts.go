package selection

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/internal/nearest"
	"github.com/sebs-go/sebs/harness/results"
)

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

var separators = regexp.MustCompile(`\.[*+]\??|,|/`)

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
func (p *part) find(all []Candidate, flat bool) {
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
func nearestValue(word string, keys []string, all []Candidate, begins bool) (key, best string) {
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
func (p *part) strays(key string, all []Candidate, flat bool) int {
	if !flat {
		if slices.Contains(results.FunctionKeys, key) == (p.level == 1) && p.level <= 2 {
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
