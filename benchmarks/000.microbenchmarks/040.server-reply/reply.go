// Package reply is the benchmark 040.server-reply: a function connects to a
// server and waits for its message. It shows what platforms do with a function
// that waits.
//
// The package cannot tell two calls of one size apart that are made at once:
// each message is right for one of them, and only once.
package reply

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python all:nodejs config.json
var files embed.FS

// Benchmark is 040.server-reply.
var Benchmark = harness.Benchmark{
	Name:   "040.server-reply",
	Files:  files,
	Serves: true,
	Input:  input,
	Check:  check,
}

// delays are for how long the server keeps a function waiting, in seconds: as
// long as 010.sleep sleeps.
var delays = map[harness.Size]float64{
	harness.Test:  0.01,
	harness.Small: 0.1,
	harness.Large: 1,
}

// payload is the event.
type payload struct {
	Address string  `json:"ip-address"`
	Port    int     `json:"port"`
	Sleep   float64 `json:"sleep"` // the server's, for the record

	server *server
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	seconds, ok := delays[size]
	if !ok {
		return nil, fmt.Errorf("unknown size %q", size)
	}
	s := newServer(time.Duration(seconds * float64(time.Second)))
	host, port, err := store.ServeTCP(ctx, s.handle)
	if err != nil {
		return nil, err
	}
	return &payload{Address: host, Port: port, Sleep: seconds, server: s}, nil
}

func check(_ context.Context, _ harness.Size, in any, output json.RawMessage, _ *harness.Store) error {
	p, ok := in.(*payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var message string
	if err := inputs.Decode(output, &message); err != nil {
		return err
	}
	if !p.server.take(message) {
		return fmt.Errorf("the output %.80q is no message that the server sent, or was one of another call", message)
	}
	return nil
}

// maxMessages bounds what a server remembers.
const maxMessages = 1 << 14

// server sends a message to everyone who connects, never the same, and
// remembers the last of them.
type server struct {
	delay time.Duration

	mu    sync.Mutex
	sent  map[string]bool // that nobody has taken
	order []string        // a ring of all, the next to be forgotten at next
	next  int
}

func newServer(delay time.Duration) *server {
	return &server{delay: delay, sent: map[string]bool{}, order: make([]string, maxMessages)}
}

func (s *server) handle(ctx context.Context, c net.Conn) {
	select {
	case <-time.After(s.delay):
	case <-ctx.Done():
		return
	}
	_, _ = io.WriteString(c, s.message()) // a function that receives nothing fails
}

// message makes and remembers a message.
func (s *server) message() string {
	message := "a reply for one call: " + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sent, s.order[s.next])
	s.order[s.next] = message
	s.next = (s.next + 1) % len(s.order)
	s.sent[message] = true
	return message
}

// take reports whether a message was sent, and forgets it.
func (s *server) take(message string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.sent[message]
	delete(s.sent, message)
	return was
}
