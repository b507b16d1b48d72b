package local

import (
	"context"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/services"
)

// place returns where the run's services run.
func (p *Platform) place(ctx context.Context) (services.Place, error) {
	n, err := p.network.Get(ctx)
	return services.Place{Engine: p.engine, Run: p.run, Network: n.name, Direct: p.direct}, err
}

func (p *Platform) startBuckets(ctx context.Context) (driver.Buckets, func() error, error) {
	place, err := p.place(ctx)
	if err != nil {
		return nil, nil, err
	}
	return place.Buckets(ctx)
}

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
