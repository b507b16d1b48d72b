// Package invoke calls functions and times each phase of the call, the same
// way on every platform.
//
// A Client speaks HTTP/1.1 over connections of its own instead of through
// net/http's client: a call is bound to the connection that was opened for it
// (net/http hands a call to whichever connection becomes free first, which
// turns cold starts into warm ones and leaves sandboxes nobody asked for), a
// call runs on its caller's goroutine, and nothing is ever sent twice.
//
// Credentials are fetched and requests are signed before a call begins; an
// answer that comes later is asked for as the platform says, within the call.
//
// The package refuses to retry, to follow redirects and to interpret answers
// beyond the platform's envelope.
package invoke

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Phases are the parts of a call on the client's monotonic clock. Those that
// did not happen are zero. Queue, DNS, Connect and TLS come before Send;
// FirstByte and LastByte count from the end of Send, and Poll from LastByte.
type Phases struct {
	Queue     time.Duration // waiting on the platform for a free sandbox
	DNS       time.Duration // resolving the host's name
	Connect   time.Duration // opening the connection, with DNS and Queue taken off; starting the sandbox where that is the dialer's
	TLS       time.Duration // handshake
	Send      time.Duration // writing the request
	FirstByte time.Duration // until the first byte of the response
	LastByte  time.Duration // until its last byte
	Poll      time.Duration // until the last byte of the response that had the answer, if that came later
}

// Exchange is one call as the client saw it. What is said of the response is
// said of the last one if the answer came later.
type Exchange struct {
	Start   time.Time     // when the call was made; credentials and signature were there
	Total   time.Duration // until the last byte of the answer, or until it failed
	Phases  Phases
	Reused  bool // the connection had served before
	Status  int  // HTTP status, 0 if there was no response
	Bytes   int  // length of the response's body
	Reply   driver.Reply
	Failure *driver.Failure // nil if the platform answered; the function itself may have failed all the same
}

// Client calls one function. It is safe for concurrent use. Close it to give
// its connections, and with them sandboxes, up.
type Client struct {
	endpoint    driver.Endpoint
	url         *url.URL
	header      http.Header  // of every call
	plain       request      // a call without credentials and signature
	credentials *credentials // nil: none are needed

	home *pool // of connections to the URL's host

	mu     sync.Mutex // guards what pools hold, too
	others map[host]*pool
	closed bool
}

// New returns a client of an endpoint. One with a URL is called over HTTP, any
// other through its Invoke.
func New(ep driver.Endpoint) (*Client, error) {
	c := &Client{endpoint: ep, home: &pool{}, others: map[host]*pool{}}
	if ep.URL == "" {
		if ep.Invoke == nil {
			return nil, errors.New("the endpoint has neither a URL nor Invoke")
		}
		return c, nil
	}
	u, err := url.Parse(ep.URL)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) { // without the URL, whose query may hold a key
			err = ue.Err
		}
		return nil, fmt.Errorf("the endpoint's URL: %w", err)
	}
	if c.home.host, err = hostOf(u); err != nil {
		return nil, fmt.Errorf("the endpoint's URL: %w", err)
	}
	c.url = u
	c.header = http.Header{"Content-Type": {"application/json"}}
	addHeader(c.header, ep.Header)
	c.plain = request{pool: c.home, head: requestHead(http.MethodPost, u, u.Host, c.header)}
	if ep.Authorize != nil {
		c.credentials = newCredentials(ep.Authorize, func(more http.Header) []byte {
			h := c.header.Clone()
			addHeader(h, more)
			return requestHead(http.MethodPost, u, u.Host, h)
		})
	}
	return c, nil
}

// For returns a client of a function that was deployed on a platform.
func For(ctx context.Context, p interface {
	Endpoint(context.Context, driver.Target) (driver.Endpoint, error)
}, t driver.Target) (*Client, error) {
	ep, err := p.Endpoint(ctx, t)
	if err != nil {
		return nil, err
	}
	return New(ep)
}

// Call posts payload and returns what happened. It never returns an error: a
// failed call is data. When ctx is done the connection is closed, and the
// failure's cause is a time-out if ctx had a deadline, else cancelled.
func (c *Client) Call(ctx context.Context, payload []byte) (x Exchange) {
	var err error
	var sent request
	if c.url == nil {
		err = c.invoke(ctx, payload, &x)
	} else {
		sent, err = c.prepare(ctx, payload)
		x.Start = time.Now()
		if err == nil {
			err = c.exchange(ctx, &sent, &x)
		}
	}
	if x.Total == 0 {
		x.Total = time.Since(x.Start)
	}
	if err != nil {
		x.Failure = c.hide(Failure(ctx, err), &sent)
	}
	return x
}

// invoke makes a call that is no HTTP request.
func (c *Client) invoke(ctx context.Context, payload []byte, x *Exchange) error {
	x.Start = time.Now()
	var err error
	x.Reply, err = c.endpoint.Invoke(ctx, payload)
	x.Total, x.Bytes = time.Since(x.Start), len(x.Reply.Body)
	return err
}

// exchange sends the request and receives the answer, now or later.
func (c *Client) exchange(ctx context.Context, sent *request, x *Exchange) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cn, err := c.connect(ctx, sent.pool, &x.Phases)
	if err != nil {
		return err
	}
	x.Reused = cn.served
	response, usage, err := c.roundTrip(ctx, cn, sent, x, &x.Phases)
	if err != nil {
		return err
	}
	err = c.settle(ctx, response, x)
	if x.Reply.Usage == nil {
		x.Reply.Usage = usage
	}
	return err
}

// roundTrip sends a request over a connection and receives the response, whose
// usage it returns if the connection's sandbox tells. Then the connection is
// idle again, or closed.
func (c *Client) roundTrip(ctx context.Context, cn *conn, sent *request, x *Exchange, p *Phases) (driver.Response, *driver.Usage, error) {
	stop := context.AfterFunc(ctx, cn.interrupt)
	done := false
	defer func() {
		if !done {
			stop()
			cn.raw.Close()
		}
	}()

	start := time.Now()
	sendErr := cn.send(sent)
	end := time.Now()
	p.Send = end.Sub(start)
	if sendErr != nil {
		// The peer may have answered and closed before it read all.
		if ctx.Err() != nil {
			return driver.Response{}, nil, sendErr
		}
		_ = cn.raw.SetReadDeadline(end.Add(earlyAnswer)) // fails only if reading ends at once
	}
	response, goesOn, err := cn.receive(end, x, p)
	if err != nil {
		var f *driver.Failure
		if sendErr != nil && !errors.As(err, &f) {
			return driver.Response{}, nil, sendErr
		}
		return driver.Response{}, nil, err
	}
	done = true
	usage := used(cn.raw)
	if stop() && sendErr == nil && goesOn {
		c.keep(cn)
	} else {
		cn.raw.Close()
	}
	return response, usage, nil
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

// idleLimit is how long a connection over the network is kept for reuse:
// shorter than what load balancers allow.
const idleLimit = 50 * time.Second

// earlyAnswer is how long an answer is waited for on a connection that does
// not take the rest of the request.
const earlyAnswer = time.Second

// CloseIdle gives up the connections that no call uses.
func (c *Client) CloseIdle() {
	c.mu.Lock()
	idle := c.home.idle
	c.home.idle = nil
	for _, p := range c.others {
		idle = append(idle, p.idle...)
		p.idle = nil
	}
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
