package sim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// conn is the client's end of the connection to a sandbox.
type conn struct {
	net.Conn
	sandbox *sandbox
	queued  time.Duration
	failure atomic.Pointer[driver.Failure] // why the sandbox ended
}

var _ driver.Sandbox = (*conn)(nil)

// dial opens a connection: it waits for a place and starts a sandbox.
func (f *function) dial(ctx context.Context) (net.Conn, error) {
	s, queued, err := f.acquire(ctx)
	if err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	c := &conn{Conn: near, sandbox: s, queued: queued}
	f.mu.Lock()
	s.peer = far
	dead := s.dead
	f.mu.Unlock()
	if dead {
		return nil, &driver.Failure{Cause: driver.Crash, Detail: "the sandbox was removed while it was started"}
	}
	go c.serve(far)
	return c, nil
}

// Queued returns how long Dial waited for a free place.
func (c *conn) Queued() time.Duration { return c.queued }

// Alive reports whether the sandbox can take another call.
func (c *conn) Alive() bool { return c.sandbox.serves() }

// Close gives the sandbox up.
func (c *conn) Close() error {
	c.sandbox.kill()
	return c.Conn.Close()
}

// Read reads from the sandbox. At the end the error is the reason for it.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

// Write writes to the sandbox.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

func (c *conn) explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
		if f := c.failure.Load(); f != nil {
			return f
		}
	}
	return err
}

// serve is the sandbox: it serves one request after another.
func (c *conn) serve(peer net.Conn) {
	defer peer.Close()
	defer c.sandbox.kill()
	r := bufio.NewReader(peer)
	var buf []byte
	for {
		var evicted time.Time // never
		if k := time.Duration(c.sandbox.model.KeepAlive); k > 0 {
			evicted = time.Now().Add(k)
		}
		if peer.SetReadDeadline(evicted) != nil { // it is closed
			return
		}
		// Ends with an error if the client gave the sandbox up, or if it was
		// retired or idle for too long.
		if _, err := r.Peek(1); err != nil || !c.sandbox.begin() {
			return
		}
		if peer.SetReadDeadline(time.Time{}) != nil {
			return
		}
		payload, err := readRequest(r, c.sandbox.fn.bytes)
		if err != nil {
			c.failure.Store(&driver.Failure{Cause: driver.Protocol, Detail: "read the request: " + err.Error()})
			return
		}
		out, err := c.sandbox.call(context.Background(), buf[:0], payload)
		if err != nil {
			return
		}
		if out.failure != nil && out.lost {
			if out.failure.Cause != driver.Network { // there, the connection just ends
				c.failure.Store(out.failure)
			}
			return
		}
		// Idle before the answer is out: its place is free for whatever the
		// client does next.
		buf = out.body
		goesOn := !out.lost && c.sandbox.end()
		if _, err := peer.Write(response(out, goesOn)); err != nil || !goesOn || !c.sandbox.sent() {
			return
		}
	}
}

// readRequest reads one request and returns its body. One that is too large is
// read to its end, but returned only so far that its size is seen.
func readRequest(r *bufio.Reader, most int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(line, []byte("POST ")) {
		return nil, fmt.Errorf("request line %.40q: want POST", line)
	}
	length := -1
	for n := 0; ; n++ {
		if line, err = r.ReadSlice('\n'); err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, fmt.Errorf("header %.40q: want a length", line)
			}
		}
		if n > 100 {
			return nil, errors.New("the request has more than 100 headers")
		}
	}
	if length < 0 {
		return nil, errors.New("the request has no Content-Length")
	}
	body := make([]byte, min(length, most+1))
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	if rest := int64(length - len(body)); rest > 0 {
		_, err = io.CopyN(io.Discard, r, rest)
	}
	return body, err
}

// causeHeader names the cause of a call that the platform refused.
const causeHeader = "X-Sim-Cause"

// response returns the HTTP response for an outcome.
func response(out outcome, goesOn bool) []byte {
	body, status := out.body, http.StatusOK
	if out.failure != nil {
		body, status = []byte(out.failure.Detail), http.StatusBadGateway
	}
	b := make([]byte, 0, 192+len(body))
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(status)...)
	b = append(b, "\r\nContent-Type: application/json\r\n"...)
	if out.failure != nil {
		b = append(b, causeHeader+": "...)
		b = append(b, out.failure.Cause...)
		b = append(b, "\r\n"...)
	}
	if !goesOn {
		b = append(b, "Connection: close\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}

// decode takes the platform's envelope off: a refused call names its cause.
func decode(_ context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
	if cause := r.Header.Get(causeHeader); cause != "" {
		return driver.Reply{}, nil, &driver.Failure{Cause: driver.Cause(cause), Detail: string(r.Body)}
	}
	if r.Status != http.StatusOK {
		return driver.Reply{}, nil, &driver.Failure{Cause: driver.Protocol, Detail: "HTTP status " + strconv.Itoa(r.Status)}
	}
	return driver.Reply{Body: r.Body}, nil, nil
}
