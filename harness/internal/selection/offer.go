package selection

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// valuesOf returns the values of a cell's key that the candidates have, in order.
func valuesOf(all []Candidate, key string) []string {
	var values []string
	add := func(pairs results.Name) {
		for _, p := range pairs {
			if p.Key == key && !slices.Contains(values, p.Value) {
				values = append(values, p.Value)
			}
		}
	}
	for _, c := range all {
		add(c.Function)
		for _, cond := range c.Conditions {
			add(cond)
		}
	}
	return values
}

// keysOf returns the keys of the candidates' cells in the order of their names.
func keysOf(all []Candidate) []string {
	keys := slices.DeleteFunc(slices.Clone(results.FunctionKeys), func(key string) bool { return len(valuesOf(all, key)) == 0 })
	if len(all) == 0 || len(all[0].Conditions) == 0 {
		return keys
	}
	for _, p := range all[0].Conditions[0] {
		keys = append(keys, p.Key)
	}
	return keys
}

// Offer is what an expression selects from.
type Offer struct {
	Cells   []Candidate
	Refused []Candidate // those that a platform cannot have
	Unrun   []Unrun     // benchmarks that no linked platform can run

	// Remedy says in lines how to have cells with a value of the memory or the
	// size that there are none of; nil: it cannot be done.
	Remedy func(key, value string) []string
}

// Unrun is a benchmark that no linked platform can run.
type Unrun struct {
	Name      string
	Languages []string
}

// withoutPlatform says of the benchmarks that the text matches and no platform
// can run which languages they have.
func (o Offer) withoutPlatform(text string) []string {
	re, err := regexp.Compile(rewrite(text))
	if err != nil {
		return nil
	}
	var lines []string
	for _, b := range o.Unrun {
		if re.MatchString("benchmark=" + b.Name) {
			lines = append(lines, fmt.Sprintf("%s has no language of platform %s; it has %s",
				b.Name, strings.Join(driver.Platforms(), ", "), strings.Join(b.Languages, ", ")))
		}
	}
	return lines
}

// remedy says how to have cells of the memory or the size that a part names.
func (o Offer) remedy(p part, flat bool) []string {
	if o.Remedy == nil {
		return nil
	}
	_, value, named := strings.Cut(p.text, "=")
	if !named {
		value = p.text
	}
	if !named || p.key == "size" {
		if lines := o.Remedy("size", value); lines != nil {
			return lines
		}
	}
	if named && p.key == "memory" || !named && !flat && p.level > 1 {
		return o.Remedy("memory", value)
	}
	return nil
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
