package sim

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Headers of the gateway.
const (
	requestHeader  = "X-Sim-Request"  // the platform's id of a call
	durationHeader = "X-Sim-Duration" // how long it took in the sandbox
)

// connect returns a connection to the gateway.
func (s *service) connect() net.Conn {
	near, far := net.Pipe()
	server := http.Server{Handler: s}
	go server.Serve(&oneConn{conn: far}) //nolint:errcheck // it ends with the one connection
	return near
}

// oneConn is a listener for one connection.
type oneConn struct{ conn net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, io.EOF
	}
	c := l.conn
	l.conn = nil
	return c, nil
}

func (*oneConn) Close() error   { return nil }
func (*oneConn) Addr() net.Addr { return &net.IPAddr{} }

// answered is what came of a call.
type answered struct {
	outcome
	took time.Duration
}

// ServeHTTP is the gateway: a POST of /trigger/function calls, a GET of
// /calls/id asks for the answer to a call that took long.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer sim" {
		http.Error(w, "no token", http.StatusUnauthorized)
		return
	}
	place, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if place == "calls" {
		s.mu.Lock()
		result, ok := s.later[name]
		s.mu.Unlock()
		if !ok {
			http.Error(w, "no such call", http.StatusNotFound)
			return
		}
		s.reply(w, r, name, result)
		return
	}
	f := s.world.function(name)
	if f == nil {
		http.Error(w, "there is no function "+name, http.StatusNotFound)
		return
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, int64(s.options.MaxBytes)+1))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	if err != nil {
		return // the client is gone
	}
	s.mu.Lock()
	s.calls++
	id := "call-" + strconv.Itoa(s.calls)
	result := make(chan answered, 1)
	s.later[id] = result
	s.mu.Unlock()
	go func() {
		a := s.call(f, id, payload)
		if place == string(driver.HTTP) {
			a.failure = hidden(a.failure)
		}
		result <- a
	}()
	s.reply(w, r, id, result)
}

// call makes a call, whether or not its client still waits.
func (s *service) call(f *function, id string, payload []byte) answered {
	ctx := context.Background()
	sandbox, _, err := f.acquire(ctx)
	if err != nil {
		var failed *driver.Failure
		if !errors.As(err, &failed) {
			failed = &driver.Failure{Cause: driver.Network, Detail: err.Error()}
		}
		return answered{outcome: outcome{failure: failed}}
	}
	begun := time.Now()
	out, err := sandbox.call(ctx, nil, payload)
	took := time.Since(begun)
	if err != nil || out.lost {
		sandbox.kill()
	} else {
		sandbox.end()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.options.UsageMissing; n == 0 || s.calls%n != 0 {
		s.used[id] = used{
			driver.Usage{PlatformRequest: id, Duration: took, Billed: took.Round(time.Millisecond) + time.Millisecond},
			time.Now().Add(s.options.UsageDelay),
		}
	}
	return answered{out, took}
}

// hidden is what a gateway tells of a failure: that the sandbox did not answer,
// unless that was for want of time or room.
func hidden(f *driver.Failure) *driver.Failure {
	if f == nil || f.Cause == driver.Throttled || f.Cause == driver.TimedOut || f.Cause == driver.Protocol {
		return f
	}
	return &driver.Failure{Cause: driver.Protocol, Detail: "internal server error"}
}

// reply writes what came of a call, or that it is not there yet.
func (s *service) reply(w http.ResponseWriter, r *http.Request, id string, result chan answered) {
	w.Header().Set(requestHeader, id)
	patience := make(<-chan time.Time)
	if s.options.Reply > 0 {
		patience = time.After(s.options.Reply)
	}
	var a answered
	select {
	case a = <-result:
	case <-patience:
		w.Header().Set("Location", "http://sim/calls/"+id)
		w.WriteHeader(http.StatusAccepted)
		return
	case <-r.Context().Done():
		return
	}
	s.mu.Lock()
	delete(s.later, id)
	s.mu.Unlock()
	body, status := a.body, http.StatusOK
	if a.failure != nil {
		body, status = []byte(a.failure.Detail), http.StatusBadGateway
		w.Header().Set(causeHeader, string(a.failure.Cause))
	}
	w.Header().Set(durationHeader, a.took.String())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone notices itself
}

// usage returns what a call used, if that is known by now.
func (s *service) usage(id string) (driver.Usage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.used[id]
	return u.Usage, ok && !time.Now().Before(u.known)
}

// pollAfter is how long a client waits before it asks for an answer.
const pollAfter = 20 * time.Millisecond

// decodeLater is decode for a gateway, whose answer may have to be asked for,
// and which does not tell failures of sandboxes apart over http.
func decodeLater(ctx context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
	reply := driver.Reply{PlatformRequest: r.Header.Get(requestHeader)}
	if r.Status == http.StatusAccepted {
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Header.Get("Location"), nil)
		return reply, &driver.Follow{After: pollAfter, Request: ask}, err
	}
	decoded, follow, err := decode(ctx, r)
	reply.Body = decoded.Body
	if took, failed := time.ParseDuration(r.Header.Get(durationHeader)); failed == nil && err == nil {
		reply.Usage = &driver.Usage{PlatformRequest: reply.PlatformRequest, Duration: took}
	}
	return reply, follow, err
}
