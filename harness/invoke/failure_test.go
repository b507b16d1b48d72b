package invoke_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// dialing returns an endpoint whose connections lead to peer, which runs for
// each and closes its end when it is done.
func dialing(peer func(net.Conn)) driver.Endpoint {
	return driver.Endpoint{
		URL: "http://sandbox/",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				peer(far)
			}()
			return near, nil
		},
	}
}

// readRequest reads one whole request; what is wrong with it shows in the
// answer that does not come.
func readRequest(peer net.Conn) {
	if req, err := http.ReadRequest(bufio.NewReader(peer)); err == nil {
		drain(req.Body)
	}
}

// drain reads what comes until the end.
func drain(r io.Reader) { _, _ = io.Copy(io.Discard, r) }

func TestBadAnswers(t *testing.T) {
	for _, c := range []struct {
		name, sent string
		cause      driver.Cause
		detail     string
	}{
		{"none", "", driver.Network, "without an answer"},
		{"no HTTP", "hello\r\n\r\n", driver.Protocol, "hello"},
		{"head cut off", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n", driver.Network, "in the middle"},
		{"body cut off", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", driver.Network, "in the middle"},
		{"bad length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", driver.Protocol, "Content-Length"},
		{"too long", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}", driver.Protocol, "99999999999 bytes"},
		{"bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", driver.Protocol, "chunk"},
		{"only provisional", "HTTP/1.1 100 Continue\r\n\r\n", driver.Network, "in the middle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var requests atomic.Int64
			client := connect(t, dialing(func(peer net.Conn) {
				readRequest(peer)
				requests.Add(1)
				answer(peer, c.sent)
			}))
			x := client.Call(t.Context(), []byte("{}"))
			require.NotNil(t, x.Failure)
			require.Equal(t, c.cause, x.Failure.Cause, x.Failure.Detail)
			require.Contains(t, x.Failure.Detail, c.detail)
			require.Positive(t, x.Total)
			require.EqualValues(t, 1, requests.Load(), "nothing is sent twice")
		})
	}
}

// An answer that does not end is given up, whatever of it does not.
func TestEndlessAnswers(t *testing.T) {
	for _, c := range []struct{ name, begins, goesOn, detail string }{
		{"headers", "HTTP/1.1 200 OK\r\n", "X-A: b\r\n", "the headers of the answer are too long"},
		{"a header", "HTTP/1.1 200 OK\r\nX-A: ", "bbbbbbbb", "the headers of the answer are too long"},
		{"a status", "HTTP/1.1 200 ", "okokokok", "the headers of the answer are too long"},
		{"provisional answers", "", "HTTP/1.1 100 Continue\r\n\r\n", "malformed|100|the headers"},
		{"an extension of a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "aaaaaaaa", "too long|too large"},
		{"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n0\r\n", "X-A: b\r\n", "too long|trailer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := connect(t, dialing(func(peer net.Conn) {
				readRequest(peer)
				more := []byte(strings.Repeat(c.goesOn, 4096))
				for _, err := io.WriteString(peer, c.begins); err == nil; {
					_, err = peer.Write(more)
				}
			}))
			x := client.Call(t.Context(), []byte("{}"))
			require.NotNil(t, x.Failure)
			require.Equal(t, driver.Protocol, x.Failure.Cause, x.Failure.Detail)
			require.Regexp(t, c.detail, x.Failure.Detail)
		})
	}
}

func TestChunkedAnswer(t *testing.T) {
	c := connect(t, dialing(func(peer net.Conn) {
		readRequest(peer)
		answer(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
	}))
	x := c.Call(t.Context(), []byte("{}"))
	require.Nil(t, x.Failure)
	require.Equal(t, "{}", string(x.Reply.Body))
	require.Equal(t, 2, x.Bytes)
}

func TestDialFails(t *testing.T) {
	failure := &driver.Failure{Cause: driver.Throttled, Detail: "no room"}
	for _, c := range []struct {
		err  error
		want *driver.Failure
	}{
		{fmt.Errorf("dial: %w", failure), failure},
		{errors.New("no route"), &driver.Failure{Cause: driver.Network, Detail: "no route"}},
	} {
		client := connect(t, driver.Endpoint{
			URL:  "http://sandbox",
			Dial: func(context.Context, string, string) (net.Conn, error) { return nil, c.err },
		})
		x := client.Call(t.Context(), nil)
		require.Equal(t, c.want, x.Failure)
		require.Positive(t, x.Total)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	x := connect(t, driver.Endpoint{URL: "http://" + listener.Addr().String()}).Call(t.Context(), nil)
	require.Equal(t, driver.Network, x.Failure.Cause)
	require.Contains(t, x.Failure.Detail, "refused")
}

// failingConn has the driver's word for why it ended.
type failingConn struct {
	net.Conn
	alive  bool
	queued time.Duration
}

var crashed = &driver.Failure{Cause: driver.Crash, Detail: "exit status 3"}

func (c *failingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		err = crashed
	}
	return n, err
}

func (c *failingConn) Alive() bool           { return c.alive }
func (c *failingConn) Queued() time.Duration { return c.queued }

// The driver's word counts, wherever in the exchange the sandbox died.
func TestDriverKnowsTheCause(t *testing.T) {
	for name, sent := range map[string]string{
		"before the answer":   "",
		"in the answer":       "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
		"in the head":         "HTTP/1.1 200",
		"before all was read": "unread",
	} {
		t.Run(name, func(t *testing.T) {
			ep := dialing(func(peer net.Conn) {
				if sent == "unread" {
					return
				}
				readRequest(peer)
				answer(peer, sent)
			})
			dial := ep.Dial
			ep.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dial(ctx, network, address)
				return &failingConn{Conn: c}, err
			}
			x := connect(t, ep).Call(t.Context(), make([]byte, 1<<20))
			require.Equal(t, crashed, x.Failure)
		})
	}
}

