package stores

import (
	"context"
	"fmt"

	"github.com/sebs-go/sebs/harness/driver"
)

// Fixed returns stores of a service that nobody here starts, and that outlives
// the process. What they have of the run's prefix is listed whether or not this
// process has used it, by name alone: when a sweep may remove it, the ledger
// says, to which it is written before it is created. A store that is nil is
// missing.
func Fixed(run driver.Run, buckets driver.Buckets, tables driver.Tables) *Stores {
	s := &Stores{run: run, fixed: true, buckets: missing[driver.Buckets]("object"), tables: missing[driver.Tables]("NoSQL")}
	if buckets != nil {
		s.buckets = running[driver.Buckets](recordedBuckets{buckets, run})
	}
	if tables != nil {
		s.tables = running[driver.Tables](recordedTables{tables, run})
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

// recordedBuckets are buckets that are in the run's ledger before they exist.
type recordedBuckets struct {
	driver.Buckets
	run driver.Run
}

func (b recordedBuckets) Create(ctx context.Context, bucket string) error {
	if err := record(b.run, kindBucket, bucket); err != nil {
		return err
	}
	return b.Buckets.Create(ctx, bucket)
}

// recordedTables are tables that are in the run's ledger before they exist.
type recordedTables struct {
	driver.Tables
	run driver.Run
}

func (t recordedTables) Create(ctx context.Context, table driver.Table) error {
	if err := record(t.run, kindTable, table.Name); err != nil {
		return err
	}
	return t.Tables.Create(ctx, table)
}

func record(run driver.Run, kind, name string) error {
	return run.Ledger.Record(driver.Resource{Kind: kind, Name: name, Run: run.ID, Expiry: run.Expiry})
}
