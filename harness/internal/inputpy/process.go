package inputpy

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/child"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/guard"
)

//go:embed runner.py
var runner []byte

const (
	maxMessage = 16 << 20        // bytes of a line from the child
	grace      = 3 * time.Second // for the child to end by itself
	maxOutput  = 8 << 10         // bytes of stdout and stderr that are kept
)

// Session is a child process that has, or will have, imported one input.py.
// Its operations run one at a time, in the order of the calls; state that
// input.py keeps in its module lasts as long as the session. After a time-out,
// a cancelled context or the death of the child, every further operation
// fails. Safe for concurrent use.
type Session struct {
	place string // the file, for errors
	data  string
	limit time.Duration
	tmp   string

	turn     sync.Mutex
	requests *os.File      // to the child's descriptor 3
	messages chan []byte   // lines from its descriptor 4, closed at the end
	ended    chan struct{} // closed once the child was waited for
	output   *tail

	cmd     *exec.Cmd
	child   *child.Child
	own     *guard.Guard // nil: it was given one
	release func()       // the guard of the temporary folder

	mu     sync.Mutex
	failed error // why no operation can follow
}

// Start starts python3 for the folder. Nothing of input.py runs before the
// first operation. The caller closes the session. A missing python3 matches
// driver.ErrUnavailable.
func (f Folder) Start(ctx context.Context) (*Session, error) {
	place := filepath.Join(f.Name, "input.py")
	if f.Dir != "" {
		place = filepath.Join(f.Dir, "input.py")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil, fmt.Errorf("%s: python3: %w: install Python 3, or put it into PATH, to use folders that have an input.py: %w", place, driver.ErrUnavailable, err)
	}
	if f.Dir != "" {
		if info, err := os.Stat(place); err == nil && !info.Mode().IsRegular() { // a named pipe would be waited for
			return nil, fmt.Errorf("%s: it is not a file", place)
		}
	}
	tmp, err := os.MkdirTemp("", "sebs-input-")
	if err != nil {
		return nil, fmt.Errorf("%s: temporary folder: %w", place, err)
	}
	s := &Session{
		place: place, data: f.Data, limit: f.Limit, tmp: tmp,
		messages: make(chan []byte), ended: make(chan struct{}), output: &tail{},
	}
	if s.limit == 0 {
		s.limit = DefaultLimit
	}
	if f.Guard == nil { // what goes wrong with its own is the error of Close
		if s.own, err = guard.Start(ctx, tmp, func(error) {}); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", place, err), os.RemoveAll(tmp))
		}
		f.Guard = s.own
	}
	s.release = f.Guard.Folder(tmp)
	if err := s.start(ctx, f, python); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", place, err), s.clear())
	}
	return s, nil
}

// start lays out the temporary folder and starts the child in it.
func (s *Session) start(ctx context.Context, f Folder, python string) error {
	dir := f.Dir
	if dir == "" {
		dir = filepath.Join(s.tmp, f.Name)
		if err := copyFolder(ctx, f.Files, dir); err != nil {
			return err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if s.data == "" {
		s.data = filepath.Join(dir, "data")
		if info, err := os.Stat(s.data); err != nil || !info.IsDir() {
			s.data = filepath.Join(s.tmp, "data")
			if err := os.Mkdir(s.data, 0o700); err != nil {
				return err
			}
		}
	}
	project, err := s.project(f, dir)
	if err != nil {
		return err
	}
	work := filepath.Join(s.tmp, "work")
	if err := os.Mkdir(work, 0o700); err != nil {
		return err
	}
	script := filepath.Join(s.tmp, "runner.py")
	if err := os.WriteFile(script, runner, 0o600); err != nil {
		return err
	}

	requestsRead, requestsWrite, err := os.Pipe()
	if err != nil {
		return err
	}
	defer requestsRead.Close()
	messagesRead, messagesWrite, err := os.Pipe()
	if err != nil {
		requestsWrite.Close()
		return err
	}
	defer messagesWrite.Close()

	// Operations have contexts of their own; the session lasts until Close.
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), python, script, filepath.Join(dir, "input.py"), project)
	s.cmd.Dir = work
	s.cmd.Env = environment.Input.Variables("TMPDIR=" + work)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	s.cmd.ExtraFiles = []*os.File{requestsRead, messagesWrite}
	s.cmd.WaitDelay = time.Second // for descendants that cannot be found
	if s.child, err = child.Start(s.cmd, f.Guard); err != nil {
		requestsWrite.Close()
		messagesRead.Close()
		return err
	}
	s.requests = requestsWrite
	go s.read(messagesRead)
	go s.wait()
	return nil
}

// read passes the child's lines on.
func (s *Session) read(from *os.File) {
	defer close(s.messages)
	defer from.Close()
	r := bufio.NewReaderSize(from, 64<<10)
	for {
		line, err := readLine(r, maxMessage)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.fail(fmt.Errorf("%s: read from python3: %w", s.place, err))
			}
			return
		}
		select {
		case s.messages <- line:
		case <-s.ended:
			return
		}
	}
}

// readLine returns the next line without its end; it has at most limit bytes.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, fmt.Errorf("a message has more than %d bytes", limit)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSuffix(line, []byte("\n")), err
		}
	}
}

// wait waits for the child and kills what it left.
func (s *Session) wait() {
	_ = s.child.Wait() // how it ended is in the process state
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = fmt.Errorf("%s: python3 ended: %s", s.place, s.cmd.ProcessState)
	}
	close(s.ended)
}

// fail kills the child; err is what every further operation
// returns, unless there is one already.
func (s *Session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
	s.child.Kill()
}

// Err returns why no operation can follow, or nil.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Close ends the child, everything that it started, and an operation that is
// running. A second Close does nothing.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.failed == nil {
		s.failed = fmt.Errorf("%s: the session is closed", s.place)
	}
	s.mu.Unlock()
	_ = s.requests.Close() // the child ends itself and its group; a second close is the caller's second Close
	late := time.AfterFunc(grace, func() { s.fail(nil) })
	defer late.Stop()
	<-s.ended
	if err := s.clear(); err != nil {
		return fmt.Errorf("%s: %w", s.place, err)
	}
	return nil
}

// clear deletes the temporary folder.
func (s *Session) clear() error {
	err := os.RemoveAll(s.tmp)
	if err == nil {
		s.release()
	}
	if s.own != nil {
		err = errors.Join(err, s.own.Close())
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
	cut  bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - maxOutput; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
		t.cut = true
	}
	return len(p), nil
}

// String returns the last lines, for an error: empty, or beginning with a
// newline.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(environment.Plain(string(t.kept)))
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	if len(lines) > 10 {
		lines = lines[len(lines)-10:]
	}
	for i, line := range lines {
		if len(line) > 400 {
			lines[i] = strings.ToValidUTF8(line[:400], "") + "…"
		}
	}
	return "\nits last output:\n" + strings.Join(lines, "\n")
}
