package results

import (
	"fmt"
	"strings"
)

// Pair is a key of a name and its value.
type Pair struct{ Key, Value string }

// Name is a list of keys and values in their fixed order: the name of a function
// or of a condition, of its folder, and a part of a test's name.
type Name []Pair

// String returns "memory=256,size=test,mode=cold".
func (n Name) String() string {
	words := make([]string, len(n))
	for i, p := range n {
		words[i] = p.Key + "=" + p.Value
	}
	return strings.Join(words, ",")
}

// Value returns the value of a key, empty if the name has none.
func (n Name) Value(key string) string {
	for _, p := range n {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// values returns the name as a map.
func (n Name) values() map[string]string {
	all := make(map[string]string, len(n))
	for _, p := range n {
		all[p.Key] = p.Value
	}
	return all
}

// parseName parses what String returned.
func parseName(text string) (Name, error) {
	var name Name
	for _, word := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is no key=value", word)
		}
		name = append(name, Pair{key, value})
	}
	return name, nil
}

// FunctionKeys are the keys of a function's name, in their order; variant is
// there only if it is not the default.
var FunctionKeys = []string{"platform", "benchmark", "runtime", "variant", "arch", "package", "trigger"}

// ShortName returns an experiment's name as patterns have it. A line of the
// table must not begin with Benchmark: tools take it for a result.
func ShortName(experiment string) string {
	return strings.TrimPrefix(strings.TrimPrefix(experiment, "Test"), "Benchmark")
}
