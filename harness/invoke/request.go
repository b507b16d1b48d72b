package invoke

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// host is where connections lead.
type host struct {
	name    string // without the port
	address string // with it
	secure  bool
}

// hostOf returns the host of a URL.
func hostOf(u *url.URL) (host, error) {
	shown := u.Scheme + "://" + u.Host // its query may hold a key
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return host{}, fmt.Errorf("%q: want http://host or https://host", shown)
	}
	if u.User != nil {
		return host{}, fmt.Errorf("%q: it names a user: credentials are Authorize's", shown)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return host{u.Hostname(), net.JoinHostPort(u.Hostname(), port), u.Scheme == "https"}, nil
}

// request is a request that is ready to be sent.
type request struct {
	pool *pool
	head []byte // up to the value of Content-Length; to the end, if it has none
	body []byte
	bare bool // it has neither body nor Content-Length

	// What may be secret of it, beside the endpoint's own.
	header http.Header
	query  url.Values
}

// requestHead returns a request's head up to the value of Content-Length.
func requestHead(method string, u *url.URL, host string, h http.Header) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, u.RequestURI(), host)
	_ = h.WriteSubset(&b, ours) // to memory
	b.WriteString("Content-Length: ")
	return b.Bytes()
}

// ours are the headers that the client writes itself.
var ours = map[string]bool{"Host": true, "Content-Length": true, "Transfer-Encoding": true}

// addHeader sets the fields of more in h.
func addHeader(h, more http.Header) {
	for name, values := range more {
		h[http.CanonicalHeaderKey(name)] = values
	}
}

// prepare makes the request of a call, with credentials and signature.
func (c *Client) prepare(ctx context.Context, payload []byte) (request, error) {
	now, err := c.credentials.get(ctx)
	if err != nil {
		return request{}, err
	}
	if c.endpoint.Sign == nil {
		r := c.plain
		r.body = payload
		if now != nil {
			r.head, r.header = now.head, now.header
		}
		return r, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), bytes.NewReader(payload))
	if err != nil {
		return request{}, err
	}
	addHeader(req.Header, c.header)
	return c.seal(req, payload, now)
}

// seal makes a request to the endpoint's host ready, with credentials and
// signature.
func (c *Client) seal(req *http.Request, body []byte, now *credential) (request, error) {
	if now != nil {
		addHeader(req.Header, now.header)
	}
	if c.endpoint.Sign != nil {
		if err := c.endpoint.Sign(req, body); err != nil {
			return request{header: req.Header}, fmt.Errorf("sign the request: %w", err)
		}
	}
	return finished(c.home, req, body), nil
}

// finished returns a request as it is sent.
func finished(to *pool, req *http.Request, body []byte) request {
	name := req.Host
	if name == "" {
		name = req.URL.Host
	}
	r := request{pool: to, head: requestHead(req.Method, req.URL, name, req.Header), body: body, header: req.Header, query: req.URL.Query()}
	if len(body) == 0 && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
		r.bare = true
		r.head = append(bytes.TrimSuffix(r.head, []byte("Content-Length: ")), "\r\n"...)
	}
	return r
}

// oneWrite is how long a body may be that is copied behind the head, so that
// both are written at once.
const oneWrite = 64 << 10

// send writes a request.
func (cn *conn) send(r *request) error {
	cn.w = append(cn.w[:0], r.head...)
	if !r.bare {
		cn.w = strconv.AppendInt(cn.w, int64(len(r.body)), 10)
		cn.w = append(cn.w, "\r\n\r\n"...)
	}
	if len(r.body) <= oneWrite {
		cn.w = append(cn.w, r.body...)
		_, err := cn.raw.Write(cn.w)
		return err
	}
	if _, err := cn.raw.Write(cn.w); err != nil {
		return err
	}
	_, err := cn.raw.Write(r.body)
	return err
}
