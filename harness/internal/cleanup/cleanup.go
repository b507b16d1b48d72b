// Package cleanup removes what runs create: at the end of a run, and later, by a
// sweep, what a run left that was killed or could not remove it.
//
// A run's ledger names what was about to be created; a platform lists what there
// is. Either may lack something: the list may lag, and the ledger knows only
// what is outside this machine. What one of the two has is removed.
//
// Whether a run is alive is known by locks of the kernel, on its prefix, its log
// and its temporary folder: a process that is killed gives them up.
//
// The package refuses to touch what a run that is alive has, and to guess from
// ages or process ids.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/control"
)

// Platform is the part of a platform that clean-up needs.
type Platform interface {
	Features() driver.Features
	driver.Inventory
}

// Left is what could not be removed, and why. Without a kind it is a problem of
// the whole platform, and what there is may be unknown.
type Left struct {
	driver.Resource
	Err error
}

// Error names the resource and says why it is still there.
func (l Left) Error() string {
	if l.Kind == "" {
		return l.Err.Error()
	}
	return fmt.Sprintf("remove %s %s: %v", l.Kind, l.Name, l.Err)
}

// Unwrap returns why it is still there.
func (l Left) Unwrap() error { return l.Err }

// Remove removes from a platform what it lists and what the ledger has, if it is
// wanted; nil wants all of it. listed is false for what the ledger alone has. It keeps to the platform's pace, and gives up
// after the bound that follows from that, or when ctx is done. What cannot be
// removed is tried again once the rest is gone.
func Remove(ctx context.Context, p Platform, ledger []driver.Resource, wanted func(r driver.Resource, listed bool) bool) []Left {
	pace := p.Features().Pace
	r := remover{plane: control.New(pace), platform: p}
	begun := time.Now()

	listing, cancel := context.WithDeadline(ctx, begun.Add(bound(pace, 1)))
	defer cancel()
	found, err := r.list(listing)
	var left []Left
	if err != nil {
		left = append(left, Left{Err: fmt.Errorf("list what there is: %w", err)})
	}
	all := merge(found, ledger)
	if wanted != nil {
		all = slices.DeleteFunc(all, func(e entry) bool { return !wanted(e.Resource, e.listed) })
	}
	removing, cancel := context.WithDeadline(ctx, begun.Add(bound(pace, len(all))))
	defer cancel()
	for _, e := range r.remove(removing, all) {
		left = append(left, e.Left)
	}
	return left
}

// bound returns the time after which the removal of n resources is given up.
func bound(pace driver.Pace, n int) time.Duration {
	d := pace.Bound(n, pace.Remove)
	if pace.Remove > 0 { // it is not this machine's
		d += control.Throttled
	}
	return d
}

// entry is a resource that is to be removed, with why it is still there.
type entry struct {
	Left
	listed bool // by the platform; otherwise the ledger alone has it
}

// merge returns what was found, and what the ledger has and was not found.
func merge(found, ledger []driver.Resource) []entry {
	type key struct{ kind, name string }
	seen := map[key]bool{}
	var all []entry
	for i, r := range slices.Concat(found, ledger) {
		if k := (key{r.Kind, r.Name}); !seen[k] {
			seen[k] = true
			all = append(all, entry{Left: Left{Resource: r}, listed: i < len(found)})
		}
	}
	return all
}

// remover removes resources of a platform.
type remover struct {
	plane    *control.Plane
	platform driver.Inventory
}

const (
	attempts   = 3                      // in a row that achieve nothing
	firstPause = 250 * time.Millisecond // between two attempts; it doubles
)

// list lists what there is on the platform. What fails is tried again.
func (r *remover) list(ctx context.Context) ([]driver.Resource, error) {
	for attempt, pause := 1, firstPause; ; attempt, pause = attempt+1, 2*pause {
		var all []driver.Resource
		err := r.plane.Do(ctx, func(ctx context.Context) error {
			all = nil
			for resource, err := range r.platform.Resources(ctx) {
				if err != nil {
					return err
				}
				all = append(all, resource)
			}
			return nil
		})
		if err == nil || final(err) || attempt == attempts || sleep(ctx, pause) != nil {
			return all, err
		}
	}
}

// remove removes resources in rounds, as long as one in three removes something,
// and returns what is left.
func (r *remover) remove(ctx context.Context, all []entry) []entry {
	for attempt, pause := 1, firstPause; ; attempt, pause = attempt+1, 2*pause {
		left := r.round(ctx, all)
		if len(left) < len(all) {
			attempt, pause = 1, firstPause
		}
		all = left
		hopeful := slices.ContainsFunc(all, func(e entry) bool { return !final(e.Err) })
		if !hopeful || attempt == attempts || sleep(ctx, pause) != nil {
			return all
		}
	}
}

// round tries to remove each resource once, and returns what is left.
func (r *remover) round(ctx context.Context, all []entry) []entry {
	errs := r.plane.Each(ctx, len(all), func(ctx context.Context, i int) error {
		if e := all[i]; !final(e.Err) {
			return r.platform.Remove(ctx, e.Resource)
		}
		return all[i].Err
	})
	var left []entry
	for i, e := range all {
		err := errs[i]
		if err == nil || (errors.Is(err, driver.ErrNotOurs) && !e.listed) { // the ledger has also what was then not created
			continue
		}
		if e.Err == nil || ctx.Err() == nil { // otherwise the last attempt had no time
			e.Err = err
		}
		left = append(left, e)
	}
	return left
}

// final reports whether another attempt would fail in the same way.
func final(err error) bool {
	return errors.Is(err, driver.ErrDenied) || errors.Is(err, driver.ErrUnsupported) || errors.Is(err, driver.ErrNotOurs)
}

// sleep waits, or returns why not.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
