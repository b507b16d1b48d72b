// Package pool gives calls their sandboxes, on the platforms where the
// connection of a call is its sandbox: dialling starts one, or uses an idle
// one; closing gives it up.
//
// The package knows nothing of what a sandbox is: a process, a container. It
// refuses to start one that no call asked for.
package pool

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// ErrClosed is the error of a call after Close.
var ErrClosed = errors.New("the platform is closed")

// Pool gives calls their sandboxes. A call gets a new one as long as there is
// room: the memory limits of all sandboxes together stay below what the machine
// has free, and their number below a bound. The other calls wait in the order
// in which they came: for an idle sandbox of their function, or for room. An
// idle sandbox of another function is stopped to make room.
//
// Every sandbox counts from when a call was given it until nothing is left of
// it; what happens to it in between is in state.go. Safe for concurrent use.
type Pool struct {
	memory int64 // MB that all sandboxes may have together
	most   int   // sandboxes at once
	busy   int   // sandboxes with a call at once; 0: any number

	mu      sync.Mutex
	members map[*member]struct{}
	idle    list.List // of *member, the one that became idle first at the front
	taken   room      // by all members
	freeing room      // part of taken: by those that are ending
	waiting list.List // of *Conn, the first call at the front
	closed  bool
}

// room is what sandboxes take.
type room struct {
	sandboxes int
	memory    int64 // MB
}

func (r *room) add(fn *Function)    { r.sandboxes++; r.memory += fn.memory() }
func (r *room) remove(fn *Function) { r.sandboxes--; r.memory -= fn.memory() }

// New returns a pool whose sandboxes may have so many MB of memory together,
// and of which there are at most so many at once, so many of them with a call;
// 0: any number.
func New(memory int64, most, busy int) *Pool {
	return &Pool{memory: memory, most: most, busy: busy, members: map[*member]struct{}{}}
}

// Dial gives a call of fn its sandbox, started if it is a new one: the
// connection is a driver.Sandbox.
func (p *Pool) Dial(ctx context.Context, fn *Function) (*Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &Conn{pool: p, fn: fn, cancel: cancel}
	for {
		if err := p.acquire(ctx, c); err != nil {
			return nil, err
		}
		if c.member.raw == nil {
			if err := p.start(ctx, c.member); err != nil {
				return nil, err
			}
		} else if !quiet(c.member.raw) { // it ended while it was idle: the call gets another
			_ = p.giveUp(c) // what leads to it may have failed
			continue
		} else {
			c.served = true
		}
		c.Conn = c.member.raw
		if err := c.Conn.SetDeadline(noDeadline); err != nil { // the last owner may have left one
			return nil, errors.Join(err, c.Close())
		}
		return c, nil
	}
}

// acquire waits until the call c has a member of its function. After Close it
// gets none.
func (p *Pool) acquire(ctx context.Context, c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || ctx.Err() != nil {
		return p.because(ctx.Err())
	}
	c.member, c.ready = nil, make(chan struct{})
	place := p.waiting.PushBack(c)
	p.dispatch()
	if c.member == nil {
		start := time.Now()
		p.mu.Unlock()
		select {
		case <-c.ready:
		case <-ctx.Done():
		}
		c.queued += time.Since(start)
		p.mu.Lock()
	}
	if ctx.Err() == nil {
		return nil
	}
	p.waiting.Remove(place) // it may have been given a member at the same moment
	if c.member != nil {
		p.handBack(c.member)
	}
	return p.because(ctx.Err())
}

// because returns why a call got no sandbox.
func (p *Pool) because(err error) error {
	if p.closed {
		return ErrClosed
	}
	return err
}

// dispatch gives members to the calls that wait, the first first. The caller
// holds mu, here and below.
func (p *Pool) dispatch() {
	for p.waiting.Len() > 0 && (p.busy == 0 || p.serving() < p.busy) {
		c := p.waiting.Front().Value.(*Conn)
		m := p.choose(c.fn)
		if m == nil {
			p.makeRoom(c.fn)
			return
		}
		p.waiting.Remove(p.waiting.Front())
		m.owner, c.member = c, m
		close(c.ready)
	}
}

// choose takes a member for a call of fn: an idle one that no connection waits
// for, a new one if there is room, or any idle one; of these the one that was
// used last. It returns nil if there is none.
func (p *Pool) choose(fn *Function) *member {
	for {
		var m *member
		switch {
		case fn.free.Len() > 0:
			m = fn.free.Back().Value.(*member)
		case p.fits(p.taken, fn):
			return p.add(fn)
		case fn.kept.Len() > 0:
			m = fn.kept.Back().Value.(*member)
		default:
			return nil
		}
		if !m.sandbox.Over() {
			p.move(m, busy)
			return m
		}
		p.kill(m, nil)
	}
}

