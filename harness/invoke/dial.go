package invoke

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// pool is the connections to a host that no request uses.
type pool struct {
	host
	idle []*conn // the one used last is at the end
}

// poolOf returns the connections to a host.
func (c *Client) poolOf(to host) *pool {
	if to == c.home.host {
		return c.home
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.others[to] == nil {
		c.others[to] = &pool{host: to}
	}
	return c.others[to]
}

// conn is a connection with its reader.
type conn struct {
	raw    net.Conn
	in     *bounded      // reads raw
	r      *bufio.Reader // reads in
	pool   *pool
	w      []byte // scratch for the request
	used   time.Time
	served bool // it is used again

	interrupt func() // ends what is read or written
}

// bounded reads at most left bytes.
type bounded struct {
	from io.Reader
	left int64
	what string // for errors: what is read
}

// The bounds of an answer beside its body: its headers, provisional answers
// included, and what divides a body into chunks.
const (
	maxHead     = 1 << 20
	maxOverhead = 16 << 20
)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.over()
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// over returns the error of having read all that may be read, or nil.
func (b *bounded) over() error {
	if b.left > 0 {
		return nil
	}
	return fmt.Errorf("%s of the answer are too long", b.what)
}

// connect takes the idle connection to a host that was used last, or opens one.
func (c *Client) connect(ctx context.Context, to *pool, p *Phases) (*conn, error) {
	for {
		c.mu.Lock()
		n := len(to.idle)
		if n == 0 {
			c.mu.Unlock()
			break
		}
		cn := to.idle[n-1]
		to.idle[n-1], to.idle = nil, to.idle[:n-1]
		c.mu.Unlock()
		if alive(cn, !c.endpoint.Sandbox) {
			cn.served = true
			return cn, nil
		}
		cn.raw.Close()
	}
	raw, err := c.dial(ctx, to.host, p)
	if err != nil {
		return nil, err
	}
	in := &bounded{from: raw}
	return &conn{
		pool: to, raw: raw, in: in, r: bufio.NewReaderSize(in, 16<<10),
		interrupt: func() { _ = raw.SetDeadline(time.Unix(1, 0)) }, // fails only if it is closed
	}, nil
}

// keep makes an unused connection available to later calls.
func (c *Client) keep(cn *conn) {
	cn.used = time.Now()
	c.mu.Lock()
	closed := c.closed
	if !closed {
		cn.pool.idle = append(cn.pool.idle, cn)
	}
	c.mu.Unlock()
	if closed {
		cn.raw.Close()
	}
}

// dial opens a connection and times how.
func (c *Client) dial(ctx context.Context, to host, p *Phases) (net.Conn, error) {
	start := time.Now()
	var raw net.Conn
	var err error
	if c.endpoint.Dial != nil {
		raw, err = c.endpoint.Dial(ctx, "tcp", to.address)
	} else {
		var d net.Dialer
		var dns time.Duration
		raw, err = d.DialContext(resolving(ctx, &dns), "tcp", to.address)
		p.DNS = dns
	}
	if err != nil {
		return nil, err
	}
	if s, ok := raw.(driver.Sandbox); ok {
		p.Queue = s.Queued()
	}
	p.Connect = max(time.Since(start)-p.DNS-p.Queue, 0)
	if !to.secure {
		return raw, nil
	}
	start = time.Now()
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.endpoint.TLS != nil {
		config = c.endpoint.TLS.Clone()
	}
	if config.ServerName == "" || to != c.home.host {
		config.ServerName = to.name
	}
	if to != c.home.host { // whom the credentials are not for
		config.Certificates, config.GetClientCertificate = nil, nil
	}
	secure := tls.Client(raw, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	p.TLS = time.Since(start)
	return secure, nil
}

// resolving returns a context in which a dialer notes how long it resolved a
// name. The dialer calls the trace from its own goroutine, before it returns.
func resolving(ctx context.Context, took *time.Duration) context.Context {
	var start time.Time
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { start = time.Now() },
		DNSDone:  func(httptrace.DNSDoneInfo) { *took = time.Since(start) },
	})
}
