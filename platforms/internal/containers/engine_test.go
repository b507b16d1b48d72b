package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// noEnvironment takes away what this machine says about engines, and returns an
// empty home folder.
func noEnvironment(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION", "SEBS_IMAGES"} {
		t.Setenv(name, "")
	}
	return home
}

// write writes a file and the folders above it.
func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

// writeContexts writes a configuration of the docker command with two contexts,
// of which "far" is the current one.
func writeContexts(t *testing.T, folder string) {
	t.Helper()
	write(t, filepath.Join(folder, "config.json"), `{"auths": {}, "currentContext": "far"}`)
	for name, host := range map[string]string{"far": "tcp://far.example:2376", "near": "unix:///run/near.sock"} {
		id := sha256.Sum256([]byte(name))
		write(t, filepath.Join(folder, "contexts/meta", hex.EncodeToString(id[:]), "meta.json"),
			`{"Name": "`+name+`", "Metadata": {}, "Endpoints": {"docker": {"Host": "`+host+`", "SkipTLSVerify": false}}}`)
	}
}

func TestFindHost(t *testing.T) {
	t.Run("DOCKER_HOST wins", func(t *testing.T) {
		home := noEnvironment(t)
		writeContexts(t, filepath.Join(home, ".docker"))
		t.Setenv("DOCKER_CONTEXT", "near")
		t.Setenv("DOCKER_HOST", "unix:///run/mine.sock")
		host, err := findHost()
		require.NoError(t, err)
		require.Equal(t, "unix:///run/mine.sock", host)
	})
	t.Run("current context", func(t *testing.T) {
		writeContexts(t, filepath.Join(noEnvironment(t), ".docker"))
		host, err := findHost()
		require.NoError(t, err)
		require.Equal(t, "tcp://far.example:2376", host)
	})
	t.Run("named context", func(t *testing.T) {
		writeContexts(t, filepath.Join(noEnvironment(t), ".docker"))
		t.Setenv("DOCKER_CONTEXT", "near")
		host, err := findHost()
		require.NoError(t, err)
		require.Equal(t, "unix:///run/near.sock", host)
	})
	t.Run("configuration elsewhere", func(t *testing.T) {
		noEnvironment(t)
		elsewhere := t.TempDir()
		writeContexts(t, elsewhere)
		t.Setenv("DOCKER_CONFIG", elsewhere)
		host, err := findHost()
		require.NoError(t, err)
		require.Equal(t, "tcp://far.example:2376", host)
	})
	t.Run("default context", func(t *testing.T) {
		writeContexts(t, filepath.Join(noEnvironment(t), ".docker"))
		t.Setenv("DOCKER_CONTEXT", "default")
		t.Setenv("XDG_RUNTIME_DIR", "")
		host, err := findHost()
		require.NoError(t, err)
		require.Equal(t, client.DefaultDockerHost, host)
	})
	t.Run("no socket of the working folder", func(t *testing.T) {
		home := noEnvironment(t)
		t.Setenv("XDG_RUNTIME_DIR", "")
		t.Chdir(home)
		listen(t, filepath.Join(home, "docker.sock"))
		host, err := findHost()
		require.NoError(t, err)
		require.Equal(t, client.DefaultDockerHost, host)
	})
	t.Run("malformed configuration", func(t *testing.T) {
		home := noEnvironment(t)
		write(t, filepath.Join(home, ".docker/config.json"), "{")
		_, err := findHost()
		require.ErrorContains(t, err, filepath.Join(home, ".docker/config.json"))
	})
	t.Run("malformed context", func(t *testing.T) {
		home := noEnvironment(t)
		writeContexts(t, filepath.Join(home, ".docker"))
		id := sha256.Sum256([]byte("near"))
		path := filepath.Join(home, ".docker/contexts/meta", hex.EncodeToString(id[:]), "meta.json")
		write(t, path, `{"Endpoints": 1}`)
		t.Setenv("DOCKER_CONTEXT", "near")
		_, err := findHost()
		require.ErrorContains(t, err, "docker context near: "+path)
	})
	t.Run("no such context", func(t *testing.T) {
		writeContexts(t, filepath.Join(noEnvironment(t), ".docker"))
		t.Setenv("DOCKER_CONTEXT", "gone")
		_, err := findHost()
		require.ErrorContains(t, err, "docker context gone")
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

// listen listens at a socket until the end of the test.
func listen(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// serve has a socket answer as an engine would, and returns its address.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") // the names of sockets are short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	s := httptest.NewUnstartedServer(answer)
	s.Listener.Close()
	s.Listener = listen(t, filepath.Join(dir, "s"))
	s.Start()
	t.Cleanup(s.Close)
	return "unix://" + filepath.Join(dir, "s")
}

func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestConnectErrors(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nothing := "tcp://" + closed.Addr().String()
	closed.Close()
	for _, tt := range []struct {
		name string
		host func(t *testing.T) string
		is   error // nil: none of the sentinels
		says []string
	}{
		{"nothing listens", func(*testing.T) string { return nothing }, driver.ErrUnavailable, []string{nothing, "start it", "DOCKER_HOST"}},
		{"no socket", func(*testing.T) string { return "unix:///nonexistent/docker.sock" }, driver.ErrUnavailable, []string{"/nonexistent/docker.sock", "start it"}},
		{"not an address", func(*testing.T) string { return "docker" }, nil, []string{"docker engine at docker", "unix:///path"}},
		{"remote", func(*testing.T) string { return "ssh://me@far.example" }, driver.ErrUnsupported, []string{"ssh://me@far.example", "DOCKER_HOST"}},
		{"forbidden", func(t *testing.T) string {
			return serve(t, says(http.StatusForbidden, "application/json", `{"message": "authorization denied by plugin"}`))
		}, driver.ErrDenied, []string{"usermod -aG docker"}},
		{"no right, by the engine's words", func(t *testing.T) string {
			return serve(t, says(http.StatusInternalServerError, "application/json", `{"message": "dial unix /run/inner.sock: permission denied"}`))
		}, driver.ErrDenied, []string{"usermod -aG docker"}},
		{"a web server", func(t *testing.T) string {
			return serve(t, says(http.StatusOK, "text/html", "<html>Welcome</html>"))
		}, nil, []string{"is no Docker engine"}},
		{"an object of something else", func(t *testing.T) string {
			return serve(t, says(http.StatusOK, "application/json", `{"name": "search", "tagline": "You Know"}`))
		}, nil, []string{"is no Docker engine"}},
		{"an engine that fails", func(t *testing.T) string {
			return serve(t, says(http.StatusInternalServerError, "application/json", `{"message": "out of inodes"}`))
		}, nil, []string{"out of inodes"}},
		{"another protocol", func(t *testing.T) string {
			dir, err := os.MkdirTemp("", "engine")
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
			l := listen(t, filepath.Join(dir, "s"))
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = c.Write([]byte("220 mail.example ESMTP\r\n"))
					c.Close()
				}
			}()
			return "unix://" + filepath.Join(dir, "s")
		}, nil, []string{"docker"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noEnvironment(t)
			t.Setenv("DOCKER_HOST", tt.host(t))
			e, err := Connect(t.Context())
			require.Error(t, err)
			require.Nil(t, e)
			for _, sentinel := range []error{driver.ErrUnavailable, driver.ErrDenied, driver.ErrUnsupported} {
				if tt.is == nil && sentinel == driver.ErrUnavailable && tt.name == "another protocol" {
					continue // the client cannot tell it from a lost connection
				}
				require.Equal(t, sentinel == tt.is, errors.Is(err, sentinel), "%v: %v", sentinel, err)
			}
			for _, s := range tt.says {
				require.ErrorContains(t, err, s)
			}
		})
	}
}

func TestConnectHonoursItsContext(t *testing.T) {
	noEnvironment(t)
	asked := make(chan struct{}, 8)
	ctx, cancel := context.WithCancel(t.Context())
	t.Setenv("DOCKER_HOST", serve(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done() // an engine that hangs
	}))
	go func() {
		<-asked
		cancel()
	}()
	_, err := Connect(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, driver.ErrUnavailable)
}

