package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// function is a deployed function with its sandboxes.
type function struct {
	limit int  // sandboxes at once, a call beyond is throttled; 0: no limit
	bytes int  // of payloads, and of replies
	fair  bool // calls get the sandbox that has been idle longest, not the one used last

	mu      sync.Mutex
	spec    driver.Spec
	digest  string
	model   *Model
	origin  origin // of what was deployed last
	calls   uint64 // since the last deployment that changed something
	started uint64 // sandboxes, since then
	removed bool
	places  int                   // taken by sandboxes, also by those being started
	alive   map[*sandbox]struct{} // those that exist
	idle    []*sandbox            // those that wait for a call through Invoke, the one used last at the end
	waiting []chan *sandbox       // calls that wait for a place, in order; they get an idle sandbox, or nil for a place
}

// sandbox is an isolated place that serves one call at a time. On the trigger
// http it is the other end of one connection.
type sandbox struct {
	fn    *function
	spec  driver.Spec // as it was when the sandbox was started
	model *Model
	id    string
	boot  time.Time
	gone  chan struct{} // closed when the sandbox is
	peer  net.Conn      // its end of the connection; nil for the trigger sdk

	// Used by the call under way only.
	count   int64             // calls of its process
	process int               // which one of the sandbox, from 1
	ahead   bool              // it was started and initialised before any call
	peak    int64             // bytes that a probe used
	files   map[string]string // its /tmp
	left    map[string]int    // processes that calls left running, by marker

	// Guarded by fn.mu.
	busy    bool
	sending bool // an answer is on its way, although it is not busy any more
	retired bool
	dead    bool
	since   time.Time // idle since
}

// acquire returns an idle sandbox that can serve, or starts one. queued is how
// long it waited for a place.
func (f *function) acquire(ctx context.Context) (s *sandbox, queued time.Duration, err error) {
	f.mu.Lock()
	if f.removed {
		f.mu.Unlock()
		return nil, 0, fmt.Errorf("function %s: %w", f.spec.Name, driver.ErrNotFound)
	}
	for len(f.idle) > 0 {
		at := len(f.idle) - 1
		if f.fair {
			at = 0
		}
		s = f.idle[at]
		f.idle = slices.Delete(f.idle, at, at+1)
		if k := time.Duration(s.model.KeepAlive); k == 0 || time.Since(s.since) < k {
			s.busy = true
			f.mu.Unlock()
			return s, 0, nil
		}
		f.kill(s)
	}
	switch {
	case f.limit > 0 && f.places >= f.limit:
		f.mu.Unlock()
		return nil, 0, &driver.Failure{Cause: driver.Throttled, Detail: fmt.Sprintf("the function has %d sandboxes already", f.limit)}
	case f.model.Sandboxes == 0 || f.places < f.model.Sandboxes:
		f.places++
		f.mu.Unlock()
	default:
		begin, turn := time.Now(), make(chan *sandbox, 1)
		f.waiting = append(f.waiting, turn)
		f.mu.Unlock()
		if s, err = f.wait(ctx, turn); err != nil || s != nil {
			return s, time.Since(begin), err
		}
		queued = time.Since(begin)
	}
	s, err = f.start(ctx)
	return s, queued, err
}

// wait waits for its turn: an idle sandbox, or nil for the right to start one.
func (f *function) wait(ctx context.Context, turn chan *sandbox) (*sandbox, error) {
	select {
	case s, ok := <-turn:
		if !ok {
			return nil, fmt.Errorf("function %s: %w", f.spec.Name, driver.ErrNotFound)
		}
		return s, nil
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.waiting, turn); i >= 0 {
		f.waiting = slices.Delete(f.waiting, i, i+1)
	} else if s, ok := <-turn; ok { // the turn came meanwhile: pass it on
		if s != nil {
			f.park(s)
		} else {
			f.release()
		}
	}
	return nil, ctx.Err()
}

