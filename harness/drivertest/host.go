package drivertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// hostRules say where functions reach a server of this process, on platforms
// that implement driver.Host.
var hostRules = []rule{
	{
		Name:  "host",
		Why:   "a benchmark of the network measures the way to a server of this process, which nobody else must reach",
		Needs: needs(hosts),
		Check: checkHost,
	},
}

// connecting are the languages whose probes have the action connect.
var connecting = []string{"python", "nodejs", "java", "go", "cpp", "sim"}

// hosts needs functions that can reach this process.
func hosts(s *probe.Session) error {
	if _, ok := s.Platform.(driver.Host); !ok {
		return errors.New("functions cannot reach a server of this process")
	}
	if language := s.Spec.Runtime.Language; !slices.Contains(connecting, language) {
		return fmt.Errorf("the probe in language %s has no action connect", language)
	}
	return nil
}

func checkHost(ctx context.Context, s *subject) error {
	listen, reach, err := s.Platform.(driver.Host).Host(ctx)
	if errors.Is(err, driver.ErrUnsupported) {
		return rules.Inapplicable(err)
	}
	if err != nil {
		return fmt.Errorf("find where to listen: %w", err)
	}
	address, err := netip.ParseAddr(listen)
	if err != nil {
		return fmt.Errorf("where to listen: %w", err)
	}
	if err := rules.Expect(!address.IsUnspecified(), "a server is to listen on %s, which is every address of this machine", listen); err != nil {
		return err
	}
	port, err := echoServer(ctx, listen)
	if err != nil {
		return fmt.Errorf("listen where functions connect to: %w", err)
	}
	f, err := s.Function(ctx)
	if err != nil {
		return err
	}
	text := probe.Word()
	var got struct{ Text string }
	r := f.Call(ctx, probe.Event{"do": "connect", "host": reach, "port": port, "text": text})
	if err := r.Result(&got); err != nil {
		return fmt.Errorf("connect from a function to a server at %s under %s: %w", listen, reach, err)
	}
	return rules.Expect(got.Text == text, "the probe receives %q from a server that echoes, want %q", got.Text, text)
}

// echoServer serves one connection, until ctx is done, and sends back what it
// receives. It returns the port.
func echoServer(ctx context.Context, listen string) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(listen, "0"))
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	go func() {
		defer stop()
		defer l.Close()
		c, err := l.Accept()
		if err != nil {
			return // the function's failure tells
		}
		defer c.Close()
		if c.SetDeadline(time.Now().Add(time.Minute)) == nil {
			_, _ = io.Copy(c, io.LimitReader(c, 1<<10)) // likewise
		}
	}()
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}
