// Package invoke calls functions and times each phase of the call, the same
// way on every platform.
//
// A Client speaks HTTP/1.1 over connections of its own instead of through
// net/http's client: a call is bound to the connection that was opened for it
// (net/http hands a call to whichever connection becomes free first, which
// turns cold starts into warm ones and leaves sandboxes nobody asked for), a
// call runs on its caller's goroutine, and nothing is ever sent twice.
//
// The package refuses to retry, to follow redirects and to interpret answers
// beyond the platform's envelope.
package invoke

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// Phases are the parts of a call on the client's monotonic clock. Those that
// did not happen are zero. Queue, DNS, Connect and TLS come before Send;
// FirstByte and LastByte count from the end of Send.
type Phases struct {
	Queue     time.Duration // waiting on the platform for a free sandbox
	DNS       time.Duration // resolving the host's name
	Connect   time.Duration // opening the connection, with DNS and Queue taken off; starting the sandbox where that is the dialer's
	TLS       time.Duration // handshake
	Send      time.Duration // writing the request
	FirstByte time.Duration // until the first byte of the answer
	LastByte  time.Duration // until its last byte
}

// Exchange is one call as the client saw it.
type Exchange struct {
	Start   time.Time     // when the call was made
	Total   time.Duration // until the last byte of the answer, or until it failed
	Phases  Phases
	Reused  bool // the connection had served before
	Status  int  // HTTP status, 0 if there was no answer
	Bytes   int  // length of the answer's body
	Reply   driver.Reply
	Failure *driver.Failure // nil if the platform answered; the function itself may have failed all the same
}

// Client calls one function. It is safe for concurrent use. Close it to give
// its connections, and with them sandboxes, up.
type Client struct {
	endpoint driver.Endpoint
	url      *url.URL
	address  string
	head     []byte // the request up to the value of Content-Length, when nothing needs signing

	mu     sync.Mutex
	idle   []*conn // the one used last is at the end
	closed bool
}

// idleLimit is how long a connection over the network is kept for reuse:
// shorter than what load balancers allow.
const idleLimit = 50 * time.Second

// New returns a client of an endpoint, whose URL must be valid.
func New(ep driver.Endpoint) (*Client, error) {
	u, err := url.Parse(ep.URL)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q: want http://host or https://host", ep.URL)
	}
	c := &Client{endpoint: ep, url: u}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	c.address = net.JoinHostPort(u.Hostname(), port)
	if ep.Sign == nil {
		var b bytes.Buffer
		fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n", u.RequestURI(), u.Host)
		if err := ep.Header.Write(&b); err != nil {
			return nil, fmt.Errorf("endpoint header: %w", err)
		}
		b.WriteString("Content-Length: ")
		c.head = b.Bytes()
	}
	return c, nil
}

// Call posts payload and returns what happened. It never returns an error: a
// failed call is data. When ctx is done the connection is closed, and the
// failure's cause is a time-out if ctx had a deadline, else cancelled.
func (c *Client) Call(ctx context.Context, payload []byte) (x Exchange) {
	x.Start = time.Now()
	err := c.exchange(ctx, payload, &x)
	if x.Total == 0 {
		x.Total = time.Since(x.Start)
	}
	if err != nil {
		x.Failure = Failure(ctx, err)
	}
	return x
}

// exchange sends the request and receives the answer.
func (c *Client) exchange(ctx context.Context, payload []byte, x *Exchange) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cn, err := c.connect(ctx, x)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = cn.raw.SetDeadline(time.Unix(1, 0)) }) // fails only if it is closed
	done := false
	defer func() {
		if !done {
			stop()
			cn.raw.Close()
		}
	}()

	start := time.Now()
	sendErr := c.send(ctx, cn, payload)
	sent := time.Now()
	x.Phases.Send = sent.Sub(start)
	if sendErr != nil {
		// The peer may have answered and closed before it read all.
		if ctx.Err() != nil {
			return sendErr
		}
		_ = cn.raw.SetReadDeadline(sent.Add(earlyAnswer)) // fails only if reading ends at once
	}
	res, body, err := receive(cn, sent, x) //nolint:bodyclose // receive reads it to its end and closes it
	if err != nil {
		var f *driver.Failure
		if sendErr != nil && !errors.As(err, &f) {
			return sendErr
		}
		return err
	}
	done = true
	usage := used(cn.raw)
	if stop() && sendErr == nil && !res.Close && cn.r.Buffered() == 0 {
		c.keep(cn)
	} else {
		cn.raw.Close()
	}
	x.Reply, err = c.decode(res, body)
	if x.Reply.Usage == nil {
		x.Reply.Usage = usage
	}
	return err
}

