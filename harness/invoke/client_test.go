package invoke_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// serve starts a server and returns a client of it, with changes to the
// endpoint.
func serve(t *testing.T, h http.HandlerFunc, change func(*driver.Endpoint)) *invoke.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	ep := driver.Endpoint{URL: srv.URL + "/call?x=1"}
	if change != nil {
		change(&ep)
	}
	return connect(t, ep)
}

func connect(t *testing.T, ep driver.Endpoint) *invoke.Client {
	t.Helper()
	c, err := invoke.New(ep)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func echo(w http.ResponseWriter, r *http.Request) {
	if body, err := io.ReadAll(r.Body); err == nil {
		answer(w, string(body))
	}
}

// answer writes an answer; a client that is gone notices itself.
func answer(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

func TestCall(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		seen, err := json.Marshal([]string{
			r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("X-Token"), fmt.Sprint(r.ContentLength), string(body),
		})
		if err == nil {
			answer(w, string(seen))
		}
	}, func(ep *driver.Endpoint) { ep.Header = http.Header{"X-Token": {"secret"}} })

	before := time.Now()
	x := c.Call(t.Context(), []byte(`{"a":1}`))
	require.Nil(t, x.Failure)
	require.JSONEq(t, `["POST","/call?x=1","application/json","secret","7","{\"a\":1}"]`, string(x.Reply.Body))
	require.Equal(t, 200, x.Status)
	require.Equal(t, len(x.Reply.Body), x.Bytes)
	require.False(t, x.Reused)
	require.False(t, x.Start.Before(before))

	p := x.Phases
	require.Zero(t, p.DNS, "the address is a number")
	require.Zero(t, p.TLS)
	require.Zero(t, p.Queue)
	require.Positive(t, p.Connect)
	require.Positive(t, p.Send)
	require.Positive(t, p.FirstByte)
	require.GreaterOrEqual(t, p.LastByte, p.FirstByte)
	require.GreaterOrEqual(t, x.Total, p.Connect+p.Send+p.LastByte)

	x = c.Call(t.Context(), []byte(`{}`))
	require.Nil(t, x.Failure)
	require.True(t, x.Reused)
	require.Zero(t, x.Phases.Connect)
}

func TestNameIsResolved(t *testing.T) {
	c := serve(t, echo, func(ep *driver.Endpoint) { ep.URL = strings.Replace(ep.URL, "127.0.0.1", "localhost", 1) })
	x := c.Call(t.Context(), []byte(`{}`))
	require.Nil(t, x.Failure)
	require.Positive(t, x.Phases.DNS)
	require.Positive(t, x.Phases.Connect)
}

func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused certificate is what is tested
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())

	x := connect(t, driver.Endpoint{URL: srv.URL, TLS: &tls.Config{RootCAs: roots}}).Call(t.Context(), []byte(`{}`))
	require.Nil(t, x.Failure)
	require.Positive(t, x.Phases.TLS)

	c := connect(t, driver.Endpoint{URL: srv.URL, TLS: &tls.Config{RootCAs: roots}})
	require.Nil(t, c.Call(t.Context(), []byte(`{}`)).Failure)
	require.True(t, c.Call(t.Context(), []byte(`{}`)).Reused, "an idle connection with TLS is used again")

	x = connect(t, driver.Endpoint{URL: srv.URL}).Call(t.Context(), []byte(`{}`))
	require.NotNil(t, x.Failure, "the certificate is nobody's")
	require.Equal(t, driver.Network, x.Failure.Cause)
	require.Contains(t, x.Failure.Detail, "certificate")
}

func TestPayloadsAndAnswersOfAnySize(t *testing.T) {
	c := serve(t, echo, nil)
	signed := serve(t, echo, func(ep *driver.Endpoint) { ep.Sign = func(*http.Request, []byte) error { return nil } })
	for _, n := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 5 << 20} {
		payload := strings.Repeat("x", n)
		for _, client := range []*invoke.Client{c, signed} {
			x := client.Call(t.Context(), []byte(payload))
			require.Nil(t, x.Failure)
			require.True(t, payload == string(x.Reply.Body), "%d bytes", n)
		}
	}
}

func TestSign(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.Header.Get("Authorization"), r.Header.Get("X-Plain"), r.URL.Path)
	}, func(ep *driver.Endpoint) {
		ep.Header = http.Header{"X-Plain": {"p"}}
		ep.Sign = func(r *http.Request, body []byte) error {
			if string(body) == "bad" {
				return errors.New("no key")
			}
			r.Header.Set("Authorization", "signed "+r.Method+" "+string(body))
			return nil
		}
	})
	for range 2 { // headers of one call do not reach the next
		x := c.Call(t.Context(), []byte("body"))
		require.Nil(t, x.Failure)
		require.Equal(t, "signed POST body p /call", string(x.Reply.Body))
	}
	x := c.Call(t.Context(), []byte("bad"))
	require.NotNil(t, x.Failure)
	require.Contains(t, x.Failure.Detail, "no key")
}

