package pool

import (
	"container/list"
	"net"

	"github.com/sebs-go/sebs/harness/driver"
)

// state is where a sandbox is in its life:
//
//	starting ──> busy <──> idle
//	    │          │         │
//	    └──────> ending <────┘
//	               │
//	             gone
//
// A sandbox that ends by itself is gone from any state. move is the only place
// where the state changes. Who moves a member: the call that starts its sandbox
// (start), ends (release), comes again (claim) or waited for one (choose); a
// call or connection that gives up (handBack, giveUp); Retire, Close, makeRoom
// and the time limit of calls (kill); and the sandbox's own end (forget).
type state int

const (
	starting state = iota // a call has it, and starts it
	busy                  // a call has it
	idle                  // no call has it: it may be given to one
	ending                // it was killed, or has ended; it still takes room
	gone                  // nothing is left of it; it is in the pool no longer
)

// member is a sandbox in the pool. What may change is guarded by the pool, but
// for raw, which is set once, before any other call can have the member.
type member struct {
	fn      *Function
	sandbox Sandbox
	gone    chan struct{} // closed when it is gone

	state   state
	raw     net.Conn // to the sandbox; nil until it was started
	owner   *Conn    // the connection that may use it; nil: whoever waits next
	retired bool     // it is killed when its call ends

	inPool, inFunction *list.Element // while it is idle
}

// add makes a member for a call of fn. The caller holds the pool's lock, here
// and below.
func (p *Pool) add(fn *Function) *member {
	m := &member{fn: fn, sandbox: fn.New(), gone: make(chan struct{}), retired: fn.retired}
	p.members[m] = struct{}{}
	if fn.members == nil {
		fn.members = map[*member]struct{}{}
	}
	fn.members[m] = struct{}{}
	p.taken.add(fn)
	return m
}

// move changes a member's state and keeps the pool's lists and sums in step.
func (p *Pool) move(m *member, to state) {
	if m.state == gone {
		return
	}
	switch m.state {
	case idle:
		p.idle.Remove(m.inPool)
		m.fn.free.Remove(m.inFunction) // it is in one of the two
		m.fn.kept.Remove(m.inFunction)
	case ending:
		p.freeing.remove(m.fn)
	}
	m.state = to
	switch to {
	case idle:
		m.inPool = p.idle.PushBack(m)
		if m.owner == nil {
			m.inFunction = m.fn.free.PushBack(m)
		} else {
			m.inFunction = m.fn.kept.PushBack(m)
		}
	case ending:
		p.freeing.add(m.fn)
	case gone:
		p.taken.remove(m.fn)
		delete(p.members, m)
		delete(m.fn.members, m)
		close(m.gone)
	}
}

// kill ends a member, because of cause if that is not nil. The start of one
// that is starting is cancelled. What is ending already is left alone.
func (p *Pool) kill(m *member, cause *driver.Failure) {
	switch m.state {
	case starting:
		m.owner.cancel()
	case busy, idle:
		m.sandbox.Kill(cause)
	default:
		return
	}
	p.move(m, ending)
}
