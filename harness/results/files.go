package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Error is an error of a folder of results that cannot be written, with the
// remedy.
type Error struct{ Err error }

func (e *Error) Error() string {
	return fmt.Sprintf("write results: %v: free space, or set SEBS_RESULTS to another folder", e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// WriteFile writes a file whole: under another name first, so that no reader and
// no kill ever sees a part of it. Its error is an [*Error].
func WriteFile(path string, data []byte) error {
	return stream(path, func(w *bufio.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteJSON is WriteFile for the JSON of v.
func WriteJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	return WriteFile(path, append(data, '\n'))
}

// stream is WriteFile for what is not in memory. The error of write itself comes
// back as it is, unless it is the writer's.
func stream(path string, write func(w *bufio.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return &Error{err}
	}
	w := bufio.NewWriterSize(f, 64<<10)
	failed := write(w)
	err = errors.Join(w.Flush(), f.Chmod(0o644), f.Close())
	if failed == nil && err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return &Error{errors.Join(err, os.Remove(f.Name()))}
	}
	if failed != nil {
		return errors.Join(failed, os.Remove(f.Name()))
	}
	return nil
}

// regular is a file system that opens regular files and folders alone: a named
// pipe would wait for somebody who writes.
type regular struct{ fs.FS }

func (r regular) Open(name string) (fs.File, error) {
	info, err := fs.Stat(r.FS, name)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, fmt.Errorf("%s: it is no regular file: move it away", name)
	}
	return r.FS.Open(name)
}

// Stat does not open the file.
func (r regular) Stat(name string) (fs.FileInfo, error) { return fs.Stat(r.FS, name) }

// Lines is a file of JSON objects, one a line. Each is handed to the kernel as
// it comes, so that a killed run loses nothing that was recorded. It is safe
// for concurrent use.
type Lines struct {
	mu   sync.Mutex
	path string
	f    *os.File // nil while it rests
	buf  []byte
	err  error
}

// CreateLines creates a file of lines. One that exists is an error.
func CreateLines(path string) (*Lines, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, &Error{err}
	}
	return &Lines{path: path, f: f}, nil
}

// Rest closes the file until the next line.
func (l *Lines) Rest() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return l.err
	}
	err := l.f.Close()
	l.f = nil
	if l.err == nil && err != nil {
		l.err = &Error{err}
	}
	return l.err
}

// Write hands lines, which line appends with their ends, to the kernel, all of
// them or none. After an error every Write fails.
func (l *Lines) Write(line func([]byte) []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.f == nil {
		var err error
		if l.f, err = os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
			l.err = &Error{err}
			return l.err
		}
	}
	l.buf = line(l.buf[:0])
	if n, err := l.f.Write(l.buf); err != nil {
		if n > 0 {
			err = errors.Join(err, cutBack(l.f, n))
		}
		l.err = &Error{err}
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

// lineReader reads lines of any length up to a bound.
type lineReader struct {
	r    *bufio.Reader
	long []byte
}

// mostLine bounds a line that is read: the longest answer, and what is recorded
// with it.
const mostLine = 64 << 20

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, 256<<10)} }

// next returns the next line without its end, valid until the next call, and
// whether it had one. The error is io.EOF when there is no further line.
func (l *lineReader) next() (line []byte, whole bool, err error) {
	l.long = l.long[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		switch {
		case err == nil && len(l.long) == 0:
			return part[:len(part)-1], true, nil
		case err == nil:
			l.long = append(l.long, part...)
			return l.long[:len(l.long)-1], true, nil
		case errors.Is(err, bufio.ErrBufferFull) && len(l.long)+len(part) <= mostLine:
			l.long = append(l.long, part...)
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, false, fmt.Errorf("a line has more than %d MB", mostLine>>20)
		case errors.Is(err, io.EOF) && len(l.long)+len(part) > 0:
			return append(l.long, part...), false, nil
		default:
			return nil, false, err
		}
	}
}
