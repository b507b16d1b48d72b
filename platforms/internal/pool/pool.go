// Package pool gives calls their sandboxes, on the platforms where the
// connection of a call is its sandbox: dialling starts one, or uses an idle
// one; closing gives it up.
//
// The package knows nothing of what a sandbox is: a process, a container. It
// refuses to start one that no call asked for.
package pool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
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
// it. Safe for concurrent use.
type Pool struct {
	memory int64 // MB that all sandboxes may have together
	most   int   // sandboxes at once
	busy   int   // sandboxes with a call at once; 0: any number

	mu      sync.Mutex
	all     map[Sandbox]*place
	waiting []*waiter
	used    int64 // MB of all
	serving int   // sandboxes with a call
	closed  bool
}

// place is what the pool knows of a sandbox.
type place struct {
	fn      *Function
	raw     net.Conn  // to it; nil until it was started
	owner   *Conn     // the connection that may use it; nil: whoever waits next
	idle    bool      // no call has it
	since   time.Time // when it became idle
	retired bool      // it takes no other call
	doomed  bool      // it was killed

	forgotten chan struct{} // closed when nothing is left of it
}

// waiter is a call that waits for a sandbox.
type waiter struct {
	fn    *Function
	ready chan Sandbox // gets one, buffered; closed with the pool
}

// New returns a pool whose sandboxes may have so many MB of memory together,
// and of which there are at most so many at once, so many of them with a call;
// 0: any number.
func New(memory int64, most, busy int) *Pool {
	return &Pool{memory: memory, most: most, busy: busy, all: map[Sandbox]*place{}}
}

// Dial gives a call of fn its sandbox, started if it is a new one: the
// connection is a driver.Sandbox.
func (p *Pool) Dial(ctx context.Context, fn *Function) (*Conn, error) {
	var queued time.Duration
	for {
		s, waited, err := p.acquire(ctx, fn)
		if err != nil {
			return nil, err
		}
		queued += waited
		c := &Conn{pool: p, fn: fn, s: s, queued: queued}
		raw, err := p.own(s, c)
		if errors.Is(err, errGone) {
			continue // it ended at this moment: the call gets another
		}
		if err != nil {
			return nil, err
		}
		c.served = raw != nil
		if raw == nil {
			if raw, err = s.Start(ctx); err != nil {
				p.Forget(s)
				return nil, fmt.Errorf("start a sandbox of %s: %w", fn.Name, err)
			}
			p.connected(s, raw)
		}
		c.Conn = raw
		if err := c.SetDeadline(noDeadline); err != nil { // the last owner may have left one
			return nil, errors.Join(err, c.Close())
		}
		return c, nil
	}
}

// acquire returns a sandbox of fn that belongs to the caller until release,
// Forget or its death, and how long it waited for it. After Close there is none.
func (p *Pool) acquire(ctx context.Context, fn *Function) (Sandbox, time.Duration, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, 0, ErrClosed
	}
	w := &waiter{fn: fn, ready: make(chan Sandbox, 1)}
	p.waiting = append(p.waiting, w)
	p.dispatch()
	p.mu.Unlock()
	select {
	case s, ok := <-w.ready:
		if !ok {
			return nil, 0, ErrClosed
		}
		return s, 0, nil
	default:
	}
	start := time.Now()
	select {
	case s, ok := <-w.ready:
		if !ok {
			return nil, time.Since(start), ErrClosed
		}
		return s, time.Since(start), nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *waiter) bool { return other == w })
	p.mu.Unlock()
	select {
	case s, ok := <-w.ready: // it came at the same moment
		if ok && p.connection(s) == nil {
			p.Forget(s)
		} else if ok {
			p.release(s)
		}
	default:
	}
	return nil, time.Since(start), ctx.Err()
}

// dispatch gives sandboxes to those who wait, the first first. The caller
// holds mu.
func (p *Pool) dispatch() {
	for len(p.waiting) > 0 && (p.busy == 0 || p.serving < p.busy) {
		w := p.waiting[0]
		s := p.idleOf(w.fn)
		switch {
		case s != nil && (p.all[s].owner == nil || !p.fits(w.fn)):
			pl := p.all[s]
			pl.idle, pl.owner = false, nil
		case p.fits(w.fn):
			s = w.fn.New()
			p.all[s] = &place{fn: w.fn, retired: w.fn.retired, forgotten: make(chan struct{})}
			p.used += w.fn.memory()
		default:
			p.makeRoom(w.fn)
			return
		}
		p.serving++
		p.waiting = p.waiting[1:]
		w.ready <- s
	}
}

// idleOf returns an idle sandbox of fn: rather one that no connection waits
// for, then the one that was used last.
func (p *Pool) idleOf(fn *Function) Sandbox {
	var best Sandbox
	for s, pl := range p.all {
		if pl.fn != fn || !pl.idle || pl.retired || pl.doomed || s.Over() {
			continue
		}
		if best == nil {
			best = s
			continue
		}
		b := p.all[best]
		if free := pl.owner == nil; free != (b.owner == nil) {
			if free {
				best = s
			}
		} else if pl.since.After(b.since) {
			best = s
		}
	}
	return best
}

