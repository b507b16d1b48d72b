package driver

import (
	"context"
	"io"
	"iter"
	"time"
)

// Access is how to reach a store: the client's way is in the driver, this is
// the function's. A Spec's environment takes it over; it may hold credentials
// and never goes to results or logs.
type Access map[string]string

// Buckets is an object store. Names of buckets begin with the run's prefix.
// All methods are safe for concurrent use. A bucket or object that does not
// exist matches ErrNotFound, unless the method says otherwise. Keys "a" and
// "a/b" may exclude each other: stores that keep objects as files have only one
// of the two.
type Buckets interface {
	// Create makes the bucket exist; one that exists already is kept with
	// what is in it.
	Create(ctx context.Context, bucket string) error
	// Put stores size bytes of r under key, replacing what was there.
	Put(ctx context.Context, bucket, key string, r io.Reader, size int64) error
	// Open returns the object's content. The caller closes it.
	Open(ctx context.Context, bucket, key string) (io.ReadCloser, error)
	// List lists the objects whose keys begin with prefix, by key in byte
	// order, however many there are.
	List(ctx context.Context, bucket, prefix string) iter.Seq2[Object, error]
	// Delete deletes the objects whose keys begin with prefix. None is not an
	// error.
	Delete(ctx context.Context, bucket, prefix string) error
	// Presign returns a URL that reads the object without credentials until
	// it expires; functions can reach it.
	Presign(ctx context.Context, bucket, key string, expires time.Duration) (string, error)
	// Names lists the buckets that begin with the run's prefix.
	Names(ctx context.Context) ([]string, error)
	// Remove deletes the bucket and what is in it. A missing bucket is not an
	// error.
	Remove(ctx context.Context, bucket string) error
	// Access returns the environment with which functions reach the store.
	Access() Access
}

// Object is an entry of a bucket.
type Object struct {
	Key  string
	Size int64
}

// Tables is a NoSQL store: items under a primary key and, where the table has
// one, a secondary key that orders the items of one primary key. It is neutral
// of protocol: DynamoDB's partition and sort key, Cosmos DB's partition key and
// id, Datastore's ancestor and entity name. All methods are safe for concurrent
// use. A table that does not exist matches ErrNotFound.
type Tables interface {
	// Create makes the table exist and returns when it can be used; one that
	// exists already is kept with what is in it.
	Create(ctx context.Context, t Table) error
	// Put stores an item, replacing the one with the same keys. Values are
	// strings, float64, int, bool, nil, []any and map[string]any; numbers come
	// back as float64.
	Put(ctx context.Context, table string, item map[string]any) error
	// Get returns the item with the given keys; one that does not exist
	// matches ErrNotFound. secondary is empty for a table without one.
	Get(ctx context.Context, table, primary, secondary string) (map[string]any, error)
	// Query lists the items of one primary key, by secondary key.
	Query(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error]
	// Delete deletes an item. A missing item is not an error.
	Delete(ctx context.Context, table, primary, secondary string) error
	// Clear deletes every item.
	Clear(ctx context.Context, table string) error
	// Names lists the tables that begin with the run's prefix.
	Names(ctx context.Context) ([]string, error)
	// Remove deletes the table. A missing table is not an error.
	Remove(ctx context.Context, table string) error
	// Access returns the environment with which functions reach the store and
	// find the given tables: a map from the table names that a benchmark uses
	// to their real names.
	Access(tables map[string]string) Access
}

// Table is a table's name and the names of its keys, which hold strings.
type Table struct {
	Name      string
	Primary   string
	Secondary string // empty: none
}
