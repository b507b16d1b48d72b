// Package services runs the servers that containers of a run need: an object
// store, a NoSQL store and a registry of images, each in a container that
// testcontainers starts.
//
// Every container and volume carries the labels and the prefix of its run. Ports
// are published on loopback alone.
// Testcontainers' own reaper is not used: what is left is removed by who
// started it, and after a kill by the guard and by a sweep.
package services

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	logs "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	networks "github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

// Place is where services run.
type Place struct {
	Engine  *containers.Engine
	Run     driver.Run
	Network string // that they join, by name; empty: the engine's default
	Direct  bool   // this process reaches containers by their addresses
}

// Service is a running server.
type Service struct {
	Address  string // host:port for this process
	Internal string // host:port for containers of the network

	id     string // of the container, or its name
	volume string // its data; empty: none
	engine *containers.Engine
}

// request is what to run.
type request struct {
	name    string // ends the container's name, and is what errors call it
	image   string
	port    string // "9000"
	env     map[string]string
	command []string
	user    string
	volume  string // a folder of the container that gets a volume; empty: none
	lent    map[string]string
	ready   func(ctx context.Context, address string) error
}

const (
	startTime  = 3 * time.Minute  // until a service is ready
	removeTime = 30 * time.Second // for the engine to remove a volume
	lastLines  = "20"             // of what a service printed that an error shows
)

// prepare adapts testcontainers to the engine that the run uses, once.
var prepare = sync.OnceFunc(func() {
	// Testcontainers reads these when it is first used.
	_ = os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true") // fails only for malformed names
	log.SetDefault(silent{})
})

// silent drops what testcontainers says to all: the run's log gets what a
// service says.
type silent struct{}

func (silent) Printf(string, ...any) {}

// printer writes testcontainers' lines to a log.
type printer struct{ to io.Writer }

func (p printer) Printf(format string, v ...any) {
	line := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > 127 { // pictures
			return -1
		}
		return r
	}, fmt.Sprintf(format, v...)))
	_, _ = fmt.Fprintln(p.to, "testcontainers:", line) // nothing depends on it
}

// start runs a service and returns once it is ready.
func (p Place) start(ctx context.Context, r request) (_ *Service, err error) {
	prepare()
	image, err := p.Engine.Image(ctx, r.image, "", p.Run.Log)
	if err != nil {
		return nil, err
	}
	if host := p.Engine.DaemonHost(); os.Getenv("DOCKER_HOST") == "" && host != "unix:///var/run/docker.sock" {
		_ = os.Setenv("DOCKER_HOST", host) // the engine that a context names
	}
	// The name is a new one, as a run of this prefix that was killed may have
	// left its own.
	s := &Service{id: p.Run.Prefix + "-" + r.name + "-" + strings.ToLower(rand.Text()[:8]), engine: p.Engine}
	if r.volume != "" {
		s.volume = s.id + "-data"
	}
	req := testcontainers.ContainerRequest{
		Image: image.Name, Name: s.id,
		Env: r.env, Cmd: r.command, Labels: containers.Labels(p.Run),
		ExposedPorts: []string{r.port + "/tcp"},
		ConfigModifier: func(c *container.Config) {
			if r.user != "" {
				c.User = r.user
			}
		},
		HostConfigModifier: func(h *container.HostConfig) {
			h.SecurityOpt = []string{"no-new-privileges"}
			port := networks.MustParsePort(r.port + "/tcp")
			h.PortBindings = networks.PortMap{port: {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: "0"}}}
			h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "1"}}
			if r.volume != "" {
				h.Mounts = append(h.Mounts, mount.Mount{
					Type: mount.TypeVolume, Source: s.volume, Target: r.volume, VolumeOptions: &mount.VolumeOptions{Labels: containers.Labels(p.Run)},
				})
			}
			for from, to := range r.lent {
				h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeBind, Source: from, Target: to, ReadOnly: true})
			}
		},
	}
	if p.Network != "" {
		req.Networks = []string{p.Network}
	}
	settling, cancel := containers.Settling(ctx)
	defer cancel()
	started, err := testcontainers.GenericContainer(settling, testcontainers.GenericContainerRequest{
		ContainerRequest: req, Started: true, Logger: printer{p.Run.Log},
	})
	if err == nil {
		s.id = started.GetContainerID()
		err = s.await(ctx, p, r)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", r.name, err), s.Stop())
	}
	return s, nil
}

// await finds the service's addresses and waits until it is ready, or until
// its container has ended.
func (s *Service) await(ctx context.Context, p Place, r request) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	found, err := s.engine.ContainerInspect(ctx, s.id)
	if err != nil {
		return err
	}
	for _, n := range found.NetworkSettings.Networks {
		if n.IPAddress != "" && (s.Internal == "" || p.Network != "") {
			s.Internal = net.JoinHostPort(n.IPAddress, r.port)
		}
	}
	s.Address = s.Internal
	if !p.Direct {
		for _, b := range found.NetworkSettings.Ports[nat.Port(r.port+"/tcp")] {
			s.Address = net.JoinHostPort("127.0.0.1", b.HostPort)
		}
	}
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		if s.Address != "" {
			if err = r.ready(ctx, s.Address); err == nil {
				return nil
			}
		}
		found, stateErr := s.engine.ContainerInspect(ctx, s.id)
		if stateErr != nil && ctx.Err() == nil {
			return stateErr
		}
		if stateErr == nil && !found.State.Running {
			return fmt.Errorf("its container ended with status %d: %s", found.State.ExitCode, s.printed(ctx))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", errors.Join(ctx.Err(), err))
		case <-time.After(wait):
		}
	}
}

// printed returns the end of what the service printed.
func (s *Service) printed(ctx context.Context) string {
	stream, err := s.engine.ContainerLogs(ctx, s.id, logs.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: lastLines})
	if err != nil {
		return err.Error()
	}
	defer stream.Close()
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, io.LimitReader(stream, 64<<10)); err != nil && text.Len() == 0 {
		return err.Error()
	}
	return strings.TrimSpace(plain.Text(text.String()))
}

// Stop removes the service and its data.
func (s *Service) Stop() error {
	if err := s.engine.Discard(context.Background(), s.id); err != nil {
		return fmt.Errorf("remove its container: %w", err)
	}
	if s.volume == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeTime)
	defer cancel()
	if err := s.engine.VolumeRemove(ctx, s.volume, true); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove its volume: %w", err)
	}
	return nil
}

// ID returns the id of the service's container.
func (s *Service) ID() string { return s.id }

// client asks services whether they are ready, without any proxy.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}

// answers returns a readiness check: a GET of path has one of the statuses.
func answers(path string, statuses ...int) func(context.Context, string) error {
	return func(ctx context.Context, address string) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		for _, s := range statuses {
			if res.StatusCode == s {
				return nil
			}
		}
		return fmt.Errorf("GET %s: %s", path, res.Status)
	}
}
