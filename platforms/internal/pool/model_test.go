package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// model is the pool as its documentation has it: it keeps no sums and no lists,
// and looks at everything each time.
type model struct {
	memory, most, busy int
	functions          []*Function
	retired            map[*Function]bool
	boxes              []*modelBox
	waiting            []*modelCall
	closed             bool
	now                int // counts the events
}

type modelBox struct {
	fn                       *Function
	state                    state
	owner                    *modelCall
	idleSince                int
	retired, over, unplugged bool
	deaf                     bool // its start does not see that it is cancelled
}

type modelCall struct {
	fn        *Function
	box       int // -1: none yet
	connected bool
	cancelled bool
	failed    bool
}

func (m *model) count(is func(*modelBox) bool) (n, memory int) {
	for _, b := range m.boxes {
		if b.state != gone && is(b) {
			n++
			memory += int(b.fn.memory())
		}
	}
	return n, memory
}

// fits says whether there is room for fn beside the boxes that are counted.
func (m *model) fits(fn *Function, counted func(*modelBox) bool) bool {
	n, memory := m.count(counted)
	return n == 0 || (n < m.most && memory+int(fn.memory()) <= m.memory)
}

func (m *model) kill(b *modelBox) { b.state, b.over = ending, true }

// latest returns the idle box of fn that was used last, of those that are free
// or not.
func (m *model) latest(fn *Function, free bool) (best *modelBox) {
	for _, b := range m.boxes {
		if b.fn == fn && b.state == idle && (b.owner == nil) == free && (best == nil || b.idleSince > best.idleSince) {
			best = b
		}
	}
	return best
}

func (m *model) choose(fn *Function) *modelBox {
	for _, free := range []bool{true, false} {
		for b := m.latest(fn, free); b != nil; b = m.latest(fn, free) {
			if !b.over {
				b.state = busy
				return b
			}
			m.kill(b)
		}
		if free && m.fits(fn, func(*modelBox) bool { return true }) {
			b := &modelBox{fn: fn, state: starting, retired: m.retired[fn], deaf: len(m.boxes)%3 == 0}
			m.boxes = append(m.boxes, b)
			return b
		}
	}
	return nil
}

func (m *model) dispatch() {
	for len(m.waiting) > 0 {
		serving, _ := m.count(func(b *modelBox) bool { return b.state != idle })
		if m.busy > 0 && serving >= m.busy {
			return
		}
		c := m.waiting[0]
		b := m.choose(c.fn)
		if b == nil {
			for !m.fits(c.fn, func(b *modelBox) bool { return b.state != ending }) {
				var oldest *modelBox
				for _, b := range m.boxes {
					if b.state == idle && (oldest == nil || b.idleSince < oldest.idleSince) {
						oldest = b
					}
				}
				if oldest == nil {
					return
				}
				m.kill(oldest)
			}
			return
		}
		m.waiting = m.waiting[1:]
		b.owner = c
		if b.unplugged { // it is found to have ended: the call waits again
			m.kill(b)
			b.owner = nil
			m.waiting = append(m.waiting, c)
			continue
		}
		c.box, c.connected = slices.Index(m.boxes, b), b.state == busy
	}
}

func (m *model) release(b *modelBox, again bool) {
	if b.state != busy {
		return
	}
	if again && !b.retired {
		b.state, b.idleSince = idle, m.now
	} else {
		m.kill(b)
	}
	m.dispatch()
}

// claim returns what Alive does.
func (m *model) claim(c *modelCall) bool {
	b := m.boxes[c.box]
	if b.owner != c || b.state != idle || b.over {
		return false
	}
	if serving, _ := m.count(func(b *modelBox) bool { return b.state != idle }); m.busy > 0 && (serving >= m.busy || len(m.waiting) > 0) {
		b.owner, b.idleSince = nil, m.now
		return false
	}
	if b.unplugged {
		m.kill(b)
		return false
	}
	b.state = busy
	return true
}

func (m *model) hangUp(c *modelCall) {
	b := m.boxes[c.box]
	if b.owner != c {
		return
	}
	b.owner = nil
	if b.state == busy || b.state == idle {
		m.kill(b)
	}
}

// started is the end of a start, with an error or not.
func (m *model) started(b *modelBox, failed bool) {
	c := b.owner
	if failed || c.cancelled || m.closed {
		m.kill(b)
		b.owner, c.failed = nil, true
		return
	}
	b.state, c.connected = busy, true
}

func (m *model) cancel(c *modelCall) {
	c.cancelled = true
	if c.box < 0 {
		c.failed = true
		m.waiting = slices.DeleteFunc(m.waiting, func(other *modelCall) bool { return other == c })
	} else if b := m.boxes[c.box]; b.state == starting && !b.deaf {
		m.started(b, true)
	}
}

func (m *model) forget(b *modelBox) {
	b.state, b.over = gone, true
	m.dispatch()
}

func (m *model) retire(fn *Function, forever bool) (ended []int) {
	m.retired[fn] = m.retired[fn] || forever
	for i, b := range m.boxes {
		if b.fn != fn || b.state == gone {
			continue
		}
		b.retired = true
		if b.state == idle {
			m.kill(b)
		}
		if b.state == ending {
			ended = append(ended, i)
		}
	}
	return ended
}

