package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	networks "github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/pool"
)

// sandbox is a container that serves one function, one call at a time.
type sandbox struct {
	p    *Platform
	fn   *function
	name string

	ended chan struct{} // its processes are dead
	gone  chan struct{} // nothing is left of it

	mu      sync.Mutex
	id      string          // of the container; empty until it was created
	group   *group          // its control groups; nil where they cannot be read
	dead    bool            // Kill was called
	cause   *driver.Failure // why, if the platform had a reason of the call
	how     string          // it ended
	hits    pool.Hits       // of its limits, when it ended
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
	raw, err := s.connect(ctx)
	if err != nil {
		s.Kill(nil)
	}
	return raw, err
}

// engineTime is how long the engine may take to end a container that it was
// told to kill. Tests make it shorter.
var engineTime = 10 * time.Second

// within reports whether a channel is closed before the engine's time is over:
// an engine that does not answer any more is not waited for.
func within(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	case <-time.After(engineTime):
		return false
	}
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
	var hits pool.Hits
	var printed string
	if !dead { // by itself: somebody wants to know why
		hits, printed = s.inspect(group)
	}
	s.mu.Lock()
	s.how, s.hits, s.printed = how, hits, printed
	s.mu.Unlock()
	close(s.ended)
	if group != nil {
		group.close()
	}
	if err := s.p.engine.Discard(context.Background(), s.id); err != nil {
		fmt.Fprintf(s.p.run.Log, "local: remove container %s of %s: %v\n", s.name, s.fn.pooled.Name, err)
	}
	close(s.gone)
}

// inspect asks the engine why a container ended by itself.
func (s *sandbox) inspect(group *group) (hits pool.Hits, printed string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if group != nil {
		hits = group.hits() // the container is dead, its control groups may be there
	}
	if found, err := s.p.engine.ContainerInspect(ctx, s.id); err == nil && found.State != nil && found.State.OOMKilled {
		hits.Memory++
	}
	logs, err := s.p.engine.ContainerLogs(ctx, s.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: "500"})
	if err != nil {
		return hits, ""
	}
	defer logs.Close()
	var text strings.Builder
	_, _ = stdcopy.StdCopy(&text, &text, io.LimitReader(logs, 1<<20)) // what came is enough
	return hits, text.String()
}

// exited describes a container's exit status: the shell's, which adds 128 to
// the signal that ended the function.
func exited(status int64) string {
	if status > 128 && status < 128+65 {
		return fmt.Sprintf("killed by signal %d", status-128)
	}
	return fmt.Sprintf("exit status %d", status)
}

// Gone is closed when nothing is left of the sandbox.
func (s *sandbox) Gone() <-chan struct{} { return s.gone }

// Kill removes the container, because of cause if it is not nil. It does not
// wait.
func (s *sandbox) Kill(cause *driver.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil && !s.dead {
		s.cause = cause
	}
	if !s.dead {
		s.dead = true
		go s.kill()
	}
}

// kill kills the container, for bury to remove.
func (s *sandbox) kill() {
	ctx, cancel := context.WithTimeout(context.Background(), removeTime)
	defer cancel()
	if err := s.p.engine.ContainerKill(ctx, s.id, "KILL"); err != nil && !s.Over() {
		fmt.Fprintf(s.p.run.Log, "local: kill container %s of %s: %v\n", s.name, s.fn.pooled.Name, err)
	}
}

// Over reports whether the sandbox was killed or has ended.
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

// LimitHits returns how often it has hit its limits. Without its control groups
// the engine is asked, which knows at least whether it did.
func (s *sandbox) LimitHits(wait bool) pool.Hits {
	s.mu.Lock()
	group := s.group
	s.mu.Unlock()
	switch {
	case group != nil:
		return group.hits()
	case wait:
		return s.ask()
	}
	return pool.Hits{}
}

// ask asks the engine which limits the container hit.
func (s *sandbox) ask() (hits pool.Hits) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if found, err := s.p.engine.ContainerInspect(ctx, s.id); err == nil && found.State != nil && found.State.OOMKilled {
		hits.Memory = 1
	}
	res, err := s.p.engine.ContainerStatsOneShot(ctx, s.id)
	if err != nil {
		return hits // it has ended
	}
	defer res.Body.Close()
	var stats container.StatsResponse
	if json.NewDecoder(res.Body).Decode(&stats) == nil && stats.PidsStats.Current >= processLimit {
		hits.Processes = 1
	}
	return hits
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
// has ended. before is how often it had hit its limits when the call began.
func (s *sandbox) Failure(before pool.Hits) *driver.Failure {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		s.Kill(&driver.Failure{Cause: driver.Crash, Detail: "the function closed its connection without an answer"})
		if !within(s.ended) {
			return &driver.Failure{Cause: driver.Crash, Detail: "the function closed its connection without an answer, and the Docker engine does not say how it ended"}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		return s.cause
	}
	return s.fn.pooled.Crashed(before, s.hits, s.how, s.printed)
}
