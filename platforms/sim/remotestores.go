package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Buckets returns the service's object store.
func (r *Remote) Buckets(ctx context.Context) (driver.Buckets, error) {
	b, err := r.Platform.Buckets(ctx)
	return remoteBuckets{b, r}, err
}

// Tables returns the service's NoSQL store.
func (r *Remote) Tables(ctx context.Context) (driver.Tables, error) {
	t, err := r.Platform.Tables(ctx)
	return remoteTables{t, r}, err
}

// store makes the service keep a bucket or a table that make creates: it is
// written to the ledger first, and labelled.
func (r *Remote) store(ctx context.Context, kind, name string, create func() error) error {
	want := r.resource(kind, name)
	if _, exists := r.service.get(kind, name); !exists {
		if err := r.run.Ledger.Record(want); err != nil {
			return fmt.Errorf("write %s %s to the ledger: %w", kind, name, err)
		}
	}
	if err := create(); err != nil {
		return err
	}
	return r.service.keep(ctx, want)
}

// keep notes that a bucket or a table exists, which takes no time.
func (s *service) keep(ctx context.Context, r driver.Resource) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key(r.Kind, r.Name)
	e, old := s.made[k]
	if !old {
		e.since = time.Now()
	}
	e.Resource = r
	s.made[k] = e
	return ctx.Err()
}

// forget notes that a bucket or a table is gone.
func (s *service) forget(kind, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key(kind, name)
	if e, ok := s.made[k]; ok {
		delete(s.made, k)
		s.gone[k] = entry{e.Resource, time.Now()}
	}
}

type remoteBuckets struct {
	driver.Buckets
	r *Remote
}

func (b remoteBuckets) Create(ctx context.Context, name string) error {
	return b.r.store(ctx, "bucket", name, func() error { return b.Buckets.Create(ctx, name) })
}

func (b remoteBuckets) Remove(ctx context.Context, name string) error {
	err := b.Buckets.Remove(ctx, name)
	if err == nil {
		b.r.service.forget("bucket", name)
	}
	return err
}

type remoteTables struct {
	driver.Tables
	r *Remote
}

func (t remoteTables) Create(ctx context.Context, keys driver.Table) error {
	return t.r.store(ctx, "table", keys.Name, func() error { return t.Tables.Create(ctx, keys) })
}

func (t remoteTables) Remove(ctx context.Context, name string) error {
	err := t.Tables.Remove(ctx, name)
	if err == nil {
		t.r.service.forget("table", name)
	}
	return err
}