// start starts a sandbox in a place that the caller has taken.
func (f *function) start(ctx context.Context) (*sandbox, error) {
	f.mu.Lock()
	s := &sandbox{
		fn: f, spec: f.spec, model: f.model, busy: true, gone: make(chan struct{}),
		id: strconv.FormatUint(rand.Uint64()|1<<63, 16), process: 1, ahead: f.model.ahead(f.started),
	}
	f.started++
	f.alive[s] = struct{}{}
	f.mu.Unlock()
	s.boot = time.Now()
	if s.ahead {
		s.boot = s.boot.Add(-time.Minute)
		return s, nil
	}
	if err := s.wait(ctx, time.Duration(s.model.Start)); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// wait waits in the sandbox for d, until the sandbox is gone, or for ctx.
func (s *sandbox) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.gone:
		return &driver.Failure{Cause: driver.Crash, Detail: "the sandbox was removed during the call"}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin takes an idle sandbox for a call, unless it is not to serve again. The
// first call is served in any case: whoever started the sandbox waits for it.
func (s *sandbox) begin() bool {
	s.fn.mu.Lock()
	defer s.fn.mu.Unlock()
	s.busy = !s.dead && (!s.retired || s.first())
	return s.busy
}

// first reports whether the sandbox has served no call.
func (s *sandbox) first() bool { return s.count == 0 && s.process == 1 }

// end makes the sandbox idle after a call, or gives it up if it was retired
// meanwhile. It reports whether it goes on.
func (s *sandbox) end() bool {
	f := s.fn
	f.mu.Lock()
	defer f.mu.Unlock()
	s.busy, s.sending = false, s.peer != nil
	if s.retired || s.dead {
		f.kill(s)
		return false
	}
	if s.peer == nil {
		f.park(s)
	}
	return true
}

// sent notes that the answer is out. It reports whether the sandbox goes on.
func (s *sandbox) sent() bool {
	s.fn.mu.Lock()
	defer s.fn.mu.Unlock()
	s.sending = false
	return !s.dead
}

// serves reports whether the sandbox can take another call.
func (s *sandbox) serves() bool {
	s.fn.mu.Lock()
	defer s.fn.mu.Unlock()
	return !s.retired && !s.dead
}

// kill ends the sandbox, whatever it does.
func (s *sandbox) kill() {
	s.fn.mu.Lock()
	defer s.fn.mu.Unlock()
	s.fn.kill(s)
}

// park gives an idle sandbox to the call that waits longest, or keeps it.
// f.mu is held.
func (f *function) park(s *sandbox) {
	s.since = time.Now()
	if len(f.waiting) > 0 {
		s.busy = true
		f.waiting[0] <- s
		f.waiting = f.waiting[1:]
		return
	}
	f.idle = append(f.idle, s)
}

// kill ends a sandbox. f.mu is held.
func (f *function) kill(s *sandbox) {
	if s.dead {
		return
	}
	s.dead = true
	close(s.gone)
	if s.peer != nil && !s.sending {
		s.peer.Close()
	}
	delete(f.alive, s)
	f.release()
}

// release passes the place of a sandbox on. f.mu is held.
func (f *function) release() {
	if len(f.waiting) > 0 {
		f.waiting[0] <- nil
		f.waiting = f.waiting[1:]
		return
	}
	f.places--
}

// retire ends all idle sandboxes now, and the busy ones after their calls.
// f.mu is held.
func (f *function) retire() {
	f.idle = nil
	for s := range f.alive {
		s.retired = true
		if !s.busy {
			f.kill(s)
		}
	}
}

// remove ends all sandboxes at once; later calls fail.
func (f *function) remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removed, f.idle = true, nil
	for _, turn := range f.waiting {
		close(turn)
	}
	f.waiting = nil
	for s := range f.alive {
		f.kill(s)
	}
}

// next returns the number of a call.
func (f *function) next() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.calls - 1
}

// startAhead starts a sandbox in a place that was taken for it, loads its
// module, and keeps it for the next call.
func (f *function) startAhead() {
	s, err := f.start(context.Background())
	if err != nil {
		return // it was retired or removed meanwhile
	}
	if err := s.wait(context.Background(), time.Duration(s.model.Init)); err != nil {
		s.kill()
		return
	}
	s.ahead = true
	s.end()
}
