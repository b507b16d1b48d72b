package local

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	networks "github.com/docker/docker/api/types/network"

	"github.com/sebs-go/sebs/harness/driver"
)

var _ driver.Host = (*Platform)(nil)

// Host returns this machine's address in the run's network, which only the
// run's containers and this machine reach.
func (p *Platform) Host(ctx context.Context) (listen, reach string, err error) {
	if !p.direct {
		return "", "", fmt.Errorf("functions cannot reach a server of this process: %w: this engine's containers are reached by published ports, so it has no address in their network, and the server would have to listen on all of them",
			driver.ErrUnsupported)
	}
	n, err := p.network.Get(ctx)
	if err != nil {
		return "", "", err
	}
	found, err := p.engine.NetworkInspect(ctx, n.id, networks.InspectOptions{})
	if err != nil {
		return "", "", fmt.Errorf("inspect network %s: %w", n.name, err)
	}
	address, err := gateway(found.IPAM.Config)
	if err != nil {
		return "", "", fmt.Errorf("network %s: %w", n.name, err)
	}
	return address, address, nil
}

// gateway returns the first IPv4 address of a bridge: this machine's.
func gateway(configs []networks.IPAMConfig) (string, error) {
	for _, c := range configs {
		if a, err := netip.ParseAddr(c.Gateway); err == nil && a.Is4() && !a.IsUnspecified() {
			return a.String(), nil
		}
	}
	return "", errors.New("the engine tells no IPv4 address of this machine in it")
}
