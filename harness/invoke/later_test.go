package invoke_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// service is a server in memory: it answers one request after another on each
// connection. opened counts connections.
type service struct {
	opened atomic.Int64
	handle func(r *http.Request, body string) (status int, answer string)
}

func (s *service) dial(_ context.Context, _, address string) (net.Conn, error) {
	s.opened.Add(1)
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		r := bufio.NewReader(far)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			req.RemoteAddr = address // whom it was for
			status, text := s.handle(req, string(body))
			if _, err := fmt.Fprintf(far, "HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s", status, len(text), text); err != nil {
				return
			}
		}
	}()
	return near, nil
}

// get returns a follow-up request.
func get(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return r
}

// asynchronous is a service as OpenWhisk is one: a call is answered with 202 and
// an id, which has no answer until it has run for the given time.
func asynchronous(t *testing.T, takes time.Duration, every time.Duration) (*service, driver.Endpoint) {
	t.Helper()
	var accepted time.Time
	s := &service{handle: func(r *http.Request, body string) (int, string) {
		switch {
		case r.Method == http.MethodPost:
			accepted = time.Now()
			return 202, "id-of-" + body
		case r.Header.Get("Content-Length") != "" || r.ContentLength != 0:
			return 400, "a GET has no body"
		case time.Since(accepted) < takes:
			return 404, "not yet"
		}
		return 200, "answer of " + strings.TrimPrefix(r.URL.Path, "/activations/")
	}}
	return s, driver.Endpoint{
		URL: "http://whisk/act", Dial: s.dial,
		Decode: func(_ context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
			switch {
			case r.Follow == nil && r.Status == 202:
				return driver.Reply{PlatformRequest: string(r.Body), Usage: &driver.Usage{Billed: 1}},
					&driver.Follow{After: every, Request: get(t, "http://whisk/activations/"+string(r.Body))}, nil
			case r.Follow != nil && r.Status == 404:
				return driver.Reply{}, r.Follow, nil
			case r.Status == 200:
				return driver.Reply{Body: r.Body}, nil, nil
			}
			return driver.Reply{}, nil, &driver.Failure{Cause: driver.Crash, Detail: string(r.Body)}
		},
	}
}

// An answer that comes later is asked for until it is there, over connections
// that are there already, and the time of that is a phase of the call.
func TestAnswerComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ep := asynchronous(t, 3500*time.Millisecond, time.Second)
		c, err := invoke.New(ep)
		require.NoError(t, err)
		defer c.Close()
		x := c.Call(t.Context(), []byte("a"))
		require.Nil(t, x.Failure)
		require.Equal(t, "answer of id-of-a", string(x.Reply.Body))
		require.Equal(t, "id-of-a", x.Reply.PlatformRequest, "the first response said so")
		require.Equal(t, &driver.Usage{Billed: 1}, x.Reply.Usage)
		require.Equal(t, 4*time.Second, x.Phases.Poll)
		require.Equal(t, 4*time.Second, x.Total)
		require.Zero(t, x.Phases.LastByte, "of the first response")
		require.False(t, x.Reused)
		require.Equal(t, 200, x.Status)
		require.Equal(t, len("answer of id-of-a"), x.Bytes)
		require.EqualValues(t, 1, s.opened.Load())
		require.True(t, c.Call(t.Context(), []byte("b")).Reused)
	})
}

// What does not come is given up when the call is, and what is known is kept.
func TestAnswerNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ep := asynchronous(t, time.Hour, 0) // at least a millisecond is waited
		c, err := invoke.New(ep)
		require.NoError(t, err)
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		x := c.Call(ctx, []byte("a"))
		require.NotNil(t, x.Failure)
		require.Equal(t, driver.TimedOut, x.Failure.Cause)
		require.Equal(t, 10*time.Second, x.Total)
		require.Equal(t, 10*time.Second, x.Phases.Poll)
		require.Equal(t, "id-of-a", x.Reply.PlatformRequest, "joins what the platform tells of it later")
	})
}

// The driver sees the context of the call, and its failures are those of the
// call also when they come later.
func TestFollowUpFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ep := asynchronous(t, 0, time.Second)
		decode := ep.Decode
		for name, c := range map[string]struct {
			follow *driver.Follow
			err    error
			detail string
		}{
			"no request":            {&driver.Follow{}, nil, "without a request"},
			"no address":            {&driver.Follow{Request: &http.Request{URL: &url.URL{Path: "/x"}}}, nil, "want http://host"},
			"a body, once":          {&driver.Follow{Request: &http.Request{URL: &url.URL{Scheme: "http", Host: "whisk"}, Body: io.NopCloser(strings.NewReader("x"))}}, nil, "GetBody"},
			"the driver's own word": {nil, &driver.Failure{Cause: driver.Memory, Detail: "too much"}, "too much"},
			"any other error":       {nil, errors.New("no envelope"), "no envelope"},
		} {
			ep.Decode = func(ctx context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
				if r.Follow == nil {
					require.Equal(t, "call", ctx.Value(key{}))
					return decode(ctx, r)
				}
				return driver.Reply{}, c.follow, c.err
			}
			client, err := invoke.New(ep)
			require.NoError(t, err)
			x := client.Call(context.WithValue(t.Context(), key{}, "call"), []byte("a"))
			client.Close()
			require.NotNil(t, x.Failure, name)
			require.Contains(t, x.Failure.Detail, c.detail, name)
			require.Equal(t, "id-of-a", x.Reply.PlatformRequest, name)
			require.GreaterOrEqual(t, x.Phases.Poll, time.Second, name)
		}
	})
}

