package results

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"path/filepath"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// later is a line of usage.jsonl: what the platform told of a call after its
// answer. Lines are in the order of the records that they are of.
type later struct {
	Sequence int `json:"seq"` // of the record
	driver.Usage
}

// Platform returns the name of the platform that the cell was measured on.
func (c *Cell) Platform() string { return c.Function.Value("platform") }

// Target returns where the cell's function was called.
func (c *Cell) Target() driver.Target { return c.header.Target }

// Metered reports whether the platform tells usage after answers too.
func (c *Cell) Metered() bool { return c.header.Metered }

// told reports whether a call's usage came with its answer: all that the platform
// tells, and where it tells more later, what it billed, which it knows last.
func (c *Cell) told(v *Invocation) bool {
	return v.Usage != nil && (v.Usage.Billed > 0 || !c.header.Metered)
}

// merged returns what came with an answer, and of what was told later the rest.
func merged(with, later *driver.Usage) *driver.Usage {
	if with == nil || later == nil {
		return cmp.Or(with, later)
	}
	return &driver.Usage{
		Duration: cmp.Or(with.Duration, later.Duration), Init: cmp.Or(with.Init, later.Init), Billed: cmp.Or(with.Billed, later.Billed),
		CPU: cmp.Or(with.CPU, later.CPU), MemoryBytes: cmp.Or(with.MemoryBytes, later.MemoryBytes),
		ConfiguredBytes: cmp.Or(with.ConfiguredBytes, later.ConfiguredBytes),
	}
}

// AskUsage asks what the platform knows by now of those calls whose usage is not
// known, or without what was billed, as driver.Meter tells it, and keeps it in the cell's folder in that
// of the run. It returns of how many calls it was told, and of how many that succeeded it is
// missing still. ask is called with some
// thousand calls at a time, so that memory does not grow with the cell; an error
// of it ends the asking, and what was told before is kept.
func (c *Cell) AskUsage(folder string, ask func([]driver.MeteredCall) iter.Seq2[driver.Usage, error]) (found, missing int, err error) {
	if c.format == 1 {
		return 0, 0, fmt.Errorf("%s: results of format 1 do not say where the function was", c.Path)
	}
	known, err := c.openLater()
	if err != nil {
		return 0, 0, err
	}
	defer known.close()
	var refused error
	file := filepath.Join(folder, filepath.FromSlash(c.Path), usageFile)
	err = stream(file, func(w *bufio.Writer) error {
		q := question{w: w, ask: ask, at: map[string]int{}}
		var d decoder
		var v Invocation
		err := c.records(&d, &v, func() (bool, error) {
			told, err := known.of(v.Sequence)
			if err != nil || told == nil && c.told(&v) {
				return err == nil, err
			}
			return true, q.add(&v, told)
		})
		if err == nil {
			err = q.put()
		}
		found, missing, refused = q.found, q.missing, q.refused
		if err == nil && found == 0 {
			return errNothing // the file stays as it is
		}
		return err
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return found, missing, errors.Join(err, refused)
}

// errNothing is why usage.jsonl is not written.
var errNothing = errors.New("nothing was told")

// The bounds of a question: calls that are asked for, and records that wait to be
// written with what is told of them.
const (
	mostAsked   = 5000
	mostWaiting = 4 * mostAsked
)

// question is a part of a cell's calls, in their order.
type question struct {
	w   *bufio.Writer
	ask func([]driver.MeteredCall) iter.Seq2[driver.Usage, error]

	waiting []later              // of which something is known, or is asked
	told    []bool               // whether it is, of each
	ok      []bool               // whether the call succeeded, of each
	calls   []driver.MeteredCall // that are asked for
	at      map[string]int       // where they are in waiting, by their ids

	found   int
	missing int   // ok, and not told
	refused error // ends the asking
}

// add adds a call of which told is known; nil: nothing.
func (q *question) add(v *Invocation, told *driver.Usage) error {
	l := later{Sequence: v.Sequence}
	if told != nil {
		l.Usage = *told
	} else if q.refused == nil {
		q.calls = append(q.calls, driver.MeteredCall{
			Request: v.Request, PlatformRequest: v.PlatformRequest,
			Sent: time.UnixMicro(v.Sent), Received: time.UnixMicro(v.Sent).Add(v.Client),
		})
		for _, id := range []string{v.Request, v.PlatformRequest} {
			if id != "" {
				q.at[id] = len(q.waiting)
			}
		}
	}
	l.Request, l.PlatformRequest = v.Request, v.PlatformRequest
	q.waiting, q.told, q.ok = append(q.waiting, l), append(q.told, told != nil), append(q.ok, v.OK)
	if len(q.calls) == mostAsked || len(q.waiting) == mostWaiting {
		return q.put()
	}
	return nil
}

// put asks, and writes what is known.
func (q *question) put() error {
	if len(q.calls) > 0 && q.refused == nil {
		for u, err := range q.ask(q.calls) {
			if err != nil {
				q.refused = err
				break
			}
			i, ok := q.at[u.Request]
			if !ok {
				i, ok = q.at[u.PlatformRequest]
			}
			if !ok || q.told[i] {
				continue
			}
			u.Request, u.PlatformRequest = q.waiting[i].Request, q.waiting[i].PlatformRequest
			q.waiting[i].Usage, q.told[i] = u, true
			q.found++
		}
	}
	for i, l := range q.waiting {
		if !q.told[i] {
			if q.ok[i] {
				q.missing++
			}
			continue
		}
		data, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("usage of %s: %w", l.Request, err)
		}
		if _, err := q.w.Write(append(data, '\n')); err != nil {
			return err
		}
	}
	q.waiting, q.told, q.ok, q.calls = q.waiting[:0], q.told[:0], q.ok[:0], q.calls[:0]
	clear(q.at)
	return nil
}

// laterReader reads usage.jsonl beside the records. A nil one has nothing.
type laterReader struct {
	file  string
	f     fs.File
	lines *lineReader
	n     int
	next  later
	ended bool
}

// openLater opens the cell's usage.jsonl, nil if there is none.
func (c *Cell) openLater() (*laterReader, error) {
	l := &laterReader{file: path.Join(c.Path, usageFile)}
	var err error
	if l.f, err = c.fsys.Open(l.file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	l.lines = newLineReader(l.f)
	l.next.Sequence = -1
	return l, nil
}

func (l *laterReader) close() {
	if l != nil {
		l.f.Close()
	}
}

// of returns what is told of a record, nil if nothing is. It is asked in the
// order of records.
func (l *laterReader) of(sequence int) (*driver.Usage, error) {
	if l == nil {
		return nil, nil
	}
	for !l.ended && l.next.Sequence < sequence {
		if err := l.read(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w: the line is damaged: delete the file, and make usage asks again", l.file, l.n, err)
		}
	}
	if l.ended || l.next.Sequence != sequence {
		return nil, nil
	}
	u := l.next.Usage
	u.Request, u.PlatformRequest = "", "" // the record has them
	return &u, nil
}

// read reads the next line. A last one that is not whole is left out.
func (l *laterReader) read() error {
	line, whole, err := l.lines.next()
	l.n++
	if errors.Is(err, io.EOF) || err == nil && !whole && !json.Valid(line) {
		l.ended = true
		return nil
	}
	if err != nil {
		return err
	}
	before := l.next.Sequence
	l.next = later{}
	if err := json.Unmarshal(line, &l.next); err != nil {
		return err
	}
	if l.next.Sequence <= before {
		return fmt.Errorf("seq %d follows seq %d", l.next.Sequence, before)
	}
	return nil
}
