package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/child"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// sandbox is a process tree that serves one function, one call at a time. It
// is a child process that reads requests from and writes answers to its
// descriptor 3, the other end of raw.
type sandbox struct {
	p      *Platform
	fn     *function
	raw    *net.UnixConn
	proc   *os.Process
	jail   jail
	dir    string // its private folder
	out    tail
	output *os.File // the pipe that out is read from

	drained chan struct{} // out has everything
	ended   chan struct{} // its process and all that it left were killed
	gone    chan struct{} // nothing is left of it in this machine

	mu    sync.Mutex
	dead  bool             // Kill was called
	cause *driver.Failure  // why, if the platform had a reason of the call
	state *os.ProcessState // how it ended
	hits  pool.Hits        // of its limits, when it ended
}

var _ pool.Sandbox = (*sandbox)(nil)

func newSandbox(p *Platform, fn *function) *sandbox {
	return &sandbox{p: p, fn: fn, drained: make(chan struct{}), ended: make(chan struct{}), gone: make(chan struct{})}
}

// jail is what keeps the processes of one sandbox together. Its methods may be
// called until remove was.
type jail interface {
	configure(attr *syscall.SysProcAttr) // how the child is started
	leave() error                        // the starting thread is in it no longer
	started(pid int)
	kill()           // everything in it that still runs; returns when that is dead
	hits() pool.Hits // how often its limits were hit so far
	remove() error   // what it left in the machine
}

// Start starts the process, which takes about a millisecond. It is running when
// Start returns; it may take a while until it reads its first request.
func (s *sandbox) Start(context.Context) (_ net.Conn, err error) {
	defer func() {
		if err != nil {
			close(s.gone)
		}
	}()
	p := s.p
	s.dir = filepath.Join(p.sandboxes, strconv.FormatInt(p.serial.Add(1), 36))
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the sandbox: %w: free space, or set TMPDIR to another folder", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeAll(s.dir))
		}
	}()
	fds, err := socketpair()
	if err != nil {
		return nil, fmt.Errorf("open a socket pair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "sandbox")
	defer theirs.Close()
	ours := os.NewFile(uintptr(fds[0]), "platform")
	raw, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		return nil, fmt.Errorf("open a socket pair: %w", err)
	}
	output, print, err := os.Pipe()
	if err != nil {
		raw.Close()
		return nil, err
	}
	defer print.Close()
	s.output = output

	attr := os.ProcAttr{
		Dir:   s.fn.root,
		Env:   slices.Concat(p.isolation.environment(s.dir), s.fn.env),
		Files: []*os.File{p.null, print, print, theirs},
	}
	running := make(chan error, 1)
	onOwnThread(func() {
		if err := s.run(&attr, running); err != nil {
			running <- err
		}
	})
	if err := <-running; err != nil {
		raw.Close()
		output.Close()
		return nil, err
	}
	s.raw = raw.(*net.UnixConn)
	go s.out.drain(output, s.drained)
	go s.bury()
	return raw, nil
}

// run starts the process on a thread of its own, sends nil to running, and
// waits for the process's end. The thread must not end before: the process
// would be killed, so that it is when this process is.
func (s *sandbox) run(attr *os.ProcAttr, running chan<- error) error {
	j, err := s.p.isolation.enter(s.dir, s.fn)
	if err != nil {
		return fmt.Errorf("set up the sandbox: %w", err)
	}
	attr.Sys = &syscall.SysProcAttr{Setsid: true}
	j.configure(attr.Sys)
	proc, err := os.StartProcess(s.fn.command[0], s.fn.command, attr)
	if err = errors.Join(err, j.leave()); err != nil {
		if proc != nil {
			killErr := proc.Kill()
			_, waitErr := proc.Wait()
			err = errors.Join(err, killErr, waitErr)
		}
		return errors.Join(err, j.remove())
	}
	s.proc, s.jail = proc, j
	j.started(proc.Pid)
	_ = limitDescriptors(proc.Pid) // it may have ended
	release := s.p.run.Guard.Process(proc.Pid)
	running <- nil

	// Its number, and its group's, are another's once it was waited for: nothing
	// may signal them then, neither this process nor the guard.
	child.AwaitExit(proc.Pid)
	j.kill()
	release()
	state, _ := proc.Wait() // without a state, nothing is known of how it ended
	hits := j.hits()
	s.mu.Lock()
	s.state, s.hits = state, hits
	s.mu.Unlock()
	close(s.ended)
	return nil
}

// bury waits for the end of a sandbox and removes what it left.
func (s *sandbox) bury() {
	<-s.ended
	_ = s.raw.CloseRead() // a reader gets what was sent, and then the end; it may be closed
	select {
	case <-s.drained:
	case <-time.After(time.Second): // a process that escaped holds it open
	}
	s.output.Close()
	<-s.drained
	err := errors.Join(s.jail.remove(), removeAll(s.dir))
	if err != nil {
		fmt.Fprintf(s.p.run.Log, "process: remove a sandbox of %s: %v\n", s.fn.pooled.Name, err)
	}
	close(s.gone)
}

// removeAll deletes a folder, also where a function took its own rights to it.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // what this did not help is told by RemoveAll
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// Gone is closed when nothing is left of the sandbox.
func (s *sandbox) Gone() <-chan struct{} { return s.gone }

// Kill kills the sandbox, because of cause if it is not nil. It does not wait.
func (s *sandbox) Kill(cause *driver.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil && !s.dead {
		s.cause = cause
	}
	s.dead = true
	_ = s.proc.Kill() // not if it was waited for; its other processes follow when it is dead
}

// Over reports whether the sandbox was killed or its process has ended.
func (s *sandbox) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return true
	default:
		return s.dead
	}
}

const (
	// patience is how long a reader of a connection that has ended waits for
	// the process's end, which says why.
	patience = time.Second

	// endTime is how long a process that was killed may take to end: one that
	// waits for a disk ends when that answers.
	endTime = 10 * time.Second
)

// LimitHits returns how often it has hit its limits.
func (s *sandbox) LimitHits(bool) pool.Hits { return s.jail.hits() }

// Failure says why a sandbox did not answer a call, after its connection has
// ended. before is how often it had hit its limits when the call began.
func (s *sandbox) Failure(before pool.Hits) *driver.Failure {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		s.Kill(&driver.Failure{Cause: driver.Crash, Detail: "the function closed its connection without an answer"})
		select {
		case <-s.ended:
		case <-time.After(endTime):
			return &driver.Failure{Cause: driver.Crash, Detail: "the function closed its connection without an answer, and its process does not end"}
		}
	}
	select {
	case <-s.drained:
	case <-timer.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		told := *s.cause
		told.Output = s.out.String()
		return &told
	}
	return s.fn.pooled.Crashed(before, s.hits, describe(s.state), s.out.String())
}

// describe says how a process ended.
func describe(state *os.ProcessState) string {
	if state == nil {
		return "it could not be waited for"
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return "killed by signal " + ws.Signal().String()
	}
	return "exit status " + strconv.Itoa(state.ExitCode())
}
