package pool

import (
	"regexp"
	"strings"
	"unicode"
)

// What programs print as they end: the line that tells is neither the first nor
// the last of it.
var (
	// goPanic begins what a Go program prints, before the traces of its goroutines.
	goPanic   = regexp.MustCompile(`^\s*(panic|fatal error|unexpected fault address|SIG[A-Z]+): `)
	goroutine = regexp.MustCompile(`^goroutine \d+ .*\[`)

	// javaFatal is the line of a virtual machine's box that names what happened.
	javaFatal = regexp.MustCompile(`^#\s+(SIG|EXCEPTION|Internal Error|Out of Memory)`)

	// trailer follows the line that tells: traces, which are indented, lists of
	// where something was looked for, and banners.
	trailer = regexp.MustCompile(`^(\s|#|[\]})]+$|Node\.js v\d|\(Use .node --trace|Require stack:|- /|-----|Current thread |Thread 0x|Extension modules:|\^+$)`)

	// exception begins a message that may have more than one line.
	exception = regexp.MustCompile(`^(Uncaught |Exception in thread |Caused by: )?[\w.$"-]*(Error|Exception|Exit|Interrupt)\b`)
)

const (
	tellingBytes = 400 // of the line that tells
	messageLines = 5   // the most of an exception's message
)

// telling returns, on one line, what of a sandbox's output says why it ended:
// an exception's message, a panic, a signal; without these the last line.
func telling(printed string) string {
	var lines []string
	for line := range strings.Lines(printed) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return shown(strings.Join(tellingLines(lines), " "))
}

func tellingLines(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	traces := false
	for i := len(lines) - 1; i >= 0; i-- {
		switch {
		case goroutine.MatchString(lines[i]):
			traces = true
		case traces && goPanic.MatchString(lines[i]), javaFatal.MatchString(lines[i]):
			return []string{strings.TrimLeft(lines[i], "# \t")}
		}
	}
	last := len(lines) - 1
	for last > 0 && trailer.MatchString(lines[last]) {
		last--
	}
	first := last
	for i := last; i > max(last-messageLines, -1) && !trailer.MatchString(lines[i]); i-- {
		if exception.MatchString(lines[i]) {
			first = i
			if !strings.HasPrefix(lines[i], "Caused by: ") {
				break
			}
		}
	}
	told := lines[first : last+1]
	if rest := lines[last+1:]; len(rest) > 0 && strings.HasPrefix(rest[0], "  what(): ") { // of C++'s terminate
		told = lines[first : last+2]
	}
	return told
}

// shown returns text as one line that a terminal shows as it is.
func shown(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > tellingBytes {
		text = strings.ToValidUTF8(text[:tellingBytes], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == '\uFFFD' {
			return '.'
		}
		return r
	}, text)
}
