package drivertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// fault is the simulated platform with a fault: what is set replaces or
// follows what the platform does.
type fault struct {
	*sim.Platform
	run   driver.Run
	world *sim.World

	features  func(driver.Features) driver.Features
	recipe    func(context.Context, driver.Spec) (driver.Recipe, error)
	deploy    func(context.Context, driver.Spec, driver.Package) (driver.Target, error)
	sign      func(body []byte) error
	answer    func(call request, body []byte) ([]byte, error)
	failure   func(call request, f *driver.Failure) *driver.Failure
	dialed    func(context.Context, net.Conn, error) (net.Conn, error)
	dial      func(context.Context) (net.Conn, error) // before the platform's own; nil: go on
	retire    func(context.Context, string) error
	resources func(context.Context) iter.Seq2[driver.Resource, error]
	remove    func(context.Context, driver.Resource) error
	close     func(context.Context) error
	host      func() (listen, reach string) // nil: the platform is no driver.Host
	writes    func() int

	mu   sync.Mutex
	last request // the call that was sent last
}

// request is what a call asks of the probe.
type request struct {
	ID      string `json:"request-id"`
	Do      string `json:"do"`
	MS      int    `json:"ms"`
	Message string `json:"message"`
	Name    string `json:"name"`
	Host    string `json:"host"`
	Port    int    `json:"port"`
	Text    string `json:"text"`
}

func (f *fault) Features() driver.Features {
	if f.features != nil {
		return f.features(f.Platform.Features())
	}
	return f.Platform.Features()
}

func (f *fault) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if f.recipe != nil {
		return f.recipe(ctx, s)
	}
	return f.Platform.Recipe(ctx, s)
}

func (f *fault) Deploy(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
	if f.deploy != nil {
		return f.deploy(ctx, s, p)
	}
	return f.Platform.Deploy(ctx, s, p)
}

func (f *fault) Endpoint(ctx context.Context, t driver.Target) (driver.Endpoint, error) {
	ep, err := f.Platform.Endpoint(ctx, t)
	if err != nil {
		return ep, err
	}
	ep.Sign = f.signer
	ep.Decode = f.decoder(ep.Decode)
	ep.Dial = f.dialer(ep.Dial)
	return ep, nil
}

// signer notes what is called.
func (f *fault) signer(_ *http.Request, body []byte) error {
	if len(body) < 1<<16 {
		f.mu.Lock()
		f.last = request{}
		err := json.Unmarshal(body, &f.last)
		f.mu.Unlock()
		if err != nil {
			return err
		}
	}
	if f.sign != nil {
		return f.sign(body)
	}
	return nil
}

func (f *fault) call() request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// decodeFunc is the type of Endpoint.Decode.
type decodeFunc = func(context.Context, driver.Response) (driver.Reply, *driver.Follow, error)

func (f *fault) decoder(decode decodeFunc) decodeFunc {
	return func(ctx context.Context, response driver.Response) (driver.Reply, *driver.Follow, error) {
		r, follow, err := decode(ctx, response)
		if err == nil && f.answer != nil {
			r.Body, err = f.answer(f.call(), r.Body)
		}
		return r, follow, f.changed(err)
	}
}

// changed applies the fault to the cause of a failed call.
func (f *fault) changed(err error) error {
	var failed *driver.Failure
	if f.failure != nil && errors.As(err, &failed) {
		return f.failure(f.call(), failed)
	}
	return err
}

func (f *fault) dialer(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if f.dial != nil {
			if c, err := f.dial(ctx); c != nil || err != nil {
				return c, err
			}
		}
		c, err := dial(ctx, network, address)
		if f.dialed != nil {
			c, err = f.dialed(ctx, c, err)
		}
		if err != nil {
			return nil, f.changed(err)
		}
		return &faultyConn{liveConn: c.(liveConn), fault: f}, nil
	}
}

// liveConn is what the platform's connections can do.
type liveConn interface {
	driver.Sandbox
	Alive() bool
}

// faultyConn applies the fault to failures on the connection.
type faultyConn struct {
	liveConn
	fault *fault
}

func (c *faultyConn) Read(p []byte) (int, error) {
	n, err := c.liveConn.Read(p)
	return n, c.fault.changed(err)
}

func (f *fault) Retire(ctx context.Context, name string) error {
	if f.retire != nil {
		return f.retire(ctx, name)
	}
	return f.Platform.Retire(ctx, name)
}

func (f *fault) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	if f.resources != nil {
		return f.resources(ctx)
	}
	return f.Platform.Resources(ctx)
}

func (f *fault) Remove(ctx context.Context, r driver.Resource) error {
	if f.remove != nil {
		return f.remove(ctx, r)
	}
	return f.Platform.Remove(ctx, r)
}

func (f *fault) Close(ctx context.Context) error {
	if f.close != nil {
		return f.close(ctx)
	}
	return f.Platform.Close(ctx)
}

func (f *fault) Writes() int {
	if f.writes != nil {
		return f.writes()
	}
	return f.Platform.Writes()
}

// hosting is a fault whose functions reach servers of this process.
type hosting struct{ *fault }

func (h hosting) Host(context.Context) (listen, reach string, err error) {
	listen, reach = h.host()
	return listen, reach, nil
}

// as opens the simulated platform for another prefix.
func (f *fault) as(prefix string) *sim.Platform {
	run := f.run
	run.Prefix = prefix
	return sim.New(run, sim.Options{World: f.world})
}

// edit changes the members of every answer.
func (f *fault) edit(change func(call request, a map[string]any)) {
	f.answer = func(call request, body []byte) ([]byte, error) {
		var a map[string]any
		if json.Unmarshal(body, &a) != nil {
			return body, nil // what is no answer stays so
		}
		change(call, a)
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err := e.Encode(a)
		return b.Bytes(), err
	}
}

// deadlineConn tells when a call is cancelled, which sets a deadline that has
// passed.
type deadlineConn struct {
	liveConn
	cancelled func()
}

func (c deadlineConn) SetDeadline(t time.Time) error {
	if time.Now().After(t) && !t.IsZero() {
		c.cancelled()
	}
	return c.liveConn.SetDeadline(t)
}

// keptConn keeps the sandbox when it is closed while idle.
type keptConn struct {
	liveConn
	keep func(net.Conn) bool
}

func (c keptConn) Close() error {
	if c.liveConn.Alive() && c.keep(c) {
		return nil
	}
	return c.liveConn.Close()
}