func TestConnectRefusesOverrides(t *testing.T) {
	noEnvironment(t)
	t.Setenv("SEBS_IMAGES", "minio=")
	_, err := Connect(t.Context())
	require.ErrorContains(t, err, "SEBS_IMAGES=minio=")
}

func TestLabels(t *testing.T) {
	expiry := time.Date(2030, 1, 2, 3, 4, 5, 0, time.FixedZone("east", 3600))
	require.Equal(t, map[string]string{
		"sebs.run": "r1", "sebs.prefix": "p1", "sebs.expiry": "2030-01-02T02:04:05Z",
	}, Labels(driver.Run{ID: "r1", Prefix: "p1", Expiry: expiry}))
}

// engineAt returns an engine that nobody asks.
func engineAt(t *testing.T, host string, info system.Info) *Engine {
	t.Helper()
	c, err := client.NewClientWithOpts(client.WithHost(host))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return &Engine{Client: c, Info: info}
}

func TestArchitecture(t *testing.T) {
	for machine, want := range map[string]driver.Architecture{
		"x86_64": driver.X64, "amd64": driver.X64, "aarch64": driver.ARM64, "arm64": driver.ARM64, "riscv64": "riscv64",
	} {
		e := engineAt(t, "unix:///x", system.Info{Architecture: machine})
		require.Equal(t, want, e.Architecture(), machine)
		require.NoError(t, e.runs(want), machine)
	}
}

func TestDirect(t *testing.T) {
	for _, e := range []*Engine{
		engineAt(t, "tcp://127.0.0.1:2375", system.Info{}),
		engineAt(t, "unix:///x", system.Info{OperatingSystem: "Docker Desktop"}),
		engineAt(t, "unix:///x", system.Info{SecurityOptions: []string{"name=seccomp,profile=default", "name=rootless"}}),
	} {
		require.False(t, e.Direct())
		require.Contains(t, e.String(), "published ports")
	}
}
