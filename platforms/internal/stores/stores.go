// Package stores holds the object store and the NoSQL store of a run: on platforms
// that start them themselves, each when it is first used, and stopped with the
// platform; or those of a service that nobody here starts. What a run has in them
// is listed and removed.
//
// It knows no protocol: how a store is started or reached is the platform's to
// say.
package stores

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/sebs-go/sebs/harness/driver"
)

// Start starts a store. It returns how to stop it.
type Start[T any] func(ctx context.Context) (store T, stop func() error, err error)

// Stores are the stores of a run. Safe for concurrent use.
type Stores struct {
	run     driver.Run
	made    *made // in stores that outlive the process; nil: they end with it
	buckets *Lazy[driver.Buckets]
	tables  *Lazy[driver.Tables]
}

// The kinds of resources.
const (
	kindBucket = "bucket"
	kindTable  = "table"
)

// New returns the stores of a run. None is started.
func New(run driver.Run, buckets Start[driver.Buckets], tables Start[driver.Tables]) *Stores {
	return &Stores{run: run, buckets: NewLazy(buckets), tables: NewLazy(tables)}
}

// Buckets returns the object store.
func (s *Stores) Buckets(ctx context.Context) (driver.Buckets, error) { return s.buckets.Get(ctx) }

// Tables returns the NoSQL store.
func (s *Stores) Tables(ctx context.Context) (driver.Tables, error) { return s.tables.Get(ctx) }

// Resources lists the buckets and tables of the run, in the stores that were
// started.
func (s *Stores) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		list := func(kind string, names []string, err error) bool {
			if err != nil {
				return yield(driver.Resource{}, err)
			}
			for _, n := range names {
				r := s.own(kind, n)
				if s.made != nil { // another run may have made it
					r = s.made.know(kind, n)
				}
				if !yield(r, nil) {
					return false
				}
			}
			return true
		}
		if b, ok, err := s.buckets.Started(ctx); ok || err != nil {
			var names []string
			if err == nil {
				names, err = b.Names(ctx)
			}
			if !list(kindBucket, names, err) {
				return
			}
		}
		if t, ok, err := s.tables.Started(ctx); ok || err != nil {
			var names []string
			if err == nil {
				names, err = t.Names(ctx)
			}
			list(kindTable, names, err)
		}
	}
}

// own returns a resource of this run.
func (s *Stores) own(kind, name string) driver.Resource {
	return driver.Resource{Kind: kind, Name: name, Run: s.run.ID, Expiry: s.run.Expiry}
}

// Remove deletes a bucket or a table. One without the run's prefix matches
// driver.ErrNotOurs, another kind of resource driver.ErrUnsupported.
func (s *Stores) Remove(ctx context.Context, r driver.Resource) error {
	if !s.run.Owns(r.Name) {
		return fmt.Errorf("%w: the name does not begin with %s", driver.ErrNotOurs, s.run.Prefix)
	}
	switch r.Kind {
	case kindBucket:
		b, ok, err := s.buckets.Started(ctx)
		if !ok || err != nil {
			return err
		}
		return b.Remove(ctx, r.Name)
	case kindTable:
		t, ok, err := s.tables.Started(ctx)
		if !ok || err != nil {
			return err
		}
		return t.Remove(ctx, r.Name)
	}
	return fmt.Errorf("resources of the kind %s: %w", r.Kind, driver.ErrUnsupported)
}

// Close stops what was started. What is asked for afterwards is refused.
func (s *Stores) Close() error {
	return errors.Join(s.buckets.Close(), s.tables.Close())
}

// ErrClosed is the error of a store that is asked for after Close.
var ErrClosed = errors.New("the platform is closed")

// Lazy is something that is started when it is first used. Safe for concurrent
// use.
type Lazy[T any] struct {
	start  Start[T]
	lock   chan struct{} // holds one element while it is locked
	store  T
	stop   func() error // nil unless it runs
	closed bool
}

// NewLazy returns what start starts.
func NewLazy[T any](start Start[T]) *Lazy[T] {
	return &Lazy[T]{start: start, lock: make(chan struct{}, 1)}
}

// Get returns it, started if necessary.
func (l *Lazy[T]) Get(ctx context.Context) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	select {
	case l.lock <- struct{}{}:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	defer func() { <-l.lock }()
	if l.closed {
		return none, ErrClosed
	}
	if l.stop == nil {
		store, stop, err := l.start(ctx)
		if err != nil {
			return none, err
		}
		l.store, l.stop = store, stop
	}
	return l.store, nil
}

// Started returns it if it runs.
func (l *Lazy[T]) Started(ctx context.Context) (store T, ok bool, err error) {
	select {
	case l.lock <- struct{}{}:
	case <-ctx.Done():
		return store, false, ctx.Err()
	}
	defer func() { <-l.lock }()
	return l.store, l.stop != nil, nil
}

// Close stops it if it runs.
func (l *Lazy[T]) Close() error {
	l.lock <- struct{}{}
	defer func() { <-l.lock }()
	l.closed = true
	if l.stop == nil {
		return nil
	}
	stop := l.stop
	l.stop = nil
	return stop()
}