type key struct{}

// A follow-up may go to another host, as to a bucket where the effect of a call
// shows: without the credentials of the first, whose connections it leaves.
func TestEffectElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written, asked := "", 0
		s := &service{}
		s.handle = func(r *http.Request, body string) (int, string) {
			if r.RemoteAddr == "events:80" {
				require.Equal(t, "Bearer token", r.Header.Get("Authorization"))
				written = body
				return 204, ""
			}
			require.Equal(t, "bucket:8080", r.RemoteAddr)
			require.Equal(t, "bucket:8080", r.Host)
			require.Empty(t, r.Header.Get("Authorization"))
			require.Empty(t, r.Header.Get("X-Signed"))
			require.Equal(t, "POST", r.Method)
			require.Equal(t, "the query", body)
			if asked++; asked < 3 {
				return 404, ""
			}
			return 200, "effect of " + written
		}
		c, err := invoke.New(driver.Endpoint{
			URL: "http://events/", Dial: s.dial,
			Authorize: func(context.Context) (http.Header, time.Time, error) {
				return http.Header{"authorization": {"Bearer token"}}, time.Time{}, nil
			},
			Sign: func(r *http.Request, _ []byte) error { r.Header.Set("X-Signed", "yes"); return nil },
			Decode: func(ctx context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
				if r.Status == 200 {
					return driver.Reply{Body: r.Body}, nil, nil
				}
				if r.Follow != nil {
					return driver.Reply{}, r.Follow, nil
				}
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://bucket:8080/out", bytes.NewReader([]byte("the query")))
				return driver.Reply{}, &driver.Follow{Request: req}, err
			},
		})
		require.NoError(t, err)
		defer c.Close()
		x := c.Call(t.Context(), []byte("a"))
		require.Nil(t, x.Failure)
		require.Equal(t, "effect of a", string(x.Reply.Body))
		require.EqualValues(t, 2, s.opened.Load(), "one connection to each host")
		require.Nil(t, c.Call(t.Context(), []byte("b")).Failure)
		require.EqualValues(t, 2, s.opened.Load())
		c.CloseIdle()
		require.Nil(t, c.Call(t.Context(), []byte("c")).Failure)
		require.EqualValues(t, 4, s.opened.Load())
	})
}

// Follow-ups with TLS go to the host that they name, also where the endpoint's
// configuration names its own.
func TestFollowUpOverTLS(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		answer(w, "{}")
	}))
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	elsewhere := strings.Replace(srv.URL, "127.0.0.1", "[::1]", 1)
	c := connect(t, driver.Endpoint{
		URL: srv.URL, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, srv.Listener.Addr().String())
		},
		Decode: func(_ context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
			if r.Status == http.StatusAccepted {
				return driver.Reply{}, &driver.Follow{Request: get(t, elsewhere)}, nil
			}
			return driver.Reply{Body: r.Body}, nil, nil
		},
	})
	x := c.Call(t.Context(), []byte("{}"))
	require.Nil(t, x.Failure)
	require.Equal(t, "{}", string(x.Reply.Body))
}

// A call that is no HTTP request has no phases.
func TestInvoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := invoke.New(driver.Endpoint{Invoke: func(_ context.Context, payload []byte) (driver.Reply, error) {
			time.Sleep(time.Second)
			if string(payload) == "bad" {
				return driver.Reply{PlatformRequest: "p"}, fmt.Errorf("wrapped: %w", &driver.Failure{Cause: driver.Memory})
			}
			return driver.Reply{Body: payload}, nil
		}})
		require.NoError(t, err)
		defer c.Close()
		start := time.Now()
		require.Equal(t, invoke.Exchange{Start: start, Total: time.Second, Bytes: 2, Reply: driver.Reply{Body: []byte("{}")}}, c.Call(t.Context(), []byte("{}")))
		x := c.Call(t.Context(), []byte("bad"))
		require.Equal(t, driver.Memory, x.Failure.Cause)
		require.Equal(t, "p", x.Reply.PlatformRequest)
	})
	_, err := invoke.New(driver.Endpoint{})
	require.ErrorContains(t, err, "neither a URL nor Invoke")
}
