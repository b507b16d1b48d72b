package process

import (
	"io"
	"sync"
)

// tailBytes is how much of a sandbox's output is kept.
const tailBytes = 64 << 10

// tail keeps the end of what a sandbox prints, and reads all of it, so that a
// function never waits for somebody to read. Safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	ring []byte
	at   int // where the oldest byte is, once the ring is full
}

// drain reads r until its end, and then closes done.
func (t *tail) drain(r io.Reader, done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		t.write(buf[:n])
		if err != nil {
			return // the end, or the pipe was closed after the sandbox's death
		}
		if n == len(buf) && len(buf) < 64<<10 {
			buf = make([]byte, 64<<10)
		}
	}
}

func (t *tail) write(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(b) > tailBytes {
		b = b[len(b)-tailBytes:]
	}
	if room := tailBytes - len(t.ring); room > 0 {
		n := min(room, len(b))
		t.ring = append(t.ring, b[:n]...)
		b = b[n:]
	}
	for len(b) > 0 {
		n := copy(t.ring[t.at:], b)
		b = b[n:]
		t.at = (t.at + n) % tailBytes
	}
}

// String returns what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.ring[t.at:]) + string(t.ring[:t.at])
}