func TestStatus(t *testing.T) {
	for status, cause := range map[int]driver.Cause{
		200: "", 201: driver.Protocol, 302: driver.Protocol, 404: driver.Protocol, 413: driver.Protocol,
		429: driver.Throttled, 500: driver.Protocol, 502: driver.Protocol, 504: driver.TimedOut,
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}, nil)
		x := c.Call(t.Context(), []byte(`{}`))
		require.Equal(t, status, x.Status)
		if cause == "" {
			require.Nil(t, x.Failure)
			continue
		}
		require.NotNil(t, x.Failure, "status %d", status)
		require.Equal(t, cause, x.Failure.Cause, "status %d", status)
		require.Contains(t, x.Failure.Detail, fmt.Sprint(status))
	}
}

func TestDecode(t *testing.T) {
	c := serve(t, echo, func(ep *driver.Endpoint) {
		ep.Decode = func(_ context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
			switch string(r.Body) {
			case "failure":
				return driver.Reply{PlatformRequest: "p"}, nil, fmt.Errorf("wrapped: %w", &driver.Failure{Cause: driver.Memory, Detail: "d"})
			case "error":
				return driver.Reply{}, nil, errors.New("no envelope")
			}
			return driver.Reply{Body: r.Body[1:], PlatformRequest: fmt.Sprint(r.Status)}, nil, nil
		}
	})
	x := c.Call(t.Context(), []byte("xyz"))
	require.Nil(t, x.Failure)
	require.Equal(t, driver.Reply{Body: []byte("yz"), PlatformRequest: "200"}, x.Reply)
	x = c.Call(t.Context(), []byte("failure"))
	require.Equal(t, &driver.Failure{Cause: driver.Memory, Detail: "d"}, x.Failure)
	require.Equal(t, "p", x.Reply.PlatformRequest, "joins the platform's own record of the failure")
	x = c.Call(t.Context(), []byte("error"))
	require.Equal(t, &driver.Failure{Cause: driver.Protocol, Detail: "no envelope"}, x.Failure)
}

// Each of several calls at once has a connection of its own; later calls use
// these again.
func TestConcurrentCalls(t *testing.T) {
	const calls = 20
	var opened atomic.Int64
	var all sync.WaitGroup
	all.Add(calls)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != "again" { // all are under way at once
			all.Done()
			all.Wait()
		}
		answer(w, string(body))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c := connect(t, driver.Endpoint{URL: srv.URL})

	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			want := fmt.Sprint(i)
			x := c.Call(context.Background(), []byte(want))
			if x.Failure != nil || string(x.Reply.Body) != want || x.Reused {
				t.Errorf("call %d: %+v", i, x)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, calls, opened.Load())
	for range calls {
		require.True(t, c.Call(t.Context(), []byte("again")).Reused)
	}
	require.EqualValues(t, calls, opened.Load())

	c.CloseIdle()
	require.False(t, c.Call(t.Context(), []byte("again")).Reused)
}

// A connection that the server closed while it was idle is replaced.
func TestIdleConnectionThatWasClosed(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(srv.Close)
	c := connect(t, driver.Endpoint{URL: srv.URL})
	for range 3 {
		x := c.Call(t.Context(), []byte("x"))
		require.Nil(t, x.Failure)
		require.False(t, x.Reused)
		srv.CloseClientConnections()
	}
}

func TestConnectionsAreNotKept(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	for name, response := range map[string]string{
		"the server says so":           head + "Connection: close\r\n\r\n{}",
		"more than the answer is sent": head + "\r\n{}HTTP/1.1 200 OK\r\n",
		"HTTP/1.0":                     "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
		"ends with the connection":     "HTTP/1.1 200 OK\r\n\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, dialing(func(peer net.Conn) {
				readRequest(peer)
				answer(peer, response)
				peer.Close()
			}))
			for range 2 {
				x := c.Call(t.Context(), []byte("{}"))
				require.Nil(t, x.Failure)
				require.Equal(t, "{}", string(x.Reply.Body))
				require.False(t, x.Reused)
			}
		})
	}
}

func TestProvisionalAnswer(t *testing.T) {
	c := connect(t, dialing(func(peer net.Conn) {
		readRequest(peer)
		answer(peer, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	}))
	x := c.Call(t.Context(), []byte("{}"))
	require.Nil(t, x.Failure)
	require.Equal(t, 200, x.Status)
	require.Equal(t, "{}", string(x.Reply.Body))
}

func TestNewRefuses(t *testing.T) {
	for _, url := range []string{"", "example.com", "ftp://example.com", "http://", "http://a b", "://"} {
		_, err := invoke.New(driver.Endpoint{URL: url})
		require.ErrorContains(t, err, "endpoint", url)
	}
}

func ExampleClient() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"result":42}`)
	}))
	defer srv.Close()
	c, err := invoke.New(driver.Endpoint{URL: srv.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	for range 2 {
		x := c.Call(context.Background(), []byte(`{"n":1}`))
		fmt.Println(x.Status, string(x.Reply.Body), x.Reused, x.Failure)
	}
	// Output:
	// 200 {"result":42} false <nil>
	// 200 {"result":42} true <nil>
}
