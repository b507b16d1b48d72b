package harness

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/results"
)

// progress shows what a run is doing: one line that is rewritten on a terminal,
// which is found even though `go test` pipes the output, and plain lines
// elsewhere.
type progress struct {
	mu       sync.Mutex
	started  time.Time
	terminal *os.File  // nil: none
	plain    io.Writer // nil: none
	cells    int       // planned
	done     int
	last     time.Time
	width    int
}

// refresh is the least time between two states of the line on a terminal.
const refresh = 100 * time.Millisecond

func newProgress(started time.Time) *progress {
	p := &progress{started: started}
	if os.Getenv("CI") == "" && os.Getenv("TERM") != "dumb" {
		if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
			if width, _, err := term.GetSize(int(tty.Fd())); err == nil && width > 20 {
				p.terminal, p.width = tty, width
				return p
			}
			tty.Close()
		}
	}
	p.plain = os.Stderr
	return p
}

// plan adds cells that are going to run.
func (p *progress) plan(cells int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cells += cells
}

// unmeasured returns how many of the planned cells have no results, and how
// many were planned.
func (p *progress) unmeasured() (missing, planned int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.cells-p.done, 0), p.cells
}

// doing says what is being prepared.
func (p *progress) doing(what string, f *plannedFunction, c condition) {
	detail := f.label()
	if c.mode != "" {
		detail += " " + string(c.mode)
	}
	p.show(what+" "+detail, true, what == "build" && p.plain != nil)
}

// built says how a package came to be.
func (p *progress) built(f *plannedFunction, r build.Result) {
	how := fmt.Sprintf("built in %s", r.Took.Round(10*time.Millisecond))
	if r.Reused {
		how = "found in the store"
	}
	p.show(fmt.Sprintf("package %s: %s, %s", f.label(), how, figures.Bytes(float64(r.Size))), true, true)
}

// cellBegins says which cell is measured.
func (p *progress) cellBegins(c *Cell) { p.show(p.line(c, ""), true, false) }

// sampled shows how far a cell is. The caller holds the cell's lock.
func (p *progress) sampled(c *Cell, more bool) {
	p.mu.Lock()
	due := p.terminal != nil && (time.Since(p.last) >= refresh || !more)
	p.mu.Unlock()
	if !due {
		return
	}
	text := fmt.Sprintf("%d samples", c.sample.Counted)
	if n := c.sample.Attempts - c.sample.OK; n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	if width, ok := c.sampler.relative(); ok {
		text += fmt.Sprintf(", interval ±%.1f %%", 100*width)
	}
	text += fmt.Sprintf(", %s left at most", (c.sampler.bound - c.sampler.measured).Round(time.Second))
	p.show(p.line(c, text), false, false)
}

// cellDone says what a cell found.
func (p *progress) cellDone(c *Cell, s *results.Summary) {
	p.mu.Lock()
	p.done++
	p.mu.Unlock()
	text := fmt.Sprintf("%d samples", s.Counted)
	if n := s.Failed(); n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	if m := s.Metric(results.ClientTime); m.N > 0 {
		text += ", median " + figures.Duration(m.Median.Value)
		if in := m.Median.Interval; !in.IsZero() {
			text += " (" + figures.Duration(in.Low) + " – " + figures.Duration(in.High) + ")"
		}
	}
	p.show(p.line(c, text), true, true)
}

// line describes a cell.
func (p *progress) line(c *Cell, text string) string {
	words := []string{c.fn.label(), strings.ReplaceAll(c.cond.name(), ",", " ")}
	if text != "" {
		words[len(words)-1] += ":"
		words = append(words, text)
	}
	return strings.Join(words, " ")
}

// show writes a state; always: even if the last one is recent; lasting: as a
// line that stays, and where there is no terminal too.
func (p *progress) show(text string, always, lasting bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text = environment.Plain(text)
	if p.cells > 0 {
		text = fmt.Sprintf("[%d/%d %s] %s", p.done, p.cells, time.Since(p.started).Round(time.Second), text)
	}
	if p.plain != nil && lasting {
		fmt.Fprintln(p.plain, "sebs "+text)
	}
	if p.terminal == nil || (!always && time.Since(p.last) < refresh) {
		return
	}
	p.last = time.Now()
	if lasting {
		fmt.Fprint(p.terminal, "\r\x1b[K"+text+"\n")
		return
	}
	if runes := []rune(text); len(runes) >= p.width {
		text = string(runes[:p.width-1])
	}
	// The cursor goes back, so that what the Go command prints begins a line.
	fmt.Fprint(p.terminal, "\r\x1b[K"+text+"\r")
}

// quiet ends the plain lines.
func (p *progress) quiet() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plain = nil
}

// finish clears the line.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r\x1b[K")
		p.terminal.Close()
		p.terminal = nil
	}
}
