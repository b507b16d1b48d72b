package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Bounds of what a benchmark serves.
const (
	maxServers     = 8           // of a benchmark: one for each size, and some
	maxDatagram    = 2 << 10     // bytes; a longer one is ignored
	maxConnections = 256         // at once; more wait
	connectionTime = time.Minute // after which a connection is closed
)

// ServeUDP starts a server for the functions of a benchmark that Serves, and
// returns under which host and port they reach it. reply is called with one
// datagram after another, for the time of the call alone, and returns what is
// sent back, or nil for nothing.
//
// Servers are for an Input, whose context is the run's: a server ends with ctx,
// and nothing waits for it. Where functions of the platform cannot reach this
// process, the error matches driver.ErrUnsupported.
func (s *Store) ServeUDP(ctx context.Context, reply func(datagram []byte) []byte) (host string, port int, err error) {
	return s.serve(ctx, func(ctx context.Context, address string) (net.Addr, error) {
		c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = c.Close() })
		go answerDatagrams(ctx, c, reply)
		return c.LocalAddr(), nil
	})
}

// ServeTCP is like ServeUDP. handle is called for each connection, for many at
// once, and must return once its context is done; the connection is closed
// then, after a minute, and when handle returns.
func (s *Store) ServeTCP(ctx context.Context, handle func(ctx context.Context, c net.Conn)) (host string, port int, err error) {
	return s.serve(ctx, func(ctx context.Context, address string) (net.Addr, error) {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { l.Close() })
		go acceptConnections(ctx, l, handle)
		return l.Addr(), nil
	})
}

// serve starts a server where functions reach it.
func (s *Store) serve(ctx context.Context, start func(ctx context.Context, address string) (net.Addr, error)) (string, int, error) {
	listen, reach, err := s.host(ctx)
	if err != nil {
		return "", 0, err
	}
	if s.servers.Add(1) > maxServers {
		return "", 0, fmt.Errorf("%s starts more than %d servers", s.benchmark, maxServers)
	}
	address, err := start(ctx, net.JoinHostPort(listen, "0"))
	if err != nil {
		return "", 0, fmt.Errorf("serve functions: %w", err)
	}
	_, text, err := net.SplitHostPort(address.String())
	if err != nil {
		return "", 0, fmt.Errorf("serve functions: %w", err)
	}
	port, err := strconv.Atoi(text)
	return reach, port, err
}

// answerDatagrams answers until the server ends.
func answerDatagrams(ctx context.Context, c net.PacketConn, reply func([]byte) []byte) {
	buffer := make([]byte, maxDatagram+1)
	for {
		n, from, err := c.ReadFrom(buffer)
		if err != nil {
			if ended(ctx, err) {
				return
			}
			continue
		}
		if n > maxDatagram {
			continue
		}
		if answer := reply(buffer[:n]); answer != nil {
			_, _ = c.WriteTo(answer, from) // it may get lost on the way as well: the function repeats or fails
		}
	}
}

// acceptConnections handles connections until the server ends.
func acceptConnections(ctx context.Context, l net.Listener, handle func(context.Context, net.Conn)) {
	places := make(chan struct{}, maxConnections)
	for {
		c, err := l.Accept()
		if err != nil {
			if ended(ctx, err) {
				return
			}
			continue
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			c.Close()
			return
		}
		go func() {
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, connectionTime)
			defer cancel()
			defer c.Close()
			defer context.AfterFunc(ctx, func() { c.Close() })()
			handle(ctx, c)
		}()
	}
}

// ended reports whether an error is the end of a server. After another one, of
// a system that lacks files or memory for now, it pauses.
func ended(ctx context.Context, err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return true
	}
	select {
	case <-ctx.Done():
		return true
	case <-time.After(10 * time.Millisecond):
		return false
	}
}

// loopback is where tests of a benchmark without a platform serve.
func loopback(context.Context) (listen, reach string, err error) {
	return "127.0.0.1", "127.0.0.1", nil
}

// host returns where servers of the platform's functions listen, and under
// which host functions reach them.
func (p *openPlatform) host(ctx context.Context) (listen, reach string, err error) {
	h, ok := p.Platform.(driver.Host)
	if !ok {
		return "", "", fmt.Errorf("functions cannot reach a server of this process: %w", driver.ErrUnsupported)
	}
	if listen, reach, err = h.Host(ctx); err != nil {
		return "", "", fmt.Errorf("find where functions reach this process: %w", err)
	}
	return listen, reach, nil
}

// noServer refuses servers of a benchmark that does not say it has any.
func noServer(context.Context) (listen, reach string, err error) {
	return "", "", errors.New("the benchmark does not say that it Serves")
}
