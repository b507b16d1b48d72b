package local

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

type noGuard struct{}

func (noGuard) Process(int) func()       { return func() {} }
func (noGuard) Folder(string) func()     { return func() {} }
func (noGuard) Command(...string) func() { return func() {} }

type noLedger struct{}

func (noLedger) Record(driver.Resource) error { return nil }

// stuckEngine is an engine that says what it is, makes networks and containers,
// and answers nothing else.
func stuckEngine(t *testing.T) {
	t.Helper()
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case strings.HasSuffix(r.URL.Path, "_ping"):
			w.Header().Set("Api-Version", "1.41")
		case path == "info":
			_ = json.NewEncoder(w).Encode(system.Info{OSType: "linux", Architecture: "x86_64", MemTotal: 8 << 30, CgroupVersion: "1", ServerVersion: "20.10"})
		case path == "version":
			_ = json.NewEncoder(w).Encode(map[string]string{"Version": "1", "ApiVersion": "1.41"})
		default:
			select { // it reads, and says nothing
			case <-stop:
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(func() { close(stop); s.CloseClientConnections(); s.Close() })
	t.Setenv("DOCKER_HOST", "tcp://"+s.Listener.Addr().String())
}

// An engine that answers no longer outlives no deadline: neither that of a call
// nor that of the end.
func TestStuckEngine(t *testing.T) {
	stuckEngine(t)
	before := engineTime
	engineTime = time.Second
	t.Cleanup(func() { engineTime = before })
	p, err := Open(t.Context(), driver.Run{ID: "rstuck", Prefix: "rstuck", Dir: t.TempDir(), Guard: noGuard{}, Ledger: noLedger{}, Log: io.Discard})
	require.NoError(t, err)
	f := &function{image: "sha256:1", command: []string{"true"}}
	f.pooled = &pool.Function{Name: "rstuck-f", Memory: 128, New: func() pool.Sandbox { return newSandbox(p, f) }}

	soon := func(what string, limit time.Duration, do func(ctx context.Context)) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() { defer close(done); do(ctx) }()
		select {
		case <-done:
		case <-time.After(limit):
			require.Fail(t, what+" waits for the engine")
		}
	}
	soon("a call", 40*time.Second, func(ctx context.Context) {
		c, err := p.pool.Dial(ctx, f.pooled)
		require.Nil(t, c)
		require.Error(t, err)
	})
	s := newSandbox(p, f)
	s.id = "abc" // it was started
	soon("a failure", 40*time.Second, func(context.Context) {
		require.Equal(t, driver.Crash, s.Failure(pool.Hits{}).Cause)
	})
	soon("a build", 40*time.Second, func(ctx context.Context) {
		_, err := p.Recipe(ctx, driver.Spec{
			Name: "rstuck-f", Benchmark: "000.x", Runtime: driver.Runtime{Language: "python", Version: "3.11"},
			Kind: driver.Archive, Architecture: driver.X64, Trigger: driver.HTTP,
		})
		require.Error(t, err)
	})
	soon("the end", 40*time.Second, func(ctx context.Context) { _ = p.Close(ctx) })
}
