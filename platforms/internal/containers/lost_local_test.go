//go:build local

package containers_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/platforms/internal/containers"
)

// line leads to an engine until it is cut.
type line struct {
	mu    sync.Mutex
	l     net.Listener
	conns []net.Conn
	is    bool // cut
}

// lay lays a line to the engine of e, and returns it with its address.
func lay(t *testing.T, e *containers.Engine) (*line, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "line") // the names of sockets are short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	s := &line{l: l}
	t.Cleanup(s.cut)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			protocol, address, _ := strings.Cut(e.DaemonHost(), "://")
			far, err := net.Dial(protocol, address)
			if err != nil || !s.add(near, far) {
				near.Close()
				continue
			}
			go func() { _, _ = io.Copy(near, far); near.Close() }()
			go func() { _, _ = io.Copy(far, near); far.Close() }()
		}
	}()
	return s, "unix://" + path
}

func (s *line) add(conns ...net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, conns...)
	return !s.is
}

func (s *line) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.is = true
	s.l.Close()
	for _, c := range s.conns {
		c.Close()
	}
}

// An engine that is lost during a build is an error at once, and the container
// ends and goes by itself.
func TestInstallLosesItsEngine(t *testing.T) {
	direct := connect(t)
	run := newRun(t, direct)
	dir := staged(t, map[string]string{"package.sh": endless})
	link, host := lay(t, direct)
	t.Setenv("DOCKER_HOST", host)
	var log watched
	log.when("running\n", link.cut)
	err := install(t.Context(), t, connect(t), run, dir, &log)
	require.ErrorContains(t, err, "install python-3.11: wait for its container: ")
	require.ErrorContains(t, err, "remove the container of the build: ")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, name := range left(t, direct, run) {
		removed, failed := direct.ContainerWait(ctx, name, container.WaitConditionRemoved)
		select {
		case <-removed:
		case err := <-failed:
			require.ErrorContains(t, err, "No such container")
		}
	}
}
