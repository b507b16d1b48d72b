package harness

import (
	"context"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/control"
)

// The calls of a platform's control plane that an experiment makes keep to its
// pace and are made again when they are throttled.

// Deploy implements driver.Functions.
func (p *openPlatform) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (target driver.Target, err error) {
	err = p.control().Do(ctx, func(ctx context.Context) error {
		target, err = p.Platform.Deploy(ctx, s, pkg)
		return err
	})
	return target, err
}

// Retire implements driver.Functions.
func (p *openPlatform) Retire(ctx context.Context, name string) error {
	return p.control().Do(ctx, func(ctx context.Context) error { return p.Platform.Retire(ctx, name) })
}

func (p *openPlatform) control() *control.Plane {
	p.once.Do(func() { p.plane = control.New(p.Features().Pace) })
	return p.plane
}