func (m *model) close() (ended []int) {
	m.closed = true
	for _, c := range m.waiting {
		c.failed = true
	}
	m.waiting = nil
	for i, b := range m.boxes {
		if b.state == gone {
			continue
		}
		ended = append(ended, i)
		if b.state == starting && b.deaf {
			b.state = ending // and is killed when it has started
			continue
		}
		if b.state == starting {
			b.owner.failed, b.owner = true, nil
		}
		m.kill(b)
	}
	return ended
}

// realCall is a call of the pool, beside that of its model.
type realCall struct {
	*modelCall
	cancel context.CancelFunc
	conn   *Conn
	err    error
	done   bool
}

type realBox struct {
	*box
	started chan error
	fn      *Function
}

type pendingEnd struct {
	what   string
	boxes  []int
	cancel context.CancelFunc
	gaveUp bool
	err    error
	done   bool
}

// schedule runs one random schedule and compares after each step.
func schedule(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7))
	m := &model{memory: r.IntN(600) + 100, most: r.IntN(5) + 1, busy: r.IntN(3), retired: map[*Function]bool{}}
	p := New(int64(m.memory), m.most, m.busy)
	var boxes []*realBox
	var calls []*realCall
	var ends []*pendingEnd
	for i := range r.IntN(3) + 1 {
		fn := &Function{Name: fmt.Sprint("f", i), Memory: r.IntN(300) + 1}
		fn.New = func() Sandbox {
			b := &realBox{box: newBox(), started: make(chan error, 1), fn: fn}
			b.id, b.lasting = len(boxes), true
			deaf := b.id%3 == 0
			b.starts = func(ctx context.Context) error {
				if deaf {
					return <-b.started
				}
				select {
				case err := <-b.started:
					return err
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			boxes = append(boxes, b)
			return b
		}
		m.functions = append(m.functions, fn)
	}
	var history []string
	compare := func() {
		t.Helper()
		synctest.Wait()
		text := func() string { return fmt.Sprintf("seed %d\n%s", seed, strings.Join(history, "\n")) }
		require.Len(t, boxes, len(m.boxes), text())
		states := map[*box]state{}
		p.mu.Lock()
		for member := range p.members {
			states[member.sandbox.(*realBox).box] = member.state
		}
		p.mu.Unlock()
		for i, b := range boxes {
			state, there := states[b.box]
			if !there {
				state = gone
			}
			require.Equal(t, m.boxes[i].state, state, "box %d\n%s", i, text())
			require.LessOrEqual(t, b.begun, 1, "box %d is started twice\n%s", i, text())
			require.False(t, b.late, "box %d is killed when nothing is left of it\n%s", i, text())
			if b.begun == 1 && state == ending && m.boxes[i].over {
				require.True(t, b.ended, "box %d goes on\n%s", i, text())
			}
		}
		for i, c := range calls {
			require.Equal(t, c.failed, c.err != nil, "call %d failed with %v\n%s", i, c.err, text())
			require.Equal(t, c.connected, c.conn != nil, "call %d is connected\n%s", i, text())
			if c.conn != nil {
				require.Same(t, boxes[c.box], c.conn.member.sandbox, "call %d has another box\n%s", i, text())
			}
			if c.err != nil && !c.cancelled && m.closed && c.box < 0 {
				require.ErrorIs(t, c.err, ErrClosed, text())
			}
		}
		for _, e := range ends {
			over := !slices.ContainsFunc(e.boxes, func(i int) bool { return m.boxes[i].state != gone })
			require.Equal(t, over || e.gaveUp, e.done, "%s has returned\n%s", e.what, text())
			if e.done && !over {
				require.ErrorIs(t, e.err, context.Canceled)
			}
		}
		check(t, p, m.functions)
	}
	end := func(what string, do func(ctx context.Context) error, boxes []int) {
		ctx, cancel := context.WithCancel(t.Context())
		e := &pendingEnd{what: what, boxes: boxes, cancel: cancel}
		ends = append(ends, e)
		go func() { e.err = do(ctx); e.done = true }()
	}
	shut := func() {
		end("close", p.Close, m.close())
	}
	pickCall := func(ok func(*realCall) bool) *realCall {
		var some []*realCall
		for _, c := range calls {
			if ok(c) {
				some = append(some, c)
			}
		}
		if len(some) == 0 {
			return nil
		}
		return some[r.IntN(len(some))]
	}
	pickBox := func(ok func(*modelBox) bool) (*modelBox, *realBox) {
		var some []int
		for i, b := range m.boxes {
			if ok(b) {
				some = append(some, i)
			}
		}
		if len(some) == 0 {
			return nil, nil
		}
		i := some[r.IntN(len(some))]
		return m.boxes[i], boxes[i]
	}
	owns := func(c *realCall) bool { return c.conn != nil && m.boxes[c.box].owner == c.modelCall }

	steps := map[string]func() bool{
		"dial": func() bool {
			fn := m.functions[r.IntN(len(m.functions))]
			ctx, cancel := context.WithCancel(t.Context())
			c := &realCall{modelCall: &modelCall{fn: fn, box: -1}, cancel: cancel}
			calls = append(calls, c)
			go func() { c.conn, c.err = p.Dial(ctx, fn); c.done = true }()
			if m.closed {
				c.failed = true
				return true
			}
			m.waiting = append(m.waiting, c.modelCall)
			m.dispatch()
			return true
		},
		"start": func() bool {
			b, real := pickBox(func(b *modelBox) bool {
				return b.owner != nil && !b.owner.connected && (b.state == starting || b.state == ending)
			})
			if b == nil {
				return false
			}
			failed := r.IntN(5) == 0
			if failed {
				real.started <- errors.New("no disk")
			} else {
				real.started <- nil
			}
			m.started(b, failed)
			return true
		},
		"answer": func() bool {
			c := pickCall(func(c *realCall) bool { return owns(c) && m.boxes[c.box].state == busy })
			if c == nil {
				return false
			}
			again := r.IntN(5) > 0
			p.release(c.conn.member, again)
			m.release(m.boxes[c.box], again)
			return true
		},
		"again": func() bool {
			c := pickCall(func(c *realCall) bool { return c.conn != nil && m.boxes[c.box].state != busy })
			if c == nil {
				return false
			}
			require.Equal(t, m.claim(c.modelCall), c.conn.Alive(), "seed %d\n%s\nagain", seed, strings.Join(history, "\n"))
			return true
		},
		"hang up": func() bool {
			c := pickCall(func(c *realCall) bool { return c.conn != nil })
			if c == nil {
				return false
			}
			_ = c.conn.Close() // of one that has ended it may fail
			m.hangUp(c.modelCall)
			return true
		},
		"cancel": func() bool {
			c := pickCall(func(c *realCall) bool { return !c.done && !c.cancelled })
			if c == nil {
				return false
			}
			c.cancel()
			m.cancel(c.modelCall)
			return true
		},
		"end by itself": func() bool {
			b, real := pickBox(func(b *modelBox) bool { return (b.state == busy || b.state == idle) && !b.over })
			if b == nil {
				return false
			}
			real.end()
			b.over = true
			return true
		},
		"unplug": func() bool { // the connection ends before the sandbox is known to
			if n, _ := m.count(func(b *modelBox) bool { return b.unplugged }); n > 0 {
				return false
			}
			b, real := pickBox(func(b *modelBox) bool { return b.state == idle && !b.over })
			if b == nil {
				return false
			}
			real.far.Close()
			b.unplugged = true
			return true
		},
		"bury": func() bool {
			b, real := pickBox(func(b *modelBox) bool { return b.over && b.state != gone && (b.owner == nil || b.owner.connected) })
			if b == nil {
				return false
			}
			real.remove()
			m.forget(b)
			return true
		},
		"retire": func() bool {
			fn, forever := m.functions[r.IntN(len(m.functions))], r.IntN(8) == 0
			end("retire "+fn.Name, func(ctx context.Context) error { return p.Retire(ctx, fn, forever) }, m.retire(fn, forever))
			return true
		},
		"give up": func() bool { // waiting for the end of a retirement, or of the pool
			for _, e := range ends {
				if !e.done && !e.gaveUp {
					e.cancel()
					e.gaveUp = true
					return true
				}
			}
			return false
		},
		"close": func() bool {
			if m.closed || r.IntN(20) > 0 {
				return false
			}
			shut()
			return true
		},
	}
	names := slices.Sorted(maps.Keys(steps))
	names = append(names, "dial", "dial", "dial", "start", "start", "start", "answer", "answer") // without which there is little to mix up
	for range 150 {
		name := names[r.IntN(len(names))]
		if m.now++; steps[name]() {
			history = append(history, name)
			compare()
		}
	}

	// The end: whatever the schedule was, nothing is left and nobody waits.
	if !m.closed {
		shut()
		history = append(history, "close")
		compare()
	}
	for i, b := range boxes {
		if mb := m.boxes[i]; mb.owner != nil && !mb.owner.connected && mb.state != gone {
			b.started <- nil
			m.started(mb, false)
			compare()
		}
	}
	for i, b := range boxes {
		if m.boxes[i].state != gone {
			b.remove()
			m.forget(m.boxes[i])
		}
	}
	compare()
	for _, c := range calls {
		c.cancel()
		require.True(t, c.done)
		if c.conn != nil {
			_ = c.conn.Close()
		}
	}
	for _, e := range ends {
		e.cancel()
	}
	require.Zero(t, p.taken)
	require.Zero(t, cmp.Or(p.idle.Len(), p.waiting.Len(), len(p.members)))
	_, err := p.Dial(t.Context(), m.functions[0])
	require.ErrorIs(t, err, ErrClosed)
}

// TestModel runs random schedules of all that may happen against a model of the
// pool that is too slow to be used and too simple to be wrong: the same calls
// get the same sandboxes, the same sandboxes are killed, no wait outlasts its
// context, Close wins, and nothing is killed of which nothing is left.
func TestModel(t *testing.T) {
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) { schedule(t, seed) })
	}
}
