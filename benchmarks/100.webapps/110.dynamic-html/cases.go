package dynamichtml

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result:     comparablePage,
	MaxPackage: 1.6,
}

var (
	randomNumber = regexp.MustCompile(`<li>\d+</li>`)
	madeAt       = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
)

// comparablePage returns the lines of a page without its numbers, which are random, and
// without the time when it was made.
func comparablePage(result any) any {
	text := randomNumber.ReplaceAllString(fmt.Sprint(result), "<li>number</li>")
	var lines []any
	for line := range strings.Lines(madeAt.ReplaceAllString(text, "time")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
