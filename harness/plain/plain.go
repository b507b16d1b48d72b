// Package plain makes text of unknown origin fit to be shown and kept: what
// tools and functions print has neither control characters, which a terminal
// would obey, nor credentials.
//
// The package refuses to guess what else may be a secret: it hides what it is
// told and what stands where credentials stand, in URLs and in the settings and
// headers of package managers.
package plain

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// mask is in the place of a credential.
const mask = "[hidden]"

// credentials are where credentials stand; the first group is kept.
var credentials = []*regexp.Regexp{
	regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#"'<>]*@`),
	regexp.MustCompile(`(?i)(authorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+)[^\s"']+`),
	regexp.MustCompile(`(?i)(_auth(?:token)?["']?\s*[:=]\s*["']?)[^\s"']+`),
	regexp.MustCompile(`(?i)(_password["']?\s*[:=]\s*["']?)[^\s"']+`),
}

// Text returns text with characters that cannot be seen, or that change how
// others are seen, in the form that Go source has for them; line breaks and
// tabs stay. Secrets, and what stands where credentials stand, are masked.
func Text(text string, secrets ...string) string {
	return visible(hide(text, secrets))
}

// Line returns text as one line of at most n bytes: of a longer one the
// beginning and, since causes often stand last, the end. Blanks and line breaks
// that follow each other are one blank.
func Line(text string, n int) string {
	text = strings.Join(strings.FieldsFunc(Text(text), func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }), " ")
	if len(text) <= n {
		return text
	}
	const mark = "…"
	head := max(n-len(mark), 0) * 2 / 3
	tail := max(n-len(mark), 0) - head
	return strings.ToValidUTF8(text[:head], "") + mark + strings.ToValidUTF8(text[len(text)-tail:], "")
}

// hide masks credentials.
func hide(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			text = strings.ReplaceAll(text, s, mask)
		}
	}
	if strings.ContainsAny(text, "@_") || len(text) > len("authorization") {
		for i, c := range credentials {
			if i == 0 {
				text = c.ReplaceAllString(text, "${1}"+mask+"@")
			} else {
				text = c.ReplaceAllString(text, "${1}"+mask)
			}
		}
	}
	return text
}

// visible escapes what cannot be seen.
func visible(text string) string {
	clean := true
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case r == '\r':
			b.WriteByte('\n') // a line that a terminal would write over
		case r == '\n', r == '\t', shown(r):
			b.WriteString(text[:size])
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		text = text[size:]
	}
	return b.String()
}

// shown reports whether a character is one that is seen, and that leaves the
// others as they are. Joiners are part of how words and emoji are written.
func shown(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return true
	}
	return !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs)
}

// maxLine bounds what is kept of a line before it is written.
const maxLine = 64 << 10

// Writer makes what is written to it plain, line by line, and passes it on. It
// is safe for concurrent use.
type Writer struct {
	to      io.Writer
	secrets []string

	mu   sync.Mutex
	line []byte
	err  error
}

// NewWriter returns a writer to w.
func NewWriter(w io.Writer, secrets ...string) *Writer { return &Writer{to: w, secrets: secrets} }

// Write passes the complete lines on. After an error it writes nothing more and
// returns the error.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, p...)
	end := strings.LastIndexByte(string(w.line), '\n') + 1
	if end == 0 && len(w.line) > maxLine {
		end = len(w.line)
	}
	return len(p), w.pass(end)
}

// Flush passes on what is left of a line without an end.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(len(w.line))
}

// Close passes on what is left and closes what it writes to, if that can be
// closed.
func (w *Writer) Close() error {
	err := w.Flush()
	if c, ok := w.to.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}

// pass passes on the first n bytes of what is kept.
func (w *Writer) pass(n int) error {
	if n > 0 && w.err == nil {
		_, w.err = io.WriteString(w.to, Text(string(w.line[:n]), w.secrets...))
	}
	w.line = append(w.line[:0], w.line[n:]...)
	return w.err
}
