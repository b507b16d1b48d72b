package stores

import (
	"context"
	"fmt"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
)

// Fixed returns stores of a service that nobody here starts, and that outlives
// the process. What they have of the run's prefix is listed whether or not this
// process has used it. It is written to the ledger before it is created. Services
// keep no expiry with a bucket or a table: it is known of those that this process
// made exist; of others a sweep knows it by the ledgers and results of their
// runs. A store that is nil is missing.
func Fixed(run driver.Run, buckets driver.Buckets, tables driver.Tables) *Stores {
	m := &made{ledger: run.Ledger, resources: map[[2]string]driver.Resource{}}
	s := &Stores{run: run, made: m, buckets: missing[driver.Buckets]("object"), tables: missing[driver.Tables]("NoSQL")}
	if buckets != nil {
		s.buckets = running[driver.Buckets](recordedBuckets{buckets, s})
	}
	if tables != nil {
		s.tables = running[driver.Tables](recordedTables{tables, s})
	}
	return s
}

// running returns what runs and is not stopped.
func running[T any](store T) *Lazy[T] {
	l := NewLazy[T](nil)
	l.store, l.stop = store, func() error { return nil }
	return l
}

func missing[T any](kind string) *Lazy[T] {
	return NewLazy(func(context.Context) (store T, stop func() error, err error) {
		return store, nil, fmt.Errorf("%s store: %w", kind, driver.ErrUnsupported)
	})
}

// made is what this process made exist in a service. Safe for concurrent use.
type made struct {
	ledger driver.Ledger

	mu        sync.Mutex
	resources map[[2]string]driver.Resource // by kind and name
}

// record is called before something is created.
func (m *made) record(r driver.Resource) error {
	if err := m.ledger.Record(r); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resources[[2]string{r.Kind, r.Name}] = r
	return nil
}

// know returns a resource with all that is known of it.
func (m *made) know(kind, name string) driver.Resource {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.resources[[2]string{kind, name}]; ok {
		return r
	}
	return driver.Resource{Kind: kind, Name: name}
}

// recordedBuckets are buckets that are in the run's ledger before they exist.
type recordedBuckets struct {
	driver.Buckets
	stores *Stores
}

func (b recordedBuckets) Create(ctx context.Context, bucket string) error {
	if err := b.stores.made.record(b.stores.own(kindBucket, bucket)); err != nil {
		return err
	}
	return b.Buckets.Create(ctx, bucket)
}

// recordedTables are tables that are in the run's ledger before they exist.
type recordedTables struct {
	driver.Tables
	stores *Stores
}

func (t recordedTables) Create(ctx context.Context, table driver.Table) error {
	if err := t.stores.made.record(t.stores.own(kindTable, table.Name)); err != nil {
		return err
	}
	return t.Tables.Create(ctx, table)
}
