package interpreter

import (
	"fmt"
	"strings"
)

// mostWords is how much of what an executable complained is shown.
const mostWords = 300

// inItsWords adds to an error of a program the last line that it printed, which
// tells more than its status.
func inItsWords(err error, printed string) error {
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(printed, "?")), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	// Node.js ends with its version, after the reason.
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); strings.Contains(line, "rror") {
			last = line
			break
		}
	}
	if last == "" {
		return err
	}
	if len(last) > mostWords {
		last = strings.ToValidUTF8(last[:mostWords], "") + "…"
	}
	return fmt.Errorf("%w: %s", err, last)
}
