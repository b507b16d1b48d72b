package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/harness/answer"
)

// writeFile writes a result file whole: under another name first, so that no
// reader and no kill ever sees a part of it.
func writeFile(path string, data []byte) error {
	return streamFile(path, func(w *bufio.Writer) { w.Write(data) })
}

// streamFile is writeFile for what is not in memory. w keeps its first error,
// which is returned.
func streamFile(path string, write func(w *bufio.Writer)) error {
	tmp := path + ".part"
	f, err := os.Create(tmp)
	if err != nil {
		return full(err)
	}
	w := bufio.NewWriterSize(f, 64<<10)
	write(w)
	err = errors.Join(w.Flush(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return full(errors.Join(err, os.Remove(tmp)))
	}
	return nil
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	return writeFile(path, append(data, '\n'))
}

// resultsError is an error of the results folder, with the remedy.
type resultsError struct{ err error }

func (e *resultsError) Error() string {
	return fmt.Sprintf("write results: %v: free space, or set SEBS_RESULTS to another folder", e.err)
}

func (e *resultsError) Unwrap() error { return e.err }

func full(err error) error { return &resultsError{err} }

// join joins errors. Of those of the results folder it keeps the first, and none
// if the run ended with one, which is told as the reason: the others are the
// same full disk.
func (r *run) join(errs ...error) error {
	var of *resultsError
	known := errors.As(context.Cause(r.ctx), &of)
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool {
		if !errors.As(err, &of) {
			return false
		}
		drop := known
		known = true
		return drop
	})...)
}

// lines is a file of JSON objects, one a line. Each is handed to the kernel as
// it comes, so that a killed run loses nothing that was recorded. It is safe
// for concurrent use.
type lines struct {
	mu   sync.Mutex
	path string
	f    *os.File // nil while it rests
	buf  []byte
	err  error
}

func createLines(path string) (*lines, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, full(err)
	}
	return &lines{path: path, f: f}, nil
}

// rest closes the file until the next line.
func (l *lines) rest() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return l.err
	}
	err := l.f.Close()
	l.f = nil
	if l.err == nil && err != nil {
		l.err = full(err)
	}
	return l.err
}

// write hands one line to the kernel. After an error every write fails.
func (l *lines) write(line func([]byte) []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.f == nil {
		var err error
		if l.f, err = os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
			l.err = full(err)
			return l.err
		}
	}
	l.buf = line(l.buf[:0])
	if n, err := l.f.Write(l.buf); err != nil {
		if n > 0 {
			err = errors.Join(err, cutBack(l.f, n))
		}
		l.err = full(err)
	}
	return l.err
}

// cutBack takes the last n bytes of a file away: a line that is not whole.
func cutBack(f *os.File, n int) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return f.Truncate(info.Size() - int64(n))
}

func (l *lines) close() error { return l.rest() }

// ReadInvocations reads the records of a cell's invocations.jsonl, in order. A
// last line that a killed run left incomplete is dropped.
func ReadInvocations(fsys fs.FS, path string) ([]Invocation, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Invocation
	s := bufio.NewScanner(f)
	s.Buffer(make([]byte, 64<<10), answer.MaxBytes+1<<20)
	var broken error
	for n := 1; s.Scan(); n++ {
		if broken != nil {
			return all, broken
		}
		if strings.TrimSpace(s.Text()) == "" {
			continue
		}
		var v Invocation
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			broken = fmt.Errorf("%s:%d: %w", path, n, err)
			continue
		}
		if v.Start == "" && v.Sandbox != "" { // written before records had it
			v.Start = v.start()
		}
		all = append(all, v)
	}
	return all, s.Err()
}
