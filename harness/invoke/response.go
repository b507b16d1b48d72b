package invoke

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// receive reads the response to a request that was sent, and reports whether
// the connection can be used again.
func (cn *conn) receive(sent time.Time, x *Exchange, p *Phases) (driver.Response, bool, error) {
	r := cn.r
	cn.in.left, cn.in.what = maxHead, "the headers"
	if _, err := r.Peek(1); err != nil {
		return driver.Response{}, false, noAnswer(err)
	}
	p.FirstByte = time.Since(sent)
	res, err := http.ReadResponse(r, nil)                          //nolint:bodyclose // readBody closes it
	for n := 0; err == nil && res.StatusCode < 200 && n < 5; n++ { // provisional
		res, err = http.ReadResponse(r, nil) //nolint:bodyclose // a provisional one has none
	}
	if err != nil {
		return driver.Response{}, false, malformed(cmp.Or(cn.in.over(), err)) // a part of a line may be malformed for that
	}
	cn.in.left, cn.in.what = answer.MaxBytes+maxOverhead, "the chunks"
	body, err := readBody(res)
	done := time.Now()
	p.LastByte = done.Sub(sent)
	x.Total = done.Sub(x.Start)
	x.Status, x.Bytes = res.StatusCode, len(body)
	if err != nil {
		return driver.Response{}, false, malformed(err)
	}
	return driver.Response{Status: res.StatusCode, Header: res.Header, Body: body}, !res.Close && r.Buffered() == 0, nil
}

// readBody reads a response's body, at most answer.MaxBytes.
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

// settle takes the platform's envelope off a response, and follows where it
// says that the answer comes later.
func (c *Client) settle(ctx context.Context, r driver.Response, x *Exchange) error {
	first := x.Total
	for {
		reply, follow, err := c.decode(ctx, r)
		reply.PlatformRequest = cmp.Or(reply.PlatformRequest, x.Reply.PlatformRequest)
		reply.Usage = cmp.Or(reply.Usage, x.Reply.Usage)
		x.Reply = reply
		if err != nil || follow == nil {
			return err
		}
		r, err = c.follow(ctx, follow, x)
		if err != nil {
			x.Total = time.Since(x.Start)
		}
		x.Phases.Poll = x.Total - first
		if err != nil {
			return err
		}
	}
}

// minFollow is the least time between a response and the request that follows
// it.
const minFollow = time.Millisecond

// follow asks for an answer that was not there yet.
func (c *Client) follow(ctx context.Context, f *driver.Follow, x *Exchange) (driver.Response, error) {
	timer := time.NewTimer(max(f.After, minFollow))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return driver.Response{}, ctx.Err()
	}
	sent, err := c.followUp(ctx, f.Request)
	if err != nil {
		return driver.Response{}, err
	}
	var p Phases // the call's are of its own request
	cn, err := c.connect(ctx, sent.pool, &p)
	if err != nil {
		return driver.Response{}, err
	}
	r, _, err := c.roundTrip(ctx, cn, &sent, x, &p)
	r.Follow = f
	return r, err
}

// followUp makes a follow-up ready. The driver's request is left as it is, since
// it may be sent again.
func (c *Client) followUp(ctx context.Context, from *http.Request) (request, error) {
	if from == nil || from.URL == nil {
		return request{}, wrong("a follow-up without a request")
	}
	to, err := hostOf(from.URL)
	if err != nil {
		return request{}, wrong("a follow-up to " + err.Error())
	}
	req := from.Clone(ctx)
	if req.Header == nil {
		req.Header = http.Header{}
	}
	var body []byte
	if from.Body != nil && from.Body != http.NoBody {
		if from.GetBody == nil {
			return request{}, wrong("a follow-up whose body can be read once only: it needs GetBody")
		}
		if req.Body, err = from.GetBody(); err != nil {
			return request{}, fmt.Errorf("body of a follow-up: %w", err)
		}
		defer req.Body.Close()
		if body, err = io.ReadAll(req.Body); err != nil {
			return request{}, fmt.Errorf("body of a follow-up: %w", err)
		}
	}
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	if to != c.home.host {
		return finished(c.poolOf(to), req, body), nil
	}
	now, err := c.credentials.get(ctx)
	if err != nil {
		return request{}, err
	}
	return c.seal(req, body, now)
}

// wrong returns a failure that is the driver's mistake.
func wrong(detail string) error {
	return &driver.Failure{Cause: driver.Protocol, Detail: "the platform's driver asks for " + detail}
}

// decode takes the platform's envelope off. The error is a failure.
func (c *Client) decode(ctx context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
	if c.endpoint.Decode != nil {
		reply, follow, err := c.endpoint.Decode(ctx, r)
		if err != nil && ctx.Err() == nil {
			err = failure(err)
		}
		return reply, follow, err
	}
	if r.Status == http.StatusOK {
		return driver.Reply{Body: r.Body}, nil, nil
	}
	status := fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status))
	switch r.Status {
	case http.StatusTooManyRequests:
		return driver.Reply{}, nil, &driver.Failure{Cause: driver.Throttled, Detail: status}
	case http.StatusGatewayTimeout:
		return driver.Reply{}, nil, &driver.Failure{Cause: driver.TimedOut, Detail: status}
	}
	return driver.Reply{}, nil, &driver.Failure{Cause: driver.Protocol, Detail: "HTTP status " + status}
}

// failure returns an error of Decode as a failure.
func failure(err error) error {
	var f *driver.Failure
	if errors.As(err, &f) {
		return err
	}
	return &driver.Failure{Cause: driver.Protocol, Detail: err.Error()}
}
