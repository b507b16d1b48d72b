package process

import (
	"context"
	"slices"
	"sync"
	"time"
)

// pool gives calls their sandboxes. A call gets a new one as long as there is
// room: the memory limits of all sandboxes together stay below what the machine
// has free, and their number below a bound. The other calls wait in the order
// in which they came: for an idle sandbox of their function, or for room. An
// idle sandbox of another function is stopped to make room.
//
// Every sandbox counts from when a call was given it until nothing is left of
// it. Safe for concurrent use.
type pool struct {
	memory int64 // MB that all sandboxes may have together
	most   int   // sandboxes at once
	busy   int   // sandboxes with a call at once; 0: any number

	mu      sync.Mutex
	all     map[*sandbox]*place
	waiting []*waiter
	used    int64 // MB of all
	serving int   // sandboxes with a call
	closed  bool
}

// place is what the pool knows of a sandbox.
type place struct {
	owner   *conn     // the connection that may use it; nil: whoever waits next
	idle    bool      // no call has it
	since   time.Time // when it became idle
	retired bool      // it takes no other call
	doomed  bool      // it was killed
}

// waiter is a call that waits for a sandbox.
type waiter struct {
	fn    *function
	ready chan *sandbox // gets one, buffered
}

func newPool(memory int64, most, busy int) *pool {
	return &pool{memory: memory, most: most, busy: busy, all: map[*sandbox]*place{}}
}

// acquire returns a sandbox of fn that belongs to the caller until release,
// forget or its death, and how long it waited for it. A sandbox whose field
// raw is nil must be started.
func (p *pool) acquire(ctx context.Context, fn *function) (*sandbox, time.Duration, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, 0, errClosed
	}
	w := &waiter{fn: fn, ready: make(chan *sandbox, 1)}
	p.waiting = append(p.waiting, w)
	p.dispatch()
	p.mu.Unlock()
	select {
	case s := <-w.ready:
		return s, 0, nil
	default:
	}
	start := time.Now()
	select {
	case s := <-w.ready:
		if s == nil {
			return nil, time.Since(start), errClosed
		}
		return s, time.Since(start), nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *waiter) bool { return other == w })
	p.mu.Unlock()
	select {
	case s := <-w.ready: // it came at the same moment
		if s != nil && s.raw == nil {
			p.forget(s)
		} else if s != nil {
			p.release(s)
		}
	default:
	}
	return nil, time.Since(start), ctx.Err()
}

// dispatch gives sandboxes to those who wait, the first first. The caller
// holds mu.
func (p *pool) dispatch() {
	for len(p.waiting) > 0 && (p.busy == 0 || p.serving < p.busy) {
		w := p.waiting[0]
		s := p.idleOf(w.fn)
		switch {
		case s != nil && (p.all[s].owner == nil || !p.fits(w.fn)):
			pl := p.all[s]
			pl.idle, pl.owner = false, nil
		case p.fits(w.fn):
			s = newSandbox(w.fn)
			p.all[s] = &place{retired: w.fn.retired}
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
func (p *pool) idleOf(fn *function) *sandbox {
	var best *sandbox
	for s, pl := range p.all {
		if s.fn != fn || !pl.idle || pl.retired || pl.doomed || s.over() {
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
func (p *pool) fits(fn *function) bool {
	return len(p.all) == 0 || (len(p.all) < p.most && p.used+fn.memory() <= p.memory)
}

// makeRoom kills idle sandboxes, those that were used first first, until there
// is going to be room for one of fn.
func (p *pool) makeRoom(fn *function) {
	for {
		count, used := 0, int64(0)
		var oldest *sandbox
		for s, pl := range p.all {
			if pl.doomed {
				continue
			}
			count++
			used += s.fn.memory()
			if pl.idle && (oldest == nil || pl.since.Before(p.all[oldest].since)) {
				oldest = s
			}
		}
		if oldest == nil || count == 0 || (count < p.most && used+fn.memory() <= p.memory) {
			return
		}
		p.all[oldest].doomed = true
		oldest.kill(nil)
	}
}

// own makes a connection the one that may use the sandbox.
func (p *pool) own(s *sandbox, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl := p.all[s]; pl != nil {
		pl.owner = c
	}
}

// owns says whether the connection may use the sandbox.
func (p *pool) owns(s *sandbox, c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	return pl != nil && pl.owner == c
}

// claim takes an idle sandbox for another call over the connection that owns
// it. It is refused when the sandbox was retired, stopped or given to another
// call, and when it is not the caller's turn.
func (p *pool) claim(s *sandbox, c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	if pl == nil || pl.owner != c || !pl.idle || pl.retired || pl.doomed || s.over() {
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
func (p *pool) release(s *sandbox) {
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
		s.kill(nil)
	}
	p.dispatch()
}

// forget frees the place of a sandbox of which nothing is left. It returns
// whether a connection is left that belongs to it.
func (p *pool) forget(s *sandbox) (owned bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl := p.all[s]
	if pl == nil {
		return false
	}
	if !pl.idle {
		p.serving--
	}
	p.used -= s.fn.memory()
	delete(p.all, s)
	p.dispatch()
	return pl.owner != nil
}

// give gives the sandbox up for its connection: it is killed, unless another
// call was given it. It returns whether that is not so.
func (p *pool) give(s *sandbox, c *conn) bool {
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
	s.kill(nil)
	return true
}

// retire kills the idle sandboxes of fn, and those with a call when it ends.
// It returns the sandboxes that were killed. With forever, so are those that
// calls get from now on.
func (p *pool) retire(fn *function, forever bool) []*sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn.retired = fn.retired || forever
	var killed []*sandbox
	for s, pl := range p.all {
		if s.fn != fn {
			continue
		}
		pl.retired = true
		if pl.idle {
			pl.doomed = true
			s.kill(nil)
			killed = append(killed, s)
		}
	}
	return killed
}

// close kills all sandboxes, refuses all calls, and returns the sandboxes that
// are left to die.
func (p *pool) close() []*sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, w := range p.waiting {
		w.ready <- nil
	}
	p.waiting = nil
	var left []*sandbox
	for s, pl := range p.all {
		pl.retired, pl.doomed = true, true
		s.kill(nil)
		left = append(left, s)
	}
	return left
}
