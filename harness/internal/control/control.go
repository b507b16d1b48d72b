// Package control makes calls of a platform's control plane: as many at once as
// its pace allows, slower once it throttles, and again those that it throttled.
//
// It refuses to try again what failed for another reason.
package control

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// How long there is between the beginnings of two calls: nothing until one is
// throttled, then a time that grows while they are and shrinks while they are
// not.
const (
	leastInterval = 50 * time.Millisecond
	mostInterval  = 2 * time.Second
)

// Throttled is how much longer than its pace says a control plane may take: some
// refuse everything for a minute.
const Throttled = 90 * time.Second

// patience is how long a call is made again that is throttled each time.
const patience = 2 * Throttled

// Plane is the control plane of a platform. Safe for concurrent use.
type Plane struct {
	places chan struct{} // holds an element for each call under way
	first  chan struct{} // holds one while a call waits for its beginning

	mu       sync.Mutex
	interval time.Duration // between the beginnings of two calls
	begun    time.Time     // when the last call began, or was throttled
	slowed   time.Time     // when the interval last grew

	throttled error // that of the last call, nil if it succeeded
}

// New returns a control plane of a pace.
func New(pace driver.Pace) *Plane {
	return &Plane{places: make(chan struct{}, max(pace.Parallel, 1)), first: make(chan struct{}, 1)}
}

// Do makes a call when there is a place for it, and again while it matches
// driver.ErrThrottled, for three minutes at most. If ctx is done first, the error matches the
// context's, and driver.ErrThrottled if it was throttled until then.
func (p *Plane) Do(ctx context.Context, call func(context.Context) error) error {
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	return p.do(ctx, call)
}

// Each makes n calls like Do, begun in order, and returns their errors: one for
// each, nil where it succeeded.
func (p *Plane) Each(ctx context.Context, n int, call func(ctx context.Context, i int) error) []error {
	errs := make([]error, n)
	var calls sync.WaitGroup
	for i := range n {
		if errs[i] = p.enter(ctx); errs[i] != nil {
			continue
		}
		calls.Go(func() {
			defer p.leave()
			errs[i] = p.do(ctx, func(ctx context.Context) error { return call(ctx, i) })
		})
	}
	calls.Wait()
	return errs
}

func (p *Plane) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return p.gaveUp(ctx)
	}
	select {
	case p.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return p.gaveUp(ctx)
	}
}

func (p *Plane) leave() { <-p.places }

// gaveUp returns why a call was not made whose context is done.
func (p *Plane) gaveUp(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.throttled != nil {
		return fmt.Errorf("%w, until it was given up: %w", p.throttled, ctx.Err())
	}
	return ctx.Err()
}

// do makes a call that has a place.
func (p *Plane) do(ctx context.Context, call func(context.Context) error) error {
	for first := time.Now(); ; {
		if p.turn(ctx) != nil {
			return p.gaveUp(ctx)
		}
		begun := time.Now()
		err := call(ctx)
		if !errors.Is(err, driver.ErrThrottled) {
			if err == nil {
				p.faster()
			}
			return err
		}
		p.slower(begun, err)
		if begun.Sub(first) > patience {
			return fmt.Errorf("%w, for %s", err, patience)
		}
	}
}

// turn waits until the next call may begin. One call at a time waits for the
// clock, so that all others heed what it learns.
func (p *Plane) turn(ctx context.Context) error {
	select {
	case p.first <- struct{}{}:
		defer func() { <-p.first }()
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	wait := time.Until(p.begun.Add(p.interval))
	p.mu.Unlock()
	if pause(ctx, wait) != nil {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = time.Now()
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// slower makes the interval longer for a call that was throttled, once for all
// that had begun when it last grew.
func (p *Plane) slower(begun time.Time, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.throttled = why
	if begun.Before(p.slowed) {
		return
	}
	p.interval = min(max(p.interval*4/3, leastInterval), mostInterval)
	p.slowed = time.Now()
	p.begun = p.slowed
}

// faster shortens the interval for a call that succeeded.
func (p *Plane) faster() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.throttled = nil
	if p.interval = p.interval * 4 / 5; p.interval < leastInterval/4 {
		p.interval = 0
	}
}
