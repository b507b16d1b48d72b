package local

import (
	"context"
	"errors"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/services"
)

// place returns where the run's services run.
func (p *Platform) place(ctx context.Context) (services.Place, error) {
	n, err := p.network.Get(ctx)
	return services.Place{Engine: p.engine, Run: p.run, Network: n.name, Direct: p.direct}, err
}

// startBuckets starts MinIO in a container.
func (p *Platform) startBuckets(ctx context.Context) (driver.Buckets, func() error, error) {
	place, err := p.place(ctx)
	if err != nil {
		return nil, nil, err
	}
	return place.Buckets(ctx)
}

// startRegistry returns the repository that function images are named in: that
// of SEBS_REGISTRY, to which they are pushed, or one of this engine alone.
func (p *Platform) startRegistry(ctx context.Context) (string, func() error, error) {
	none := func() error { return nil }
	switch name := p.run.Setting(containers.Registry.Name); name {
	case "":
		return containers.LocalRepository, none, nil
	case containers.OwnRegistry:
		s, err := services.Place{Engine: p.engine, Run: p.run}.Registry(ctx)
		if err != nil {
			return "", nil, err
		}
		repository := s.Address + "/" + containers.LocalRepository
		return repository, func() error { return errors.Join(p.engine.Forget(repository), s.Stop()) }, nil
	default:
		return name, none, nil
	}
}

// startTables starts ScyllaDB's Alternator in a container, or dynalite where that
// image cannot be had.
func (p *Platform) startTables(ctx context.Context) (driver.Tables, func() error, error) {
	place, err := p.place(ctx)
	if err != nil {
		return nil, nil, err
	}
	store, stop, used, err := place.Tables(ctx, p.cache)
	p.mu.Lock()
	p.used = used
	p.mu.Unlock()
	return store, stop, err
}
