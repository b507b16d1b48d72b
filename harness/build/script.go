package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/child"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

// script is a run of bash.
type script struct {
	name string   // in messages
	args []string // of bash
	dir  string   // the working folder
	env  []string
	most time.Duration // how long it may take

	guard driver.Guard // nil: none
}

// The bounds of what is kept of a script's output.
const (
	tailLines = 30       // shown in the error of a script that failed
	tailBytes = 8 << 10  // of these lines
	maxLog    = 64 << 20 // written to the log
)

// watch starts a background process that holds the read end of a pipe from
// this process, and kills the process group when the pipe ends: no script
// outlives the process that waits for it, on any system and without a guard. The
// shell then becomes the script.
const watch = `{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & exec bash "$@" 3<&-`

// run runs the script without input and waits for it. When ctx is done, when
// the time is over and when the script has ended, everything that it started is
// killed. The error of a script that failed shows the last lines of its output.
func (s script) run(ctx context.Context, log io.Writer) (err error) {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	limited, cancel := context.WithTimeout(ctx, s.most)
	defer cancel()

	alive, hold, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer hold.Close()
	defer alive.Close()
	output, terminal, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer output.Close()

	temp, remove, err := s.temp()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer func() { err = errors.Join(err, remove()) }()

	cmd := exec.CommandContext(limited, "bash", append([]string{"-c", watch, "bash"}, s.args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(slices.Clone(s.env), "TMPDIR="+temp)
	cmd.Stdout = terminal
	cmd.Stderr = terminal
	cmd.ExtraFiles = []*os.File{alive}
	running, err := child.Start(cmd, s.guard)
	terminal.Close()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}

	last := &tail{log: log}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(last, output) // ends with the output, or when it is closed below
	}()
	failed := running.Wait()
	select {
	case <-copied:
	case <-time.After(5 * time.Second): // a process that could not be found holds it open
	}

	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", s.name, ctx.Err())
	case limited.Err() != nil:
		return fmt.Errorf("%s: it took longer than %v%s", s.name, s.most, last)
	case failed != nil:
		err := fmt.Errorf("%s: %w%s", s.name, failed, last)
		if reason := last.noRoom(); reason != 0 {
			return noRoom{reason, err}
		}
		return err
	}
	return last.failure(s.name)
}

// temp makes a folder for the script's temporary files, which tools that are
// killed leave, and returns what removes it.
func (s script) temp() (folder string, remove func() error, err error) {
	folder, err = os.MkdirTemp("", "sebs-tools-")
	if err != nil {
		return "", nil, err
	}
	release := func() {}
	if s.guard != nil {
		release = s.guard.Folder(folder)
	}
	return folder, func() error { defer release(); return os.RemoveAll(folder) }, nil
}

// noRoom is the error of a script whose tools said that they could not write.
type noRoom struct {
	reason syscall.Errno
	error
}

func (e noRoom) Unwrap() error { return e.error }

// tail passes output on to a log and keeps the last lines of it. Its String
// is the end of an error message.
type tail struct {
	log io.Writer

	mu     sync.Mutex
	passed int64
	last   []byte
	room   syscall.Errno // what tools say where they cannot write
	err    error
}

// Write never fails: a script is not stopped because its log cannot be
// written. The first such error is kept.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.passed < maxLog && t.err == nil {
		_, t.err = t.log.Write(p)
		if t.passed += int64(len(p)); t.passed >= maxLog && t.err == nil {
			_, t.err = fmt.Fprintf(t.log, "\n[the rest of the output is left out: more than %d bytes]\n", maxLog)
		}
	}
	t.last = append(t.last, p...)
	if said := bytes.ToLower(t.last); t.room == 0 {
		for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
			if bytes.Contains(said, []byte(e.Error())) {
				t.room = e
			}
		}
	}
	if over := len(t.last) - 2*tailBytes; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(p), nil
}

// noRoom returns why tools could not write, if they said so, or 0.
func (t *tail) noRoom() syscall.Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.room
}

// failure returns why the log of the script called name could not be written.
func (t *tail) failure(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return fmt.Errorf("%s: write its log: %w", name, t.err)
	}
	return nil
}

// String returns the last lines, introduced as such.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimRight(environment.Plain(string(t.last)), "\n ")
	if text == "" {
		return ", without any output"
	}
	if len(text) > tailBytes {
		text = strings.ToValidUTF8(text[len(text)-tailBytes:], "")
	}
	lines := strings.Split(text, "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return fmt.Sprintf("; the end of its log:\n%s", strings.Join(lines, "\n"))
}