// fits reports whether there is room for one more sandbox of fn beside what is
// taken. There always is for the only one.
func (p *Pool) fits(taken room, fn *Function) bool {
	return taken.sandboxes == 0 || (taken.sandboxes < p.most && taken.memory+fn.memory() <= p.memory)
}

// makeRoom kills idle sandboxes, those that were used first first, until there
// is going to be room for one of fn.
func (p *Pool) makeRoom(fn *Function) {
	for p.idle.Len() > 0 && !p.fits(room{p.taken.sandboxes - p.freeing.sandboxes, p.taken.memory - p.freeing.memory}, fn) {
		p.kill(p.idle.Front().Value.(*member), nil)
	}
}

// serving returns how many sandboxes may be running a handler: one that is
// killed does until nothing is left of it.
func (p *Pool) serving() int { return p.taken.sandboxes - p.idle.Len() }

// start starts a member's sandbox for the call that was given it.
func (p *Pool) start(ctx context.Context, m *member) error {
	raw, err := m.sandbox.Start(ctx)
	go func() {
		<-m.sandbox.Gone()
		p.forget(m)
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	m.raw = raw
	switch {
	case err != nil:
		err = p.because(fmt.Errorf("start a sandbox of %s: %w", m.fn.Name, err))
	case ctx.Err() != nil: // the call was cancelled, or the pool closed, while it started
		err = p.because(ctx.Err())
		m.sandbox.Kill(nil)
	default:
		p.move(m, busy)
		return nil
	}
	m.owner = nil
	if m.state == gone && raw != nil {
		_ = raw.Close() // it is of no use to anybody
	}
	p.move(m, ending)
	return err
}

// claim takes an idle sandbox for another call over the connection that owns
// it. It is refused when the sandbox was retired, stopped or given to another
// call, and when it is not the caller's turn.
func (p *Pool) claim(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := c.member
	if m.owner != c || m.state != idle || m.sandbox.Over() {
		return false
	}
	if p.busy > 0 && (p.serving() >= p.busy || p.waiting.Len() > 0) {
		m.owner = nil // the caller will wait, and be given it
		p.move(m, idle)
		return false
	}
	p.move(m, busy)
	return true
}

// release ends a call. Its sandbox becomes idle, or is killed if it must not
// serve again.
func (p *Pool) release(m *member, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.state != busy {
		return
	}
	if again && !m.retired {
		p.move(m, idle)
	} else {
		p.kill(m, nil)
	}
	p.dispatch()
}

// handBack takes back a member whose call ended before it used it.
func (p *Pool) handBack(m *member) {
	m.owner = nil
	switch {
	case m.raw == nil: // it was not started
		p.move(m, gone)
	case m.state == busy && !m.retired:
		p.move(m, idle)
	case m.state == gone:
		_ = m.raw.Close() // it may have failed already
	default:
		p.kill(m, nil)
	}
	p.dispatch()
}

// giveUp ends a connection: its sandbox is killed, and what leads to it closed,
// unless it serves another.
func (p *Pool) giveUp(c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.member.owner != c {
		return nil
	}
	c.member.owner = nil
	p.kill(c.member, nil)
	return c.member.raw.Close()
}

// stop kills a sandbox because of cause.
func (p *Pool) stop(m *member, cause *driver.Failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kill(m, cause)
}

// forget takes a sandbox of which nothing is left out of the pool. Its
// connection is closed, unless it is still somebody's.
func (p *Pool) forget(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.move(m, gone)
	if m.owner == nil && m.raw != nil {
		_ = m.raw.Close() // who had it may have done so
	}
	p.dispatch()
}

// Retire kills the idle sandboxes of fn, and those with a call when it ends.
// With forever, so are those that calls get from now on. It returns when
// nothing is left of the idle ones.
func (p *Pool) Retire(ctx context.Context, fn *Function, forever bool) error {
	return await(ctx, p.retire(fn, forever))
}

func (p *Pool) retire(fn *Function, forever bool) (ended []*member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn.retired = fn.retired || forever
	for m := range fn.members {
		m.retired = true
		if m.state == idle {
			p.kill(m, nil)
		}
		if m.state == ending {
			ended = append(ended, m)
		}
	}
	return ended
}

// Close kills all sandboxes, refuses all calls, those that wait and those whose
// sandbox is starting too, and returns when nothing is left.
func (p *Pool) Close(ctx context.Context) error { return await(ctx, p.close()) }

func (p *Pool) close() (ended []*member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for p.waiting.Len() > 0 {
		p.waiting.Remove(p.waiting.Front()).(*Conn).cancel()
	}
	for m := range p.members {
		p.kill(m, nil)
		ended = append(ended, m)
	}
	return ended
}

// await waits until nothing is left of sandboxes.
func await(ctx context.Context, all []*member) error {
	for _, m := range all {
		select {
		case <-m.gone:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
