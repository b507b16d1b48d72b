package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/control"
)

// The calls of a platform's control plane that an experiment makes keep to its
// pace, are bounded by it, and are made again when they are throttled.

// Deploy implements driver.Functions.
func (p *openPlatform) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (target driver.Target, err error) {
	err = p.controlled(ctx, p.Features().Pace.Deploy, func(ctx context.Context) error {
		target, err = p.Platform.Deploy(ctx, s, pkg)
		return err
	})
	return target, err
}

// Retire implements driver.Functions.
func (p *openPlatform) Retire(ctx context.Context, name string) error {
	pace := p.Features().Pace
	ctx, cancel := context.WithTimeout(ctx, pace.Bound(1, pace.Retire)+control.Throttled)
	defer cancel()
	return p.controlled(ctx, pace.Retire, func(ctx context.Context) error { return p.Platform.Retire(ctx, name) })
}

// controlled makes a call that usually takes so long, when there is a place for
// it, and again while it is throttled. Each try is bounded by the pace.
func (p *openPlatform) controlled(ctx context.Context, usual time.Duration, call func(context.Context) error) error {
	bound := p.Features().Pace.Bound(1, usual)
	return p.control().Do(ctx, func(ctx context.Context) error {
		within, cancel := context.WithTimeout(ctx, bound)
		defer cancel()
		err := call(within)
		if err != nil && ctx.Err() == nil && errors.Is(within.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%w: it was given up after %s, and %s is usual (Features.Pace)", err, bound, usual)
		}
		return err
	})
}

func (p *openPlatform) control() *control.Plane {
	p.once.Do(func() { p.plane = control.New(p.Features().Pace) })
	return p.plane
}
