package harness_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
)

func dial(t *testing.T, network, host string, port int) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), network, net.JoinHostPort(host, strconv.Itoa(port)))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// free waits until nothing listens on a port any more.
func free(t *testing.T, network, host string, port int) {
	t.Helper()
	address := net.JoinHostPort(host, strconv.Itoa(port))
	for t.Context().Err() == nil {
		var c io.Closer
		var err error
		if network == "udp" {
			c, err = (&net.ListenConfig{}).ListenPacket(t.Context(), network, address)
		} else {
			c, err = (&net.ListenConfig{}).Listen(t.Context(), network, address)
		}
		if err == nil {
			require.NoError(t, c.Close())
			return
		}
	}
	t.Fatalf("%s still listens on %s", network, address)
}

func TestServeUDP(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := harness.NewStore("020.serving", "mine", nil, nil)
	host, port, err := s.ServeUDP(ctx, func(datagram []byte) []byte {
		if bytes.HasPrefix(datagram, []byte("silent")) {
			return nil
		}
		return append([]byte("to "), datagram...)
	})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", host)

	c := dial(t, "udp", host, port)
	// Those without an answer come first: the only one is to the last.
	for _, datagram := range []string{"silent", strings.Repeat("long", 1000), "you"} {
		_, err := io.WriteString(c, datagram)
		require.NoError(t, err)
	}
	buffer := make([]byte, 100)
	n, err := c.Read(buffer)
	require.NoError(t, err)
	require.Equal(t, "to you", string(buffer[:n]))

	cancel()
	free(t, "udp", host, port)
}

func TestServeTCP(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := harness.NewStore("040.serving", "mine", nil, nil)
	returned := make(chan struct{})
	host, port, err := s.ServeTCP(ctx, func(ctx context.Context, c net.Conn) {
		defer func() { returned <- struct{}{} }()
		_, _ = io.WriteString(c, "hello")
		if wait, _ := io.ReadAll(io.LimitReader(c, 4)); string(wait) == "wait" {
			<-ctx.Done()
		}
	})
	require.NoError(t, err)

	waiting := dial(t, "tcp", host, port)
	_, err = io.WriteString(waiting, "wait")
	require.NoError(t, err)
	for range 3 { // beside the one that waits
		c := dial(t, "tcp", host, port)
		_, err := io.WriteString(c, "end.")
		require.NoError(t, err)
		<-returned
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		require.Equal(t, "hello", string(got))
	}
	// Connections end with the server.
	cancel()
	<-returned
	_, err = io.ReadAll(waiting)
	require.NoError(t, err)
	free(t, "tcp", host, port)
}

// A connection that is open when the server ends is closed, also while its
// handler reads.
func TestServeTCPEndsReads(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := harness.NewStore("040.serving", "mine", nil, nil)
	failed := make(chan error)
	host, port, err := s.ServeTCP(ctx, func(_ context.Context, c net.Conn) {
		_, err := c.Read(make([]byte, 1))
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		failed <- err
	})
	require.NoError(t, err)
	c := dial(t, "tcp", host, port)
	_, err = io.WriteString(c, "x")
	require.NoError(t, err)
	cancel()
	require.Error(t, <-failed)
}

func TestServersAreBounded(t *testing.T) {
	s := harness.NewStore("020.serving", "mine", nil, nil)
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		_, _, err = s.ServeUDP(t.Context(), func([]byte) []byte { return nil })
	}
	require.ErrorContains(t, err, "020.serving starts more than 8 servers")
	require.Equal(t, 9, n)
}

// serving are models on a platform whose functions reach no server.
func serving() []harness.Benchmark {
	serves := models[0]
	serves.Name, serves.Serves = "020.serving", true
	secretly := models[0]
	secretly.Name = "021.secretly"
	secretly.Input = func(ctx context.Context, _ harness.Size, s *harness.Store) (any, error) {
		_, port, err := s.ServeTCP(ctx, func(context.Context, net.Conn) {})
		return map[string]int{"n": 7, "port": port}, err
	}
	return []harness.Benchmark{serves, models[0], secretly}
}

// TestServing is the experiment that the test below runs in a child
// process.
func TestServing(t *testing.T) {
	harness.Cells(t, serving(), harness.Conditions{}, func(ctx context.Context, t *testing.T, cell *harness.Cell) {
		v := cell.Invoke(ctx)
		require.NoError(t, v.Err())
	})
}

// A benchmark that serves is left out where functions cannot reach this
// process, and fails if nothing else was selected; one that does not say that
// it serves cannot.
func TestServesWhereFunctionsReachUs(t *testing.T) {
	for name, tt := range map[string]struct {
		pattern string
		fails   bool
		says    []string
	}{
		"beside another": {"Serving/(020|001)", false, []string{"SKIP: TestServing/platform=sim,benchmark=020.serving", "PASS: TestServing/platform=sim,benchmark=001.fast"}},
		"alone":          {"Serving/020", true, []string{"benchmark=020.serving", "functions cannot reach a server of this process: not supported by this platform"}},
		"not said":       {"Serving/021", true, []string{"input test of 021.secretly: the benchmark does not say that it Serves"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChild(t, nil, "-test.run", tt.pattern)
			err := c.Run()
			require.Equal(t, tt.fails, err != nil, c.out.String())
			for _, says := range tt.says {
				require.Contains(t, c.out.String(), says)
			}
		})
	}
}
