package local

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"

	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// What every sandbox has.
const (
	port         = "8080/tcp"
	codeFolder   = "/function"
	nobody       = "65534:65534"
	processLimit = 256              // processes and threads
	fileLimit    = 1024             // files that each process may have open, as on AWS Lambda
	tmpBytes     = 512 << 20        // of /tmp
	period       = 20_000           // µs in which a sandbox gets its share of CPU
	startTime    = 2 * time.Minute  // until it listens
	logBytes     = "1m"             // of what it prints that the engine keeps
	patience     = 5 * time.Second  // for the engine to say how a container ended
	removeTime   = 60 * time.Second // for the engine to remove one
	pollFirst    = time.Millisecond // between looks whether it listens, at first
	pollMost     = 20 * pollFirst   // later
	dialTime     = 50 * pollFirst   // for one attempt: a packet lost while the network comes up is sent again only after a second
	probeRequest = "GET / HTTP/1.1\r\nHost: sandbox\r\n\r\n"

	// shell is process 1 of a container, so that the function is none, which
	// would ignore the signals that it sends itself. It waits for processes
	// that were left behind, and says nothing itself.
	shell = `exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?`
)

// config returns what runs in the container.
func (s *sandbox) config() *container.Config {
	labels := containers.Labels(s.p.run)
	labels["sebs.function"] = s.fn.pooled.Name
	// The function serves one connection and ends with it: with this process.
	command := append([]string{"-c", shell, "sh"}, s.fn.command...)
	return &container.Config{
		Image:        s.fn.image,
		Entrypoint:   []string{"/bin/sh"},
		Cmd:          append(command, "once"),
		Env:          append([]string{"TMPDIR=/tmp", "HOME=/tmp", "LANG=C.UTF-8"}, s.fn.env...),
		User:         nobody,
		WorkingDir:   codeFolder,
		Labels:       labels,
		ExposedPorts: nat.PortSet{port: {}},
	}
}

// host returns the container's limits and what it sees of this machine.
func (s *sandbox) host() *container.HostConfig {
	pids := int64(processLimit)
	h := &container.HostConfig{
		ReadonlyRootfs: true,
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		Tmpfs:          map[string]string{"/tmp": fmt.Sprintf("rw,exec,nosuid,nodev,mode=1777,size=%d", tmpBytes)},
		LogConfig:      container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": logBytes, "max-file": "1"}},
		Resources:      container.Resources{PidsLimit: &pids, Ulimits: []*container.Ulimit{{Name: "nofile", Soft: fileLimit, Hard: fileLimit}}},
	}
	if mb := int64(s.fn.pooled.Memory); mb > 0 {
		h.Resources.Memory = mb << 20
		h.Resources.MemorySwap = mb << 20 // no swap
		if s.p.perCPU > 0 {
			h.Resources.CPUPeriod = period
			h.Resources.CPUQuota = min(max(mb*period/int64(s.p.perCPU), 1000), int64(s.p.engine.Info.NCPU)*period)
		}
	}
	if s.fn.root != "" {
		h.Mounts = []mount.Mount{{Type: mount.TypeBind, Source: s.fn.root, Target: codeFolder, ReadOnly: true}}
	}
	if !s.p.direct {
		h.PortBindings = nat.PortMap{port: {{HostIP: "127.0.0.1"}}}
	}
	return h
}

// connect connects to the function once it listens. It looks again and again,
// which costs less than a tenth of a millisecond, until the container ends.
func (s *sandbox) connect(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	found, err := s.p.engine.ContainerInspect(ctx, s.id)
	if err != nil {
		return nil, fmt.Errorf("inspect its container: %w", err)
	}
	if found.State != nil && s.p.direct {
		group := openGroup(found.State.Pid) // nil: the engine is asked
		s.mu.Lock()
		s.group = group
		s.mu.Unlock()
	}
	address, err := s.p.address(found, port)
	dialer := net.Dialer{Timeout: dialTime}
	for wait := pollFirst; ; wait = min(2*wait, pollMost) {
		if err == nil {
			var raw net.Conn
			if raw, err = dialer.DialContext(ctx, "tcp", address); err == nil {
				if s.p.direct || answers(ctx, raw) {
					return raw, reset(raw)
				}
				raw.Close() // the engine's proxy listens before the function does
			}
			err = nil
		}
		select {
		case <-s.ended:
			return nil, s.Failure(pool.Hits{})
		case <-ctx.Done():
			return nil, fmt.Errorf("it does not listen on port %s: %w", port, ctx.Err())
		case <-time.After(wait):
		}
		if err != nil { // it has no address as long as it starts, and when it has ended
			if found, err = s.p.engine.ContainerInspect(ctx, s.id); err == nil {
				address, err = s.p.address(found, port)
			}
		}
	}
}

// reset has the connection reset when it is closed. It is closed when the
// container ends: a kernel that goes on saying goodbye to an address that is
// gone finds the next container with that address only a second later.
func reset(raw net.Conn) error {
	if tcp, ok := raw.(*net.TCPConn); ok {
		return tcp.SetLinger(0)
	}
	return nil
}

// answers says whether a function answers on a connection.
func answers(ctx context.Context, raw net.Conn) bool {
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) }) // fails only if it is closed
	defer stop()
	if _, err := io.WriteString(raw, probeRequest); err != nil {
		return false
	}
	buf := make([]byte, 0, 256)
	for !strings.HasSuffix(string(buf), "\r\n\r\n") {
		n, err := raw.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil || len(buf) == cap(buf) {
			return false
		}
	}
	return strings.HasPrefix(string(buf), "HTTP/1.1 200")
}