// fits says whether there is room for one more sandbox of fn. There always is
// for the only one.
func (p *Pool) fits(fn *Function) bool {
	return len(p.all) == 0 || (len(p.all) < p.most && p.used+fn.memory() <= p.memory)
}

// makeRoom kills idle sandboxes, those that were used first first, until there
// is going to be room for one of fn.
func (p *Pool) makeRoom(fn *Function) {
	for {
		count, used := 0, int64(0)
		var oldest Sandbox
		for s, pl := range p.all {
			if pl.doomed {
				continue
			}
			count++
			used += pl.fn.memory()
			if pl.idle && (oldest == nil || pl.since.Before(p.all[oldest].since)) {
				oldest = s
			}
		}
		if oldest == nil || count == 0 || (count < p.most && used+fn.memory() <= p.memory) {
			return
		}
		p.all[oldest].doomed = true
		oldest.Kill(nil)
	}
}

// errGone is that of a sandbox that is in the pool no longer.
var errGone = errors.New("the sandbox is gone")

// own makes a connection the one that may use the sandbox, and returns the
// connection to it; nil if it must be started. Once the pool is closed nothing
// is started.
func (p *Pool) own(s Sandbox, c *Conn) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	if pl == nil {
		return nil, errGone
	}
	if p.closed {
		if pl.raw == nil {
			p.forget(s, pl)
		}
		return nil, ErrClosed
	}
	pl.owner = c
	return pl.raw, nil
}

// connected notes the connection to a sandbox that was started.
func (p *Pool) connected(s Sandbox, raw net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl := p.all[s]; pl != nil {
		pl.raw = raw
	}
}

// connection returns the connection to a sandbox; nil if it was not started.
func (p *Pool) connection(s Sandbox) net.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl := p.all[s]; pl != nil {
		return pl.raw
	}
	return nil
}

// owns says whether the connection may use the sandbox.
func (p *Pool) owns(s Sandbox, c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	return pl != nil && pl.owner == c
}

// claim takes an idle sandbox for another call over the connection that owns
// it. It is refused when the sandbox was retired, stopped or given to another
// call, and when it is not the caller's turn.
func (p *Pool) claim(s Sandbox, c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	if pl == nil || pl.owner != c || !pl.idle || pl.retired || pl.doomed || s.Over() {
		return false
	}
	if p.busy > 0 && (p.serving >= p.busy || len(p.waiting) > 0) {
		pl.owner = nil // the caller will wait, and be given it
		return false
	}
	pl.idle = false
	p.serving++
	return true
}

// release makes the sandbox idle after a call.
func (p *Pool) release(s Sandbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	if pl == nil || pl.idle {
		return
	}
	pl.idle, pl.since = true, time.Now()
	p.serving--
	if pl.retired || p.closed {
		pl.doomed = true
		s.Kill(nil)
	}
	p.dispatch()
}

// Forget frees the place of a sandbox of which nothing is left. It returns
// whether a connection is left that belongs to it.
func (p *Pool) Forget(s Sandbox) (owned bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	if pl == nil {
		return false
	}
	p.forget(s, pl)
	return pl.owner != nil
}

// forget is Forget for a caller that holds mu.
func (p *Pool) forget(s Sandbox, pl *place) {
	if !pl.idle {
		p.serving--
	}
	p.used -= pl.fn.memory()
	delete(p.all, s)
	close(pl.forgotten)
	p.dispatch()
}

// give gives the sandbox up for its connection: it is killed, unless another
// call was given it. It returns whether that is not so.
func (p *Pool) give(s Sandbox, c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	if pl == nil {
		return true
	}
	if pl.owner != c {
		return false
	}
	pl.owner, pl.doomed = nil, true
	s.Kill(nil)
	return true
}

// Retire kills the idle sandboxes of fn, and those with a call when it ends.
// With forever, so are those that calls get from now on. It returns when
// nothing is left of the idle ones.
func (p *Pool) Retire(ctx context.Context, fn *Function, forever bool) error {
	return await(ctx, p.retire(fn, forever))
}

func (p *Pool) retire(fn *Function, forever bool) []*place {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn.retired = fn.retired || forever
	var killed []*place
	for s, pl := range p.all {
		if pl.fn != fn {
			continue
		}
		pl.retired = true
		if pl.idle {
			pl.doomed = true
			s.Kill(nil)
			killed = append(killed, pl)
		}
	}
	return killed
}

// Close kills all sandboxes, refuses all calls, and returns when nothing is
// left.
func (p *Pool) Close(ctx context.Context) error { return await(ctx, p.close()) }

func (p *Pool) close() []*place {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, w := range p.waiting {
		close(w.ready)
	}
	p.waiting = nil
	var left []*place
	for s, pl := range p.all {
		pl.retired, pl.doomed = true, true
		s.Kill(nil)
		left = append(left, pl)
	}
	return left
}

// await waits until nothing is left of the sandboxes in these places.
func await(ctx context.Context, places []*place) error {
	for _, pl := range places {
		select {
		case <-pl.forgotten:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
