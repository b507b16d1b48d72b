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
)

// hostRules say where functions reach a server of this process, on platforms
// that implement driver.Host.
var hostRules = []rule{
	{
		name: "host",
		why:  "a benchmark of the network measures the way to a server of this process, which nobody else must reach",
		applies: func(pt *platformTest) bool {
			_, ok := pt.platform.(driver.Host)
			return ok && slices.Contains(connecting, pt.spec.Runtime.Language)
		},
		check: checkHost,
	},
}

// connecting are the languages whose probes have the action connect.
var connecting = []string{"python", "nodejs", "java", "go", "cpp", "sim"}

func checkHost(ctx context.Context, pt *platformTest) error {
	listen, reach, err := pt.platform.(driver.Host).Host(ctx)
	if errors.Is(err, driver.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find where to listen: %w", err)
	}
	address, err := netip.ParseAddr(listen)
	if err != nil {
		return fmt.Errorf("where to listen: %w", err)
	}
	if err := expect(!address.IsUnspecified(), "a server is to listen on %s, which is every address of this machine", listen); err != nil {
		return err
	}
	port, err := echo(ctx, listen)
	if err != nil {
		return fmt.Errorf("listen where functions connect to: %w", err)
	}
	d, err := pt.deploy(ctx)
	if err != nil {
		return err
	}
	text := word()
	var got struct{ Text string }
	r := d.call(ctx, event{"do": "connect", "host": reach, "port": port, "text": text})
	if err := r.result(&got); err != nil {
		return fmt.Errorf("connect from a function to a server at %s under %s: %w", listen, reach, err)
	}
	return expect(got.Text == text, "the probe receives %q from a server that echoes, want %q", got.Text, text)
}

// echo serves one connection, until ctx is done, and sends back what it
// receives. It returns the port.
func echo(ctx context.Context, listen string) (int, error) {
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
		if c.SetDeadline(time.Now().Add(ruleTime)) == nil {
			_, _ = io.Copy(c, io.LimitReader(c, 1<<10)) // likewise
		}
	}()
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}