// A server may refuse a payload before it has read it.
func TestAnswerBeforeTheWholeRequest(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	go func() {
		for {
			peer, err := listener.Accept()
			if err != nil {
				return
			}
			answer(peer, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			drain(io.LimitReader(peer, 1<<20)) // takes a part
			time.AfterFunc(50*time.Millisecond, func() { peer.Close() })
		}
	}()
	x := connect(t, driver.Endpoint{URL: "http://" + listener.Addr().String()}).Call(t.Context(), make([]byte, 32<<20))
	require.NotNil(t, x.Failure)
	// If the reset overtakes the answer, it is lost: this is the network's.
	if x.Failure.Cause != driver.Network {
		require.Equal(t, driver.Protocol, x.Failure.Cause)
		require.Equal(t, 413, x.Status)
	}
}

func TestContextEnds(t *testing.T) {
	stuck := func(peer net.Conn) {
		readRequest(peer)
		drain(peer) // until the client gives up
	}
	deaf := func(peer net.Conn) { <-t.Context().Done() }
	for name, peer := range map[string]func(net.Conn){"no answer": stuck, "does not read": deaf} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, dialing(peer))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			x := c.Call(ctx, []byte("{}"))
			require.NotNil(t, x.Failure)
			require.Equal(t, driver.TimedOut, x.Failure.Cause, x.Failure.Detail)

			ctx, stop := context.WithCancelCause(t.Context())
			timer := time.AfterFunc(20*time.Millisecond, func() { stop(errors.New("interrupted by a signal")) })
			defer timer.Stop()
			x = c.Call(ctx, []byte("{}"))
			require.Equal(t, &driver.Failure{Cause: driver.Cancelled, Detail: "interrupted by a signal"}, x.Failure)
			require.False(t, x.Reused, "the connection of a call that was given up is not used again")
		})
	}
	t.Run("before the call", func(t *testing.T) {
		dialled := false
		c := connect(t, driver.Endpoint{URL: "http://sandbox", Dial: func(context.Context, string, string) (net.Conn, error) {
			dialled = true
			return nil, errors.New("dialled")
		}})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		x := c.Call(ctx, []byte("{}"))
		require.Equal(t, driver.Cancelled, x.Failure.Cause)
		require.False(t, dialled)
	})
	t.Run("while dialling", func(t *testing.T) {
		c := connect(t, driver.Endpoint{URL: "http://sandbox", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		require.Equal(t, driver.TimedOut, c.Call(ctx, []byte("{}")).Failure.Cause)
	})
}

// A driver's connection says itself whether it can be used again.
func TestAliveAndQueued(t *testing.T) {
	var conns []*failingConn
	ep := dialing(func(peer net.Conn) {
		r := bufio.NewReader(peer)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			drain(req.Body)
			answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	})
	dial := ep.Dial
	ep.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		conns = append(conns, &failingConn{Conn: c, alive: true, queued: time.Hour})
		return conns[len(conns)-1], err
	}
	c := connect(t, ep)
	x := c.Call(t.Context(), []byte("{}"))
	require.Nil(t, x.Failure)
	require.Equal(t, time.Hour, x.Phases.Queue)
	require.Zero(t, x.Phases.Connect, "what was queueing is not connecting")
	require.True(t, c.Call(t.Context(), []byte("{}")).Reused)
	conns[0].alive = false
	x = c.Call(t.Context(), []byte("{}"))
	require.Nil(t, x.Failure)
	require.False(t, x.Reused)
	require.Len(t, conns, 2)
}

// Close gives up the connection of a call under way as soon as it ends.
func TestCloseDuringCall(t *testing.T) {
	closed := make(chan struct{})
	reached, goOn := make(chan struct{}), make(chan struct{})
	c := connect(t, dialing(func(peer net.Conn) {
		readRequest(peer)
		close(reached)
		<-goOn
		answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		drain(peer)
		close(closed)
	}))
	go func() {
		<-reached
		c.Close()
		close(goOn)
	}()
	x := c.Call(t.Context(), []byte("{}"))
	require.Nil(t, x.Failure)
	<-closed
}
