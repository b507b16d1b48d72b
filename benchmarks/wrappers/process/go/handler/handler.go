// Package handler serves a Go function over HTTP/1.1: one request at a time,
// bodies by Content-Length. Package net/http would double the time that the
// program takes to start.
//
// Without an argument it serves the socket that the platform passes as
// descriptor 3; with a port, one connection after another; with a port and
// "once", until the end of the first on which a request came. Who waited for too
// long to be connected may hang up before that.
package handler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"

	answer "github.com/sebs-go/sebs/benchmarks/wrappers/answer/go"
)

const (
	maxHead = 16 << 10 // the longest request head, bytes
	maxBody = 50 << 20 // the largest event, bytes
)

// Main serves a function until nobody calls it any more. init may be nil.
func Main[E, R any](init func() error, handler func(E) (R, error)) {
	function := answer.New(init, handler)
	if len(os.Args) < 2 {
		syscall.CloseOnExec(3)
		end(newServer(socket(3), function).serve())
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", ":"+os.Args[1])
	if err != nil {
		end(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			end(err)
		}
		s := newServer(c, function)
		if err := s.serve(); err != nil && s.used {
			fmt.Fprintln(os.Stderr, err)
		}
		_ = c.Close() // its client may have done so
		if s.used && slices.Contains(os.Args[2:], "once") {
			end(nil)
		}
	}
}

// end ends the program because of err, nil if all was served.
func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// socket is a descriptor that reads and writes wait for in the kernel, which
// takes less time than package os's poller.
type socket int

func (s socket) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(s), p)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case n == 0 && len(p) > 0, errors.Is(err, syscall.ECONNRESET):
			return 0, io.EOF
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		}
		return n, nil
	}
}

func (s socket) Write(p []byte) (int, error) {
	sent := 0
	for sent < len(p) {
		n, err := syscall.Write(int(s), p[sent:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return sent, os.NewSyscallError("write", err)
		}
		sent += n
	}
	return sent, nil
}

// server serves the requests of one connection.
type server struct {
	conn     io.ReadWriter
	function *answer.Function
	buffer   []byte // of the size of what is read at once
	filled   int    // bytes of it that were read and not used
	used     bool   // something came
}

func newServer(conn io.ReadWriter, f *answer.Function) *server {
	return &server{conn: conn, function: f, buffer: make([]byte, 64<<10)}
}

// serve answers until the connection ends. A request that cannot be understood
// is answered with status 400 and ends it.
func (s *server) serve() error {
	for {
		event, isCall, err := s.request()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && !isCall {
			if err := s.respond("200 OK\r\n"); err != nil {
				return err
			}
			continue
		}
		var call answer.Call
		if err == nil {
			call, err = s.function.Answer(event, "")
		}
		if err != nil {
			return errors.Join(err, s.respond("400 Bad Request\r\nConnection: close\r\n", []byte(err.Error())))
		}
		status := "200 OK\r\nContent-Type: application/json\r\n"
		if call.Failed {
			status += "Sebs-Error: 1\r\n"
		}
		if err := s.respond(status, call.Body...); err != nil {
			return err
		}
	}
}

// request reads a request: its body, and whether it is a call. A GET asks
// whether the server is there.
func (s *server) request() (body []byte, isCall bool, err error) {
	end := -1
	for {
		if end = bytes.Index(s.buffer[:s.filled], []byte("\r\n\r\n")); end >= 0 {
			break
		}
		if s.filled > maxHead {
			return nil, false, errors.New("the request's head is too long")
		}
		n, err := s.conn.Read(s.buffer[s.filled:])
		if err != nil {
			return nil, false, err
		}
		s.filled += n
		s.used = true
	}
	head := s.buffer[:end]
	length, err := contentLength(head)
	if err != nil {
		return nil, false, err
	}
	isCall = !bytes.HasPrefix(head, []byte("GET "))
	begin := end + 4
	had := min(s.filled-begin, length)
	if length > maxBody {
		// Who sends it reads no answer before it is sent.
		if _, err := io.CopyN(io.Discard, s.conn, int64(length-had)); err != nil {
			return nil, false, err
		}
		return nil, false, fmt.Errorf("the request has %d bytes, more than %d", length, maxBody)
	}
	body = make([]byte, length, length+96) // with room for what answer adds
	copy(body, s.buffer[begin:begin+had])
	s.filled = copy(s.buffer, s.buffer[begin+had:s.filled])
	_, err = io.ReadFull(s.conn, body[had:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return body, isCall, err
}

// contentLength returns the length that a head names, 0 if none.
func contentLength(head []byte) (int, error) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && bytes.EqualFold(name, []byte("Content-Length")) {
			n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 48)
			if err != nil {
				return 0, fmt.Errorf("the request's Content-Length: %w", err)
			}
			return int(n), nil
		}
	}
	return 0, nil
}

// together is the most bytes of an answer that are copied to be sent at once.
const together = 64 << 10

// respond writes a response with a body in parts.
func (s *server) respond(status string, body ...[]byte) error {
	length := 0
	for _, part := range body {
		length += len(part)
	}
	response := make([]byte, 0, len(status)+64+min(length, together))
	response = append(response, "HTTP/1.1 "...)
	response = append(response, status...)
	response = append(response, "Content-Length: "...)
	response = strconv.AppendInt(response, int64(length), 10)
	response = append(response, "\r\n\r\n"...)
	if length <= together {
		for _, part := range body {
			response = append(response, part...)
		}
		body = nil
	}
	if _, err := s.conn.Write(response); err != nil {
		return err
	}
	for _, part := range body {
		if _, err := s.conn.Write(part); err != nil {
			return err
		}
	}
	return nil
}