// used returns what the sandbox of a connection used for a call, nil if that is
// not known.
func used(raw net.Conn) *driver.Usage {
	if m, ok := raw.(driver.Metered); ok {
		if u, ok := m.Usage(); ok {
			return &u
		}
	}
	return nil
}

// earlyAnswer is how long an answer is waited for on a connection that does
// not take the rest of the request.
const earlyAnswer = time.Second

// receive reads the answer to a request that was sent.
func receive(cn *conn, sent time.Time, x *Exchange) (*http.Response, []byte, error) {
	r := cn.r
	cn.in.left, cn.in.what = maxHead, "the headers"
	if _, err := r.Peek(1); err != nil {
		return nil, nil, noAnswer(err)
	}
	x.Phases.FirstByte = time.Since(sent)
	res, err := http.ReadResponse(r, nil)
	for n := 0; err == nil && res.StatusCode < 200 && n < 5; n++ { // provisional
		res, err = http.ReadResponse(r, nil)
	}
	if err != nil {
		return nil, nil, malformed(cmp.Or(cn.in.over(), err)) // a part of a line may be malformed for that
	}
	cn.in.left, cn.in.what = answer.MaxBytes+maxOverhead, "the chunks"
	body, err := readBody(res)
	done := time.Now()
	x.Phases.LastByte = done.Sub(sent)
	x.Total = done.Sub(x.Start)
	x.Status, x.Bytes = res.StatusCode, len(body)
	if err != nil {
		return nil, nil, malformed(err)
	}
	return res, body, nil
}

// CloseIdle gives up the connections that no call uses.
func (c *Client) CloseIdle() {
	c.mu.Lock()
	idle := c.idle
	c.idle = nil
	c.mu.Unlock()
	for _, cn := range idle {
		cn.raw.Close()
	}
}

// Close gives up all idle connections, now and when the calls under way end.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.CloseIdle()
}

// send writes the request in one piece.
func (c *Client) send(ctx context.Context, cn *conn, payload []byte) error {
	if c.endpoint.Sign == nil {
		cn.w = append(cn.w[:0], c.head...)
		cn.w = strconv.AppendInt(cn.w, int64(len(payload)), 10)
		cn.w = append(cn.w, "\r\n\r\n"...)
		if len(payload) <= 64<<10 {
			cn.w = append(cn.w, payload...)
			_, err := cn.raw.Write(cn.w)
			return err
		}
		if _, err := cn.raw.Write(cn.w); err != nil {
			return err
		}
		_, err := cn.raw.Write(payload)
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), bytes.NewReader(payload))
	if err != nil {
		return err
	}
	for k, v := range c.endpoint.Header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	if err := c.endpoint.Sign(req, payload); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	w := bufio.NewWriterSize(cn.raw, 64<<10)
	if err := req.Write(w); err != nil {
		return err
	}
	return w.Flush()
}

// readBody reads an answer's body, at most answer.MaxBytes.
func readBody(res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	n := res.ContentLength
	switch {
	case n > answer.MaxBytes:
		return nil, fmt.Errorf("the answer has %d bytes, more than %d", n, answer.MaxBytes)
	case n >= 0:
		body := make([]byte, n)
		got, err := io.ReadFull(res.Body, body)
		return body[:got], err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, answer.MaxBytes+1))
	if err == nil && len(body) > answer.MaxBytes {
		err = fmt.Errorf("the answer has more than %d bytes", answer.MaxBytes)
	}
	return body, err
}

// decode takes the platform's envelope off. The error is a failure.
func (c *Client) decode(res *http.Response, body []byte) (driver.Reply, error) {
	if c.endpoint.Decode != nil {
		reply, err := c.endpoint.Decode(res.StatusCode, res.Header, body)
		var f *driver.Failure
		if err != nil && !errors.As(err, &f) {
			err = &driver.Failure{Cause: driver.Protocol, Detail: err.Error()}
		}
		return reply, err
	}
	switch res.StatusCode {
	case http.StatusOK:
		return driver.Reply{Body: body}, nil
	case http.StatusTooManyRequests:
		return driver.Reply{}, &driver.Failure{Cause: driver.Throttled, Detail: res.Status}
	case http.StatusGatewayTimeout:
		return driver.Reply{}, &driver.Failure{Cause: driver.TimedOut, Detail: res.Status}
	}
	return driver.Reply{}, &driver.Failure{Cause: driver.Protocol, Detail: "HTTP status " + res.Status}
}
