package process

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/objects"
	"github.com/sebs-go/sebs/platforms/internal/objectserver"
	"github.com/sebs-go/sebs/platforms/internal/pool"
	"github.com/sebs-go/sebs/platforms/internal/tables"
	"github.com/sebs-go/sebs/platforms/internal/tableserver"
)

// stores are the object store and the NoSQL store.
type stores struct {
	buckets *lazy[driver.Buckets]
	tables  *lazy[driver.Tables]
}

func newStores(run driver.Run) stores {
	return stores{
		buckets: newLazy(func(ctx context.Context) (driver.Buckets, func() error, error) { return startBuckets(ctx, run) }),
		tables:  newLazy(func(ctx context.Context) (driver.Tables, func() error, error) { return startTables(ctx, run) }),
	}
}

// Buckets returns the object store: a server in this process.
func (p *Platform) Buckets(ctx context.Context) (driver.Buckets, error) {
	return p.stores.buckets.get(ctx)
}

// Tables returns the NoSQL store: a child process, which is installed when it
// is first used on this machine. Where it cannot be had, the error matches
// driver.ErrUnavailable.
func (p *Platform) Tables(ctx context.Context) (driver.Tables, error) {
	return p.stores.tables.get(ctx)
}

func startBuckets(ctx context.Context, run driver.Run) (driver.Buckets, func() error, error) {
	server, err := objectserver.Start(ctx, run.Dir, run.Guard)
	if err != nil {
		return nil, nil, err
	}
	store, err := objects.New(objects.Config{
		URL:       server.URL(),
		Region:    server.Region(),
		AccessKey: server.AccessKey(),
		SecretKey: server.SecretKey(),
		Prefix:    run.Prefix,
	})
	if err != nil {
		return nil, nil, errors.Join(err, server.Stop())
	}
	return store, func() error { store.Close(); return server.Stop() }, nil
}

func startTables(ctx context.Context, run driver.Run) (driver.Tables, func() error, error) {
	server, err := tableserver.Start(ctx, run.Guard, run.Log)
	if err != nil {
		return nil, nil, err
	}
	store := tables.New(tables.Config{
		URL:       server.URL(),
		Region:    server.Region(),
		AccessKey: server.AccessKey(),
		SecretKey: server.SecretKey(),
		Prefix:    run.Prefix,
	})
	return store, func() error { store.Close(); return server.Stop() }, nil
}

// resources lists the buckets and tables of a run, in the stores that were
// started.
func (s stores) resources(ctx context.Context, run driver.Run) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		list := func(kind string, names []string, err error) bool {
			if err != nil {
				return yield(driver.Resource{}, err)
			}
			for _, n := range names {
				if !yield(driver.Resource{Kind: kind, Name: n, Run: run.ID, Expiry: run.Expiry}, nil) {
					return false
				}
			}
			return true
		}
		if b, ok, err := s.buckets.started(ctx); ok || err != nil {
			var names []string
			if err == nil {
				names, err = b.Names(ctx)
			}
			if !list("bucket", names, err) {
				return
			}
		}
		if t, ok, err := s.tables.started(ctx); ok || err != nil {
			var names []string
			if err == nil {
				names, err = t.Names(ctx)
			}
			list("table", names, err)
		}
	}
}

// remove deletes a bucket or a table.
func (s stores) remove(ctx context.Context, r driver.Resource) error {
	switch r.Kind {
	case "bucket":
		b, ok, err := s.buckets.started(ctx)
		if !ok || err != nil {
			return err
		}
		return b.Remove(ctx, r.Name)
	case "table":
		t, ok, err := s.tables.started(ctx)
		if !ok || err != nil {
			return err
		}
		return t.Remove(ctx, r.Name)
	}
	return fmt.Errorf("resources of the kind %s: %w", r.Kind, driver.ErrUnsupported)
}

// close stops what was started.
func (s stores) close() error {
	return errors.Join(s.buckets.close(), s.tables.close())
}

// lazy is a store that is started when it is first used. Safe for concurrent
// use.
type lazy[T any] struct {
	start  func(context.Context) (T, func() error, error)
	lock   chan struct{} // holds one element while it is locked
	store  T
	stop   func() error // nil unless it runs
	closed bool
}

func newLazy[T any](start func(context.Context) (T, func() error, error)) *lazy[T] {
	return &lazy[T]{start: start, lock: make(chan struct{}, 1)}
}

// get returns the store, which it starts if necessary.
func (l *lazy[T]) get(ctx context.Context) (T, error) {
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
		return none, pool.ErrClosed
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

// started returns the store if it runs.
func (l *lazy[T]) started(ctx context.Context) (store T, ok bool, err error) {
	select {
	case l.lock <- struct{}{}:
	case <-ctx.Done():
		return store, false, ctx.Err()
	}
	defer func() { <-l.lock }()
	return l.store, l.stop != nil, nil
}

// close stops the store if it runs.
func (l *lazy[T]) close() error {
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
