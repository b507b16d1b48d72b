package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
	"github.com/sebs-go/sebs/harness/internal/control"
)

// Opened is a platform that was opened for a run, with what it takes to remove
// all that the run makes.
type Opened struct {
	driver.Platform
	Run    driver.Run
	Ledger *Ledger

	lab    *Lab
	holds  bool // the lock of the prefix
	mu     sync.Mutex
	closed bool
}

// Open opens the platform for a run with the given prefix. Changes are made to
// the run first. Clean it up in the end.
func (l *Lab) Open(ctx context.Context, prefix string, changes ...func(*driver.Run)) (*Opened, error) {
	// A short path: sockets in it have at most about 100 bytes.
	dir, err := os.MkdirTemp("", "sebs")
	if err != nil {
		return nil, err
	}
	o := &Opened{lab: l, Ledger: &Ledger{}}
	o.Run = driver.Run{
		ID: Word(), Prefix: prefix, Expiry: time.Now().Add(time.Hour).Truncate(time.Second),
		Ledger: o.Ledger, Guard: noGuard{}, Dir: dir, Log: l.log,
	}
	for _, change := range changes {
		change(&o.Run)
	}
	if o.Platform, err = l.open(ctx, o.Run); err != nil {
		return nil, fmt.Errorf("open the platform: %w", errors.Join(err, os.RemoveAll(dir)))
	}
	pace := o.Features().Pace
	if pace.Remove > 0 { // it is far away
		if err := l.prefixes.hold(prefix); err != nil {
			return nil, errors.Join(err, o.Platform.Close(ctx), os.RemoveAll(dir))
		}
		o.holds = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plane == nil {
		l.plane = control.New(pace)
	}
	return o, nil
}

// Close closes the platform, and leaves what it made.
func (o *Opened) Close(ctx context.Context) error {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	return o.Platform.Close(ctx)
}

// CleanUp removes everything that the run made, through another opening of its
// prefix if the platform was closed, and closes it.
func (o *Opened) CleanUp(ctx context.Context) (err error) {
	if o.holds {
		defer func() { err = errors.Join(err, o.lab.prefixes.release(o.Run.Prefix, err == nil)) }()
	}
	o.mu.Lock()
	closed := o.closed
	o.mu.Unlock()
	if closed {
		again, err := o.lab.Open(ctx, o.Run.Prefix)
		if err == nil {
			again.Ledger.add(o.Ledger.Recorded()...)
			err = again.CleanUp(ctx)
		}
		return errors.Join(err, os.RemoveAll(o.Run.Dir))
	}
	return errors.Join(o.removeAll(ctx), o.Close(ctx), os.RemoveAll(o.Run.Dir))
}

// removeAll removes what is in the ledger and what is listed, until nothing is
// listed: a service may list late what is there, and what is there no more.
func (o *Opened) removeAll(ctx context.Context) error {
	var err error
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		listed, failed := Resources(ctx, o.Platform, "")
		if failed != nil {
			return errors.Join(err, failed)
		}
		ledger := o.Ledger.take()
		if len(listed)+len(ledger) == 0 {
			return nil
		}
		err = nil
		for _, left := range cleanup.Remove(ctx, o.Platform, ledger, nil) {
			err = errors.Join(err, left)
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, fmt.Errorf("after their removal %d resources are still listed: %w", len(listed), ctx.Err()))
		case <-time.After(pause):
		}
	}
}

// Retire retires a function, again where the platform throttles that.
func (o *Opened) Retire(ctx context.Context, name string) error {
	return o.lab.plane.Do(ctx, func(ctx context.Context) error { return o.Platform.Retire(ctx, name) })
}

// Remove removes a resource, again where the platform throttles that.
func (o *Opened) Remove(ctx context.Context, r driver.Resource) error {
	return o.lab.plane.Do(ctx, func(ctx context.Context) error { return o.Platform.Remove(ctx, r) })
}

// Resources lists a run's resources of a kind, by name; of all kinds if it is
// empty.
func Resources(ctx context.Context, p driver.Inventory, kind string) ([]driver.Resource, error) {
	var all []driver.Resource
	for r, err := range p.Resources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("list resources: %w", err)
		}
		if kind == "" || r.Kind == kind {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b driver.Resource) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// Ledger is a run's ledger in memory.
type Ledger struct {
	mu    sync.Mutex
	all   []driver.Resource
	taken int
}

// Record notes what is about to be created.
func (l *Ledger) Record(r driver.Resource) error {
	l.add(r)
	return nil
}

func (l *Ledger) add(all ...driver.Resource) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, all...)
}

// take returns what was recorded since it was called last.
func (l *Ledger) take() []driver.Resource {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.all[l.taken:]
	l.taken = len(l.all)
	return all
}

// Recorded returns what was recorded.
func (l *Ledger) Recorded() []driver.Resource {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// noGuard is the guard of a run that needs none: what a rule makes on this
// machine ends with the platform.
type noGuard struct{}

func (noGuard) Process(int) func()       { return func() {} }
func (noGuard) Command(...string) func() { return func() {} }
func (noGuard) Folder(string) func()     { return func() {} }
