package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	networks "github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

// network is the run's: sandboxes reach the stores in it, and each other, and
// this machine at its gateway, but not the internet.
type network struct{ name, id string }

// createNetwork creates the run's network. Where containers are reached by
// published ports it is no internal one, as an engine publishes no ports of
// those.
func (p *Platform) createNetwork(ctx context.Context) (network, func() error, error) {
	n := network{name: p.run.Prefix + "-network"}
	settling, cancel := containers.Settling(ctx)
	defer cancel()
	created, err := p.engine.NetworkCreate(settling, n.name, networks.CreateOptions{
		Driver: "bridge", Internal: p.direct, Labels: containers.Labels(p.run),
	})
	if err != nil {
		if strings.Contains(err.Error(), "address pool") {
			err = fmt.Errorf("%w: too many networks exist: make sweep, or docker network prune", err)
		}
		return network{}, nil, fmt.Errorf("create network %s: %w", n.name, err)
	}
	n.id = created.ID
	if !p.direct {
		fmt.Fprintf(p.run.Log, "local: this engine's containers are reached by published ports, so functions can reach the internet\n")
	}
	return n, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), removeTime)
		defer cancel()
		return p.removeNetwork(ctx, n.id)
	}, nil
}

// removeNetwork removes a network, as soon as the engine has disconnected the
// last container that was removed.
func (p *Platform) removeNetwork(ctx context.Context, id string) error {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		err := p.engine.NetworkRemove(ctx, id)
		switch {
		case err == nil, errdefs.IsNotFound(err):
			return nil
		case !strings.Contains(err.Error(), "active endpoints") || wait > time.Second:
			return fmt.Errorf("remove network %s: %w", id, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// address returns where this process reaches a port of a container.
func (p *Platform) address(c container.InspectResponse, port nat.Port) (string, error) {
	if c.NetworkSettings == nil {
		return "", errors.New("it has no network")
	}
	if p.direct {
		ip, err := own(c)
		return net.JoinHostPort(ip, port.Port()), err
	}
	for _, b := range c.NetworkSettings.Ports[port] {
		return net.JoinHostPort("127.0.0.1", b.HostPort), nil
	}
	return "", errors.New("its port is not published")
}

// own returns the container's own address in the run's network.
func own(c container.InspectResponse) (string, error) {
	for _, n := range c.NetworkSettings.Networks {
		if n.IPAddress != "" {
			return n.IPAddress, nil
		}
	}
	return "", errors.New("it has no address")
}

// The kinds of what is left in the engine by a run that was killed.
const (
	kindContainer = "container"
	kindNetwork   = "network"
	kindVolume    = "volume"
)

// left lists the containers, networks and volumes of runs with this prefix,
// other than this run's own, which its Close removes.
func (p *Platform) left(ctx context.Context) ([]driver.Resource, error) {
	ours := filters.NewArgs(filters.Arg("label", containers.LabelPrefix+"="+p.run.Prefix))
	var all []driver.Resource
	add := func(kind, name string, labels map[string]string) {
		if labels[containers.LabelRun] == p.run.ID {
			return
		}
		expiry, _ := time.Parse(time.RFC3339, labels[containers.LabelExpiry]) // zero: not known
		all = append(all, driver.Resource{Kind: kind, Name: name, Run: labels[containers.LabelRun], Expiry: expiry})
	}
	listed, err := p.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	for _, c := range listed {
		if len(c.Names) > 0 {
			add(kindContainer, strings.TrimPrefix(c.Names[0], "/"), c.Labels)
		}
	}
	nets, err := p.engine.NetworkList(ctx, networks.ListOptions{Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	for _, n := range nets {
		add(kindNetwork, n.Name, n.Labels)
	}
	volumes, err := p.engine.VolumeList(ctx, volume.ListOptions{Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	for _, v := range volumes.Volumes {
		add(kindVolume, v.Name, v.Labels)
	}
	return all, nil
}

// removeLeft removes a container, a network or a volume by its name.
func (p *Platform) removeLeft(ctx context.Context, r driver.Resource) error {
	switch r.Kind {
	case kindContainer:
		return p.engine.Discard(ctx, r.Name)
	case kindNetwork:
		return p.removeNetwork(ctx, r.Name)
	}
	err := p.engine.VolumeRemove(ctx, r.Name, true)
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
