//go:build local

package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/local"
)

const echo = "def handler(event):\n    return {'result': event}\n"

// relay passes connections to the engine on until it is cut.
type relay struct {
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn
}

// relayed has the platform reach the engine through a relay.
func relayed(t *testing.T) *relay {
	t.Helper()
	engine := "/var/run/docker.sock"
	if host, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		engine = host
	}
	folder, err := os.MkdirTemp("", "sebs") // a short path
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	socket := filepath.Join(folder, "docker.sock")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	r := &relay{listener: listener}
	t.Cleanup(r.cut)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", engine)
			if err != nil {
				client.Close()
				continue
			}
			r.mu.Lock()
			r.open = append(r.open, client, server)
			r.mu.Unlock()
			for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1])
					_ = pair[0].(*net.UnixConn).CloseWrite()
				}()
			}
		}
	}()
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	return r
}

// cut ends all connections and takes no more.
func (r *relay) cut() {
	r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		c.Close()
	}
}

// An engine that stops during a run fails what needs it, at once and with a
// clear error; closing the platform says what could not be removed.
func TestEngineStops(t *testing.T) {
	r := relayed(t)
	run := newRun(t)
	p, err := local.Open(t.Context(), run)
	require.NoError(t, err)
	c := deploy(t, p, spec(p, run, "python"), echo)
	call(t, c, `{}`)

	r.cut()
	x := c.Call(t.Context(), []byte(`{}`))
	if x.Failure != nil { // the sandbox may have served it all the same
		require.Contains(t, []driver.Cause{driver.Crash, driver.Network}, x.Failure.Cause)
	}
	c.CloseIdle()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	x = c.Call(ctx, []byte(`{}`))
	require.NotNil(t, x.Failure)
	require.Equal(t, driver.Network, x.Failure.Cause)
	require.Contains(t, x.Failure.Detail, "docker")
	require.Error(t, p.Close(ctx))

	// What the engine still has is found by the next run of this prefix.
	t.Setenv("DOCKER_HOST", "")
	sweep(t, run)
	require.Empty(t, left(t, run))
}

// sweep removes what an earlier process of a run left.
func sweep(t *testing.T, run driver.Run) []driver.Resource {
	t.Helper()
	run.ID, run.Dir = newRun(t).ID, t.TempDir()
	p, err := local.Open(t.Context(), run)
	require.NoError(t, err)
	var found []driver.Resource
	for r, err := range p.Resources(t.Context()) {
		require.NoError(t, err)
		require.NoError(t, p.Remove(t.Context(), r))
		found = append(found, r)
	}
	require.NoError(t, p.Close(t.Context()))
	return found
}

// Without an engine the platform cannot be opened, and says what to do.
func TestNoEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	_, err := local.Open(t.Context(), newRun(t))
	require.ErrorIs(t, err, driver.ErrUnavailable)
	require.ErrorContains(t, err, "systemctl start docker")
}

func TestWrongSettings(t *testing.T) {
	for name, values := range map[string][]string{
		"SEBS_MB_PER_CPU": {"x", "-1", "1.5"},
		"SEBS_REGISTRY":   {"UPPER/case", "host:port/name", "name:tag"},
		"SEBS_IMAGES":     {"a=", "=b", "a=b,a=c", "mirror,other"},
	} {
		for _, value := range values {
			t.Run(name+"="+value, func(t *testing.T) {
				t.Setenv(name, value)
				_, err := local.Open(t.Context(), newRun(t))
				require.ErrorContains(t, err, name)
			})
		}
	}
}

// victim is the variable that makes the test binary a process to be killed.
const victim = "SEBS_TEST_VICTIM"

// die opens the platform, leaves a container, a network and stores, says so,
// and waits to be killed.
func die() int {
	id, dir, _ := strings.Cut(os.Getenv(victim), " ")
	ctx := context.Background()
	p, err := local.Open(ctx, driver.Run{
		ID: id, Prefix: id, Expiry: time.Now().Add(time.Hour), Dir: filepath.Dir(dir), Guard: noGuard{}, Ledger: noLedger{}, Log: io.Discard,
	})
	if err == nil {
		_, err = p.Buckets(ctx)
	}
	if err == nil {
		s := spec(p, driver.Run{Prefix: id}, "python")
		var target driver.Target
		target, err = p.Deploy(ctx, s, driver.Package{Digest: strings.Repeat("0", 64), Kind: driver.Archive, Dir: dir})
		if err == nil {
			var c *invoke.Client
			if c, err = invoke.For(ctx, p, target); err == nil {
				if x := c.Call(ctx, []byte(`{}`)); x.Failure != nil {
					err = x.Failure
				}
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready")
	time.Sleep(time.Minute)
	return 1
}

// A killed process leaves a sandbox that ends by itself, and nothing that a
// sweep does not find and remove.
func TestKilled(t *testing.T) {
	p, run := opened(t, unpublished)
	deploy(t, p, spec(p, run, "python"), echo)
	code := filepath.Join(t.TempDir(), "code")
	built, err := filepath.Glob(filepath.Join(os.TempDir(), "TestKilled*", "*", "packages", "*", "code"))
	require.NoError(t, err)
	require.NotEmpty(t, built)
	require.NoError(t, os.CopyFS(code, os.DirFS(built[0])))

	dead := newRun(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+dead.ID+" "+code)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	require.NoError(t, cmd.Process.Kill())
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)

	// The idle sandbox ends with its connection.
	require.Eventually(t, func() bool {
		out, err := exec.Command("docker", "ps", "-q", "--filter", "label=sebs.run="+dead.ID, "--filter", "label=sebs.function").Output()
		return err == nil && len(out) == 0
	}, time.Minute, 50*time.Millisecond)

	kinds := map[string]int{}
	for _, r := range sweep(t, dead) {
		require.Equal(t, dead.ID, r.Run)
		require.WithinDuration(t, time.Now().Add(time.Hour), r.Expiry, 5*time.Minute)
		kinds[r.Kind]++
	}
	require.Equal(t, map[string]int{"container": 2, "network": 1, "volume": 1}, kinds)
	require.Empty(t, left(t, dead))
}

// A cancelled call leaves no container, whenever it is cancelled.
func TestCancelledStarts(t *testing.T) {
	p, run := opened(t, unpublished)
	s := spec(p, run, "python")
	c := deploy(t, p, s, echo)
	for _, after := range []time.Duration{0, 30 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond} {
		ctx, cancel := context.WithCancelCause(t.Context())
		timer := time.AfterFunc(after, func() { cancel(errors.New("interrupted")) })
		x := c.Call(ctx, []byte(`{}`))
		timer.Stop()
		cancel(nil)
		if x.Failure != nil {
			require.Equal(t, driver.Cancelled, x.Failure.Cause, x.Failure.Detail)
		}
	}
	require.NoError(t, p.Retire(t.Context(), s.Name))
	c.CloseIdle()
	require.Eventually(t, func() bool {
		return slices.Equal([]string{"network:" + run.Prefix + "-network"}, left(t, run))
	}, time.Minute, 100*time.Millisecond, "only the network stays")
}
