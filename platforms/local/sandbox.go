package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	networks "github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// What every sandbox has.
const (
	port         = "8080/tcp"
	codeFolder   = "/function"
	nobody       = "65534:65534"
	processLimit = 256              // processes and threads
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

// sandbox is a container that serves one function, one call at a time.
type sandbox struct {
	p    *Platform
	fn   *function
	name string

	ended chan struct{} // its processes are dead
	gone  chan struct{} // nothing is left of it

	mu      sync.Mutex
	id      string // of the container; empty until it was created
	raw     net.Conn
	group   *group          // its control groups; nil where they cannot be read
	dead    bool            // Kill was called
	cause   *driver.Failure // why, if the platform had a reason of the call
	how     string          // it ended
	met     pool.Limits     // when it ended
	printed string          // the last of what it printed, if it ended by itself
}

var (
	_ pool.Sandbox = (*sandbox)(nil)
	_ pool.Meter   = (*sandbox)(nil)
)

func newSandbox(p *Platform, fn *function) *sandbox {
	return &sandbox{
		p: p, fn: fn, name: p.run.Prefix + "-sandbox-" + strconv.FormatInt(p.serial.Add(1), 36),
		ended: make(chan struct{}), gone: make(chan struct{}),
	}
}

// Start creates and starts the container, and connects to it once it listens.
func (s *sandbox) Start(ctx context.Context) (_ net.Conn, err error) {
	started := false
	defer func() {
		if err != nil && !started {
			close(s.gone)
		}
	}()
	network, err := s.p.network.Get(ctx)
	if err != nil {
		return nil, err
	}
	settling, cancel := containers.Settling(ctx)
	defer cancel()
	created, err := s.p.engine.ContainerCreate(settling, s.config(), s.host(), &networks.NetworkingConfig{
		EndpointsConfig: map[string]*networks.EndpointSettings{network.name: {NetworkID: network.id}},
	}, nil, s.name)
	if err != nil {
		return nil, fmt.Errorf("create its container: %w", err)
	}
	s.mu.Lock()
	s.id = created.ID
	s.mu.Unlock()
	waiting, stopWaiting := context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if !started {
			stopWaiting()
		}
	}()
	ended, failed := s.p.engine.ContainerWait(waiting, created.ID, container.WaitConditionNextExit)
	if err = ctx.Err(); err == nil {
		err = s.p.engine.ContainerStart(settling, created.ID, container.StartOptions{})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start its container: %w", err), s.p.engine.Discard(ctx, created.ID))
	}
	started = true
	go func() {
		defer stopWaiting()
		s.bury(ended, failed)
	}()
	if s.Over() { // killed before it ran
		go s.kill()
	}
	raw, err := s.connect(ctx)
	if err != nil {
		s.Kill(nil)
		<-s.gone
		return nil, err
	}
	s.mu.Lock()
	s.raw = raw
	s.mu.Unlock()
	return raw, nil
}

// config returns what runs in the container.
func (s *sandbox) config() *container.Config {
	labels := containers.Labels(s.p.run)
	labels["sebs.function"] = s.fn.spec.Name
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
		Resources:      container.Resources{PidsLimit: &pids},
	}
	if mb := int64(s.fn.spec.Memory); mb > 0 {
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
					return raw, nil
				}
				raw.Close() // the engine's proxy listens before the function does
			}
			err = nil
		}
		select {
		case <-s.ended:
			return nil, s.Failure(pool.Limits{})
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

// bury waits for the container's end and removes it.
func (s *sandbox) bury(ended <-chan container.WaitResponse, failed <-chan error) {
	how := ""
	select {
	case status := <-ended:
		how = exited(status.StatusCode)
	case err := <-failed:
		how = fmt.Sprintf("the Docker engine lost it: %v", err)
	}
	s.mu.Lock()
	dead, group := s.dead, s.group
	s.mu.Unlock()
	var met pool.Limits
	var printed string
	if !dead { // by itself: somebody wants to know why
		met, printed = s.inspect(group)
	}
	s.mu.Lock()
	s.how, s.met, s.printed = how, met, printed
	raw := s.raw
	s.mu.Unlock()
	close(s.ended)
	if group != nil {
		group.close()
	}
	if err := s.p.engine.Discard(context.Background(), s.id); err != nil {
		fmt.Fprintf(s.p.run.Log, "local: remove container %s of %s: %v\n", s.name, s.fn.spec.Name, err)
	}
	if !s.p.pool.Forget(s) && raw != nil {
		_ = raw.Close() // its connection may have done so
	}
	close(s.gone)
}

// inspect asks the engine why a container ended by itself.
func (s *sandbox) inspect(group *group) (met pool.Limits, printed string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if group != nil {
		met = group.met() // the container is dead, its control groups may be there
	}
	if found, err := s.p.engine.ContainerInspect(ctx, s.id); err == nil && found.State != nil && found.State.OOMKilled {
		met.Memory++
	}
	logs, err := s.p.engine.ContainerLogs(ctx, s.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: "20"})
	if err != nil {
		return met, ""
	}
	defer logs.Close()
	var text strings.Builder
	_, _ = stdcopy.StdCopy(&text, &text, io.LimitReader(logs, 1<<20)) // what came is enough
	return met, text.String()
}

// exited describes a container's exit status: the shell's, which adds 128 to
// the signal that ended the function.
func exited(status int64) string {
	if status > 128 && status < 128+65 {
		return fmt.Sprintf("killed by signal %d", status-128)
	}
	return fmt.Sprintf("exit status %d", status)
}

// Kill removes the container, because of cause if it is not nil. It does not
// wait.
func (s *sandbox) Kill(cause *driver.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil && !s.dead {
		s.cause = cause
	}
	if s.dead {
		return
	}
	s.dead = true
	if s.id != "" {
		go s.kill()
	}
}

// kill kills the container, for bury to remove.
func (s *sandbox) kill() {
	ctx, cancel := context.WithTimeout(context.Background(), removeTime)
	defer cancel()
	if err := s.p.engine.ContainerKill(ctx, s.id, "KILL"); err != nil && !s.Over() {
		fmt.Fprintf(s.p.run.Log, "local: kill container %s of %s: %v\n", s.name, s.fn.spec.Name, err)
	}
}

// Over says whether the sandbox was killed or has ended.
func (s *sandbox) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return true
	default:
		return s.dead
	}
}

// Gone is closed when nothing is left of it.
func (s *sandbox) Gone() <-chan struct{} { return s.gone }

// Met returns how often its limits stopped it so far, where that can be known.
func (s *sandbox) Met() pool.Limits {
	s.mu.Lock()
	group := s.group
	s.mu.Unlock()
	if group == nil {
		return pool.Limits{}
	}
	return group.met()
}

// Usage returns the CPU time that was used since it was called last, and the
// peak of memory so far, page cache included.
func (s *sandbox) Usage() (driver.Usage, bool) {
	s.mu.Lock()
	group := s.group
	s.mu.Unlock()
	if group == nil {
		return driver.Usage{}, false
	}
	return group.usage()
}

// Failure says why the function did not answer a call, after its connection
// has ended. before is how often it had met its limits when the call began.
func (s *sandbox) Failure(before pool.Limits) *driver.Failure {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		s.Kill(&driver.Failure{Cause: driver.Crash, Detail: "the function closed its connection without an answer"})
		<-s.ended
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		return s.cause
	}
	return s.fn.pooled.Crashed(before, s.met, s.how, s.printed)
}
