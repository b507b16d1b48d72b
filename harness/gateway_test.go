package harness

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// gateway returns an endpoint over HTTP for a function that another endpoint
// calls without: it takes 70 ms to open a connection, and one that is late to
// accept a call and have its answer 40 ms after that.
func gateway(call driver.Endpoint, late bool) driver.Endpoint {
	answers := map[string][]byte{}
	serve := func(peer net.Conn) {
		defer peer.Close()
		r := bufio.NewReader(peer)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			payload, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			status, text := http.StatusOK, answers[req.URL.Path]
			if req.Method == http.MethodPost {
				reply, err := call.Invoke(context.Background(), payload)
				if text = reply.Body; err != nil {
					status, text = http.StatusInternalServerError, []byte(err.Error())
				} else if late {
					answers["/calls/1"] = reply.Body
					status, text = http.StatusAccepted, nil
				}
			}
			if _, err := fmt.Fprintf(peer, "HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s", status, len(text), text); err != nil {
				return
			}
		}
	}
	return driver.Endpoint{
		URL: "http://gateway/f",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			time.Sleep(70 * time.Millisecond)
			near, far := net.Pipe()
			go serve(far)
			return near, nil
		},
		Decode: func(ctx context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
			switch r.Status {
			case http.StatusAccepted:
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/calls/1", nil)
				return driver.Reply{PlatformRequest: "p-1"}, &driver.Follow{After: 40 * time.Millisecond, Request: req}, err
			case http.StatusOK:
				return driver.Reply{Body: r.Body, Usage: &driver.Usage{PlatformRequest: "p-2", Billed: time.Second}}, nil, nil
			}
			return driver.Reply{}, nil, fmt.Errorf("status %d: %s", r.Status, r.Body)
		},
	}
}

// TestServiceBehindAGateway: start-up is the same whether a function is called
// over HTTP or without, over a new connection or an open one, which survives
// retiring; an answer that comes later takes as long as asking for it.
func TestServiceBehindAGateway(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		http, late bool
		startup    time.Duration
	}{
		"sdk":       {false, false, 500 * ms},
		"http":      {true, false, 500 * ms},
		"http late": {true, true, 540 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const model = `{"copy": "n", "cold": {"constant": "80ms"}, "warm": {"constant": "5ms"}, "start": "300ms", "init": "200ms"}`
				c := simCell(t, model, Cold, driver.SDK, parameters{MaxSamples: 9, MaxTime: time.Hour})
				if tt.http {
					endpoint, err := c.fn.on.Endpoint(t.Context(), c.target)
					require.NoError(t, err)
					c.client, err = invoke.New(gateway(endpoint, tt.late))
					require.NoError(t, err)
					defer c.client.Close()
				}
				require.False(t, c.owns)
				for i := range 3 {
					v := c.Batch(t.Context())[0]
					require.NoError(t, v.Err())
					require.True(t, v.Counted, "retiring ends sandboxes, not connections")
					require.Equal(t, tt.startup, v.Startup())
					require.Equal(t, tt.http && i > 0, v.Reused)
					require.Equal(t, tt.http && i == 0, v.Gateway)
					connect, poll := time.Duration(0), time.Duration(0)
					if v.Gateway {
						connect = 70 * ms
					}
					if tt.late {
						poll = 40 * ms
					}
					require.Equal(t, connect, v.Connect)
					require.Equal(t, poll, v.Poll)
					require.Equal(t, tt.startup+connect+80*ms, v.Client)
					if !tt.http {
						require.Zero(t, v.Status)
						continue
					}
					require.Equal(t, 200, v.Status)
					require.Equal(t, &driver.Usage{Billed: time.Second}, v.Usage, "the record has the ids")
					require.Equal(t, map[bool]string{true: "p-1", false: "p-2"}[tt.late], v.PlatformRequest)
				}
				require.NoError(t, c.close())
			})
		})
	}
}
