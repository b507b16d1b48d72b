package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/plain"
)

// maxMeasurements bounds the numbers of an answer, and those of a cell.
const maxMeasurements = 32

// measurementKey is what a key must look like to become a metric, which is a
// unit of bench.txt, and to be in a row of a series.
var measurementKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// measurements is which keys of a handler's measurements are metrics, and why
// others are not.
type measurements struct {
	metrics map[string]quantity // by key
	owners  map[string]string   // of the units of bench.txt, as benchstat writes them: keys
	refused map[string]int      // answers, by what is wrong with them
}

// quantity is the metric that a key is.
type quantity struct {
	metric string
	factor float64
}

func newMeasurements() measurements {
	m := measurements{metrics: map[string]quantity{}, owners: map[string]string{tidy(p95Unit): "the harness's p95 of " + ClientTime}, refused: map[string]int{}}
	for _, own := range ownMetrics {
		m.owners[tidy(benchUnit(own))] = "the harness's " + own
	}
	return m
}

// refuse notes why something that was measured is no metric.
func (m *measurements) refuse(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if m.refused[text] > 0 || len(m.refused) < maxMeasurements {
		m.refused[text]++
	}
}

// warnings says what was measured and is no metric.
func (m *measurements) warnings() []string {
	var all []string
	for _, text := range slices.Sorted(maps.Keys(m.refused)) {
		all = append(all, fmt.Sprintf("measurement: %s (%s)", text, figures.Plural(m.refused[text], "answer")))
	}
	return all
}

// each calls value with each number that the handler measured and its metric:
// times in µs and sizes in bytes, as keys say. What is no metric is in the
// record alone, and is told.
func (m *measurements) each(raw json.RawMessage, value func(metric string, x float64)) {
	var numbers map[string]any
	if err := json.Unmarshal(raw, &numbers); err != nil { // the answer's parser lets none pass
		m.refuse("%s", plain.Line(err.Error(), 200))
		return
	}
	if len(numbers) > maxMeasurements {
		m.refuse("more than %d keys: none of them is a metric", maxMeasurements)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(numbers)) {
		x, ok := numbers[key].(float64)
		_, known := m.metrics[key] // so its name is one
		switch {
		case !ok:
			m.refuse("%s is not a number", quoted(key))
		case !known && !measurementKey.MatchString(key):
			m.refuse("%s is not a name: want a letter, then at most 63 letters, digits, '_', '.' or '-', all of ASCII", quoted(key))
		case math.Abs(x) >= 1e90: // whose square is finite, also in ns
			m.refuse("%s is beyond 1e90", quoted(key))
		default:
			if is, ok := m.metric(key); ok {
				value(is.metric, x*is.factor)
			}
		}
	}
}

// metric returns the metric that a key is, unless another has its unit.
func (m *measurements) metric(key string) (quantity, bool) {
	if is, ok := m.metrics[key]; ok {
		return is, true
	}
	is := quantity{metric: key, factor: 1}
	switch {
	case strings.HasSuffix(key, "_time"):
		is = quantity{metric: key + "_ns", factor: 1000}
	case strings.HasSuffix(key, "_size"):
		is.metric = key + "_bytes"
	}
	unit := benchUnit(is.metric)
	owner, taken := m.owners[tidy(unit)]
	switch {
	case taken:
		m.refuse("%q has the unit %s in bench.txt, which is that of %s", key, unit, owner)
		return quantity{}, false
	case len(m.metrics) == maxMeasurements:
		m.refuse("%s is one key too many: a cell has %d", quoted(key), maxMeasurements)
		return quantity{}, false
	}
	m.owners[tidy(unit)], m.metrics[key] = strconv.Quote(key), is
	return is, true
}

// quoted returns a key in ASCII and of bounded length.
func quoted(key string) string { return strconv.QuoteToASCII(plain.Line(key, 40)) }

// tidy returns a unit as benchstat writes it: with "sec" for "ns" and "B" for
// "MB".
func tidy(unit string) string {
	parts := strings.FieldsFunc(unit, func(r rune) bool { return r == '-' || r == '/' })
	for i, part := range parts {
		switch part {
		case "ns":
			parts[i] = "sec"
		case "MB":
			parts[i] = "B"
		}
	}
	return strings.Join(parts, "-")
}
