package harness

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/selection"
)

// candidate is a function of an experiment with all its conditions.
type candidate struct {
	function
	conditions []condition
}

// names returns what of it can be selected.
func (c candidate) names() selection.Candidate {
	names := selection.Candidate{Function: c.pairs(), Default: c.isDefault, Refused: c.refused}
	for _, cond := range c.conditions {
		names.Conditions = append(names.Conditions, cond.pairs())
	}
	return names
}

// offer returns what an expression selects from: the candidates of an experiment
// with these conditions, and its benchmarks that no platform can run.
func (c Conditions) offer(all []candidate, benchmarks []Benchmark) selection.Offer {
	var o selection.Offer
	memory := map[string]driver.MemorySizes{} // by platform
	run := map[string]bool{}
	for _, one := range all {
		memory[one.platform] = one.features.Memory
		run[one.benchmark.Name] = true
		if one.refused != nil {
			o.Refused = append(o.Refused, one.names())
		} else {
			o.Cells = append(o.Cells, one.names())
		}
	}
	for i := range benchmarks {
		config, err := benchmarks[i].config()
		if err != nil || run[benchmarks[i].Name] {
			continue
		}
		b := selection.Unrun{Name: benchmarks[i].Name}
		for _, l := range config.Languages {
			b.Languages = append(b.Languages, l.Name)
		}
		o.Unrun = append(o.Unrun, b)
	}
	o.Remedy = func(key, value string) []string {
		switch mb, err := strconv.Atoi(value); {
		case key == "size" && c.Sizes == nil && slices.Contains(Sizes, Size(value)):
			return []string{"cells of that size: set SEBS_SIZE=" + value}
		case key == "memory" && c.Memory == nil && err == nil && mb >= minMemory && mb <= maxMemory:
			return haveMemory(mb, memory)
		}
		return nil
	}
	return o
}

// haveMemory says how to have cells with mb MB, or which sizes the platforms
// offer.
func haveMemory(mb int, offered map[string]driver.MemorySizes) []string {
	var lines []string
	for platform, sizes := range offered {
		if sizes.Has(mb) {
			return []string{fmt.Sprintf("cells of that memory: set SEBS_MEMORY=%d", mb)}
		}
		line := fmt.Sprintf("platform %s has no functions with %d MB, it has %s", platform, mb, sizes)
		if next, ok := sizes.AtLeast(mb); ok {
			line += fmt.Sprintf(": set SEBS_MEMORY=%d", next)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}
