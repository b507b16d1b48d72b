package pool

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Conn is the connection of one client to one sandbox. It sees where calls
// begin and end: the first byte written after an answer begins one, the last
// byte of an HTTP answer ends it. In between the function's time runs. After
// that the sandbox is idle, and the pool may stop it or give it to a call that
// waits: then the connection is not Alive.
//
// As with any connection one goroutine writes and one reads, which is the same
// one here; the others may be called by any.
type Conn struct {
	net.Conn
	pool   *Pool
	fn     *Function
	member *member       // given by the pool's dispatch, before ready is closed
	ready  chan struct{} // closed when a call that waits has a member
	cancel func()        // ends Dial
	queued time.Duration

	calling bool
	served  bool // the sandbox has served a call
	before  Hits // of the sandbox's limits, when the call began
	scan    scanner
	timer   *time.Timer // kills the sandbox
	once    sync.Once
}

// MaxBytes bounds what a call sends and what it answers.
const MaxBytes = 50 << 20

// CallLimits are those of calls on a platform whose sandboxes are a pool's.
var CallLimits = driver.Limits{
	MaxPayload: MaxBytes, MaxReply: MaxBytes,
	Causes: []driver.Cause{driver.TimedOut, driver.Memory, driver.Processes, driver.Crash},
}

// noDeadline is the deadline of what may take any time.
var noDeadline time.Time

var _ driver.Sandbox = (*Conn)(nil)

// Queued returns how long Dial waited for a sandbox or for room to start one.
func (c *Conn) Queued() time.Duration { return c.queued }

// Usage returns what the sandbox used for the last call, where the platform
// knows.
func (c *Conn) Usage() (driver.Usage, bool) {
	if m, ok := c.member.sandbox.(Meter); ok {
		return m.Usage()
	}
	return driver.Usage{}, false
}

// Alive takes the idle sandbox for another call, if that is still possible.
func (c *Conn) Alive() bool {
	if c.calling || !c.pool.claim(c) {
		return false
	}
	if !quiet(c.Conn) {
		c.pool.stop(c.member, nil)
		return false
	}
	return true
}

// quiet reports whether nothing was sent and the peer is there.
func quiet(raw net.Conn) bool {
	socket, ok := raw.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && quiet
}

// Write sends part of a request.
func (c *Conn) Write(b []byte) (int, error) {
	if !c.calling {
		c.calling = true
		c.scan.reset()
		if c.served {
			c.before = c.member.sandbox.LimitHits(false)
		}
		if limit := c.fn.Timeout; limit > 0 {
			c.timer = time.AfterFunc(limit, func() { c.pool.stop(c.member, c.tooLate()) })
		}
	}
	n, err := c.Conn.Write(b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		err = c.member.sandbox.Failure(c.before)
	}
	return n, err
}

// Read returns part of an answer. If the sandbox ends before its answer does,
// answers more than it may, or answers that the function failed after it met
// one of its limits, the error is a *driver.Failure.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.calling {
		r := c.scan.next(b[:n])
		if r.length > MaxBytes {
			return 0, &driver.Failure{Cause: driver.Protocol, Detail: fmt.Sprintf("the answer has %d bytes, more than %d", r.length, MaxBytes)}
		}
		if r.failed {
			if f := c.fn.Exceeded(c.before, c.member.sandbox.LimitHits(true)); f != nil {
				return 0, f
			}
		}
		if r.complete && !c.answered(r.excess) {
			return 0, c.tooLate()
		}
	}
	if err != nil && c.calling && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		err = c.member.sandbox.Failure(c.before)
	}
	return n, err
}

// answered ends a call, and reports whether its answer came in time. A sandbox
// that was too late, or sent more than an answer, is not used again.
func (c *Conn) answered(excess bool) (inTime bool) {
	c.calling, c.served = false, true
	inTime = c.timer == nil || c.timer.Stop()
	c.pool.release(c.member, inTime && !excess)
	return inTime
}

// tooLate is the failure of a call whose answer did not come in time.
func (c *Conn) tooLate() *driver.Failure {
	return &driver.Failure{Cause: driver.TimedOut, Detail: fmt.Sprintf("the function took longer than %v", c.fn.Timeout)}
}

// Close gives the sandbox up.
func (c *Conn) Close() error {
	var err error
	c.once.Do(func() {
		if c.timer != nil {
			c.timer.Stop()
		}
		err = c.pool.giveUp(c)
	})
	return err
}

// SetDeadline sets the deadline of reads and writes. It has no effect once the
// sandbox serves another connection.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.ifOwner(func() error { return c.Conn.SetDeadline(t) })
}

// SetReadDeadline sets the deadline of reads, as SetDeadline.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.ifOwner(func() error { return c.Conn.SetReadDeadline(t) })
}

// SetWriteDeadline sets the deadline of writes, as SetDeadline.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.ifOwner(func() error { return c.Conn.SetWriteDeadline(t) })
}

// ifOwner calls do if the sandbox is this connection's, and stays so meanwhile.
func (c *Conn) ifOwner(do func() error) error {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.member.owner != c {
		return nil
	}
	return do()
}
