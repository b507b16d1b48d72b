// Package tableserver is a NoSQL server of DynamoDB's protocol as a child
// process, for functions that run on this machine: on loopback, for those who
// know a generated access key, and with its items in memory.
//
// It is dynalite where there are Node.js and npm, and else DynamoDB Local,
// where there are a JDK and Maven. Either is installed once, through its own
// package manager and with that one's settings, into the cache folder.
//
// The package refuses to keep anything beyond Stop, and to check signatures:
// the access key is the password.
package tableserver

import (
	"context"
	"crypto/rand"
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
	"github.com/sebs-go/sebs/harness/plain"
)

// The environment of a server: its access key, and in a container the address
// to listen on.
const (
	EnvAccessKey = "SEBS_TABLESERVER_ACCESS_KEY"
	EnvAddress   = "SEBS_TABLESERVER_ADDRESS"
)

// Server is a running NoSQL server.
type Server struct {
	name    string
	port    string
	access  string
	process *child.Child
	hold    io.Closer // the server ends with its standard input
	output  *output
	ended   chan struct{} // closed when the process was waited for
	waitErr error         // valid then

	stop    sync.Once
	stopErr error
}

// Available returns nil if this machine has working tools for a server, or an
// error that matches driver.ErrUnavailable and says what is wrong with them.
func Available(ctx context.Context) error {
	_, err := chosen(ctx)
	return err
}

// Start starts a server, and installs it before if this is the first time on
// this machine: then log gets what the package manager prints. The server's
// process is registered with guard, and is not bound to ctx. Where no server
// can be had, the error matches driver.ErrUnavailable and says what to install.
func Start(ctx context.Context, guard driver.Guard, log io.Writer) (*Server, error) {
	cache, err := cacheFolder()
	if err != nil {
		return nil, fmt.Errorf("start the NoSQL server: %w", err)
	}
	p, err := chosen(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the NoSQL server: %w", err)
	}
	dir, err := install(ctx, cache, p, log)
	if err != nil {
		return nil, fmt.Errorf("install the NoSQL server %s: %w", p.name, err)
	}
	s, err := launch(ctx, p, dir, guard)
	if err != nil {
		return nil, fmt.Errorf("start the NoSQL server %s: %w", p.name, err)
	}
	return s, nil
}

// cacheFolder returns where servers are installed.
func cacheFolder() (string, error) {
	dir, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
	return filepath.Join(dir, "tableserver"), err
}

// launch starts an installed program and returns once it listens.
func launch(ctx context.Context, p program, dir string, guard driver.Guard) (*Server, error) {
	s := &Server{
		name:   p.name,
		access: "SEBS" + rand.Text()[:16],
		output: newOutput(),
		ended:  make(chan struct{}),
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.run[0], p.run[1:]...)
	cmd.Dir = dir
	cmd.Env = environment.Server.Variables(EnvAccessKey + "=" + s.access)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.WaitDelay = 5 * time.Second // for output that someone else holds open
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if s.process, err = child.Start(cmd, guard); err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	s.hold = hold
	go func() {
		s.waitErr = s.process.Wait()
		close(s.ended)
	}()

	select {
	case s.port = <-s.output.port:
		return s, nil
	case <-s.ended:
		return nil, fmt.Errorf("it ended at once: %w", s.failure())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), s.Stop())
	}
}

// failure describes a process that ended by itself.
func (s *Server) failure() error {
	state := "exit status 0"
	if s.waitErr != nil {
		state = s.waitErr.Error()
	}
	if tail := s.output.tail(); tail != "" {
		state += ": " + tail
	}
	return errors.New(state)
}

// Name returns which server it is, "dynalite" or "DynamoDB Local".
func (s *Server) Name() string { return s.name }

// URL returns the server's address, "http://127.0.0.1:40001".
func (s *Server) URL() string { return "http://127.0.0.1:" + s.port }

// Region returns a region for clients, which need one.
func (s *Server) Region() string { return "us-east-1" }

// AccessKey returns the key that the server asks for.
func (s *Server) AccessKey() string { return s.access }

// SecretKey returns a secret key for clients, which need one.
func (s *Server) SecretKey() string { return s.access }

// Stop kills the server and waits for its end. A server that had ended by
// itself before is an error. A second Stop does nothing.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		select {
		case <-s.ended:
			s.stopErr = fmt.Errorf("the NoSQL server %s had ended: %w", s.name, s.failure())
			return
		default:
		}
		s.process.Kill()
		<-s.ended
		s.stopErr = ignoreClosed(s.hold.Close())
	})
	return s.stopErr
}

// ignoreClosed returns err, unless Wait has closed the pipe already.
func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// output is what a server prints: the line with its port, and the last of the
// rest.
type output struct {
	port chan string // receives the port once

	mu   sync.Mutex
	last []byte
	sent bool
}

// mostOutput is how much of a server's output is kept for errors, bytes.
const mostOutput = 4096

func newOutput() *output { return &output{port: make(chan string, 1)} }

// Write keeps the end of p and finds the line with the port.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = append(o.last, p...)
	if !o.sent {
		for line := range strings.Lines(string(o.last)) {
			if port, ok := strings.CutPrefix(line, "listening on "); ok && strings.HasSuffix(port, "\n") {
				o.port <- strings.TrimSpace(port)
				o.sent = true
				break
			}
		}
	}
	if excess := len(o.last) - mostOutput; excess > 0 {
		o.last = o.last[excess:]
	}
	return len(p), nil
}

// tail returns the end of the output.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return plain.Text(strings.TrimSpace(string(o.last)))
}
