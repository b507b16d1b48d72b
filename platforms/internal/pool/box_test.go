package pool

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// box is a sandbox that does what a test says. Its connection is a socket, of
// which a test has the other end.
type box struct {
	id      int
	starts  func(ctx context.Context) error // waits until it starts; nil: at once
	wire    func() (near, far net.Conn, err error)
	lasting bool // once it has ended it is gone when the test says so

	mu     sync.Mutex
	begun  int // calls of Start
	killed int // calls of Kill
	ended  bool
	late   bool // it was killed after the pool was told that it is gone
	far    net.Conn
	gone   chan struct{}
	bury   sync.Once
}

func newBox() *box { return &box{wire: socket, gone: make(chan struct{})} }

// socket returns the two ends of a socket.
func socket() (near, far net.Conn, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, err
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		if err := syscall.SetNonblock(fd, true); err != nil {
			return nil, nil, err
		}
		f := os.NewFile(uintptr(fd), "box")
		if ends[i], err = net.FileConn(f); err != nil {
			return nil, nil, err
		}
		f.Close()
	}
	return ends[0], ends[1], nil
}

func (b *box) Start(ctx context.Context) (net.Conn, error) {
	b.mu.Lock()
	b.begun++
	b.mu.Unlock()
	var err error
	if b.starts != nil {
		err = b.starts(ctx)
	}
	var near net.Conn
	if err == nil {
		b.mu.Lock()
		near, b.far, err = b.wire()
		b.mu.Unlock()
	}
	if err != nil {
		b.end()
		return nil, err
	}
	return near, nil
}

func (b *box) Gone() <-chan struct{} { return b.gone }

func (b *box) Kill(*driver.Failure) {
	b.mu.Lock()
	select {
	case <-b.gone:
		b.late = true
	default:
	}
	b.killed++
	b.mu.Unlock()
	b.end()
}

// end is what happens when it ends, for whatever reason.
func (b *box) end() {
	b.mu.Lock()
	b.ended = true
	if b.far != nil {
		b.far.Close()
	}
	b.mu.Unlock()
	if !b.lasting {
		b.remove()
	}
}

// remove leaves nothing of it.
func (b *box) remove() { b.bury.Do(func() { close(b.gone) }) }

func (b *box) Over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

func (b *box) LimitHits(bool) Hits          { return Hits{} }
func (b *box) Failure(Hits) *driver.Failure { return nil }

// check requires that lists and sums say what the members' states do.
func check(t *testing.T, p *Pool, functions []*Function) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var taken, freeing room
	idleOnes, members := map[*member]bool{}, 0
	for m := range p.members {
		require.NotEqual(t, gone, m.state)
		require.Contains(t, m.fn.members, m)
		taken.add(m.fn)
		switch m.state {
		case ending:
			freeing.add(m.fn)
		case idle:
			idleOnes[m] = true
		}
	}
	require.Equal(t, taken, p.taken)
	require.Equal(t, freeing, p.freeing)
	require.Len(t, idleOnes, p.idle.Len())
	for e := p.idle.Front(); e != nil; e = e.Next() {
		require.Contains(t, idleOnes, e.Value)
	}
	listed := 0
	for _, fn := range functions {
		members += len(fn.members)
		for e := fn.free.Front(); e != nil; e = e.Next() {
			require.Contains(t, idleOnes, e.Value)
			require.Nil(t, e.Value.(*member).owner)
		}
		for e := fn.kept.Front(); e != nil; e = e.Next() {
			require.Contains(t, idleOnes, e.Value)
			require.NotNil(t, e.Value.(*member).owner)
		}
		listed += fn.free.Len() + fn.kept.Len()
	}
	require.Equal(t, len(p.members), members)
	require.Equal(t, len(idleOnes), listed)
}
