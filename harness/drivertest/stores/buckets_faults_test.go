package stores_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/stores"
	"github.com/sebs-go/sebs/platforms/sim"
)

// faultyBuckets is the simulated object store with a fault: what is set
// replaces what the store does.
type faultyBuckets struct {
	driver.Buckets
	create  func(ctx context.Context, bucket string) error
	put     func(ctx context.Context, bucket, key string, r io.Reader, size int64) error
	open    func(ctx context.Context, bucket, key string) (io.ReadCloser, error)
	list    func(ctx context.Context, bucket, prefix string) iter.Seq2[driver.Object, error]
	delete  func(ctx context.Context, bucket, prefix string) error
	presign func(ctx context.Context, bucket, key string, expires time.Duration) (string, error)
	names   func(ctx context.Context) ([]string, error)
	remove  func(ctx context.Context, bucket string) error
	access  driver.Access
}

// bucketFaults break an object store, each so that only the rule of its name
// catches it.
var bucketFaults = map[string]func(*faultyBuckets){
	"create-twice": func(f *faultyBuckets) {
		f.create = func(ctx context.Context, bucket string) error {
			return errors.Join(f.Buckets.Remove(ctx, bucket), f.Buckets.Create(ctx, bucket))
		}
	},
	"put-open": func(f *faultyBuckets) { // the first content stays
		f.put = func(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
			if old, err := f.Buckets.Open(ctx, bucket, key); err == nil {
				return old.Close()
			}
			return f.Buckets.Put(ctx, bucket, key, r, size)
		}
	},
	"empty-object": func(f *faultyBuckets) {
		f.put = func(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
			if size == 0 {
				return ctx.Err()
			}
			return f.Buckets.Put(ctx, bucket, key, r, size)
		}
	},
	"large-object": func(f *faultyBuckets) { // its last part is lost
		const part = 5 << 20
		f.put = func(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
			size = min(size, part)
			return f.Buckets.Put(ctx, bucket, key, io.LimitReader(r, size), size)
		}
	},
	"stream": func(f *faultyBuckets) {
		f.put = func(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
			if _, ok := r.(io.Seeker); !ok {
				return errors.New("the content cannot be read twice")
			}
			return f.Buckets.Put(ctx, bucket, key, r, size)
		}
	},
	"short-content": func(f *faultyBuckets) {
		f.put = func(ctx context.Context, bucket, key string, r io.Reader, _ int64) error {
			content, err := io.ReadAll(r)
			return errors.Join(err, f.Buckets.Put(ctx, bucket, key, strings.NewReader(string(content)), int64(len(content))))
		}
	},
	"unusual-keys": func(f *faultyBuckets) {
		f.put = func(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
			return f.Buckets.Put(ctx, bucket, strings.ReplaceAll(key, `\`, "/"), r, size)
		}
	},
	"missing-object": func(f *faultyBuckets) { // an empty bucket has every object
		f.open = func(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
			for range f.Buckets.List(ctx, bucket, "") {
				return f.Buckets.Open(ctx, bucket, key)
			}
			return io.NopCloser(strings.NewReader("")), nil
		}
	},
	"concurrent": func(f *faultyBuckets) { // an object is away while it is replaced
		f.put = func(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
			if key == "shared" {
				if err := f.Buckets.Delete(ctx, bucket, key); err != nil {
					return err
				}
				time.Sleep(50 * time.Millisecond) // on a busy machine, too, somebody reads it meanwhile
			}
			return f.Buckets.Put(ctx, bucket, key, r, size)
		}
	},
	"list-order": func(f *faultyBuckets) {
		f.list = f.changed(func(_ string, all []driver.Object) []driver.Object {
			slices.SortStableFunc(all, func(a, b driver.Object) int { return cmp.Compare(strings.ToLower(a.Key), strings.ToLower(b.Key)) })
			return all
		})
	},
	"list-prefix": func(f *faultyBuckets) { // a folder's name counts everywhere
		f.list = func(ctx context.Context, bucket, prefix string) iter.Seq2[driver.Object, error] {
			if !strings.Contains(prefix, "/") {
				return f.Buckets.List(ctx, bucket, prefix)
			}
			return func(yield func(driver.Object, error) bool) {
				for o, err := range f.Buckets.List(ctx, bucket, "") {
					if strings.Contains(o.Key, prefix) && !yield(o, err) {
						return
					}
				}
			}
		}
	},
	"list-many": func(f *faultyBuckets) { // the first page only
		f.list = f.changed(func(_ string, all []driver.Object) []driver.Object { return all[:min(len(all), 1000)] })
	},
	"list-stops": func(f *faultyBuckets) {
		f.list = func(ctx context.Context, bucket, prefix string) iter.Seq2[driver.Object, error] {
			return func(yield func(driver.Object, error) bool) {
				for o, err := range f.Buckets.List(ctx, bucket, prefix) {
					yield(o, err)
				}
			}
		}
	},
	"delete": func(f *faultyBuckets) { // a folder's name takes its neighbours along
		f.delete = func(ctx context.Context, bucket, prefix string) error {
			return f.Buckets.Delete(ctx, bucket, strings.TrimSuffix(prefix, "/"))
		}
	},
	"presign": func(f *faultyBuckets) { // escaped twice
		f.presign = func(ctx context.Context, bucket, key string, expires time.Duration) (string, error) {
			u, err := f.Buckets.Presign(ctx, bucket, key, expires)
			return strings.ReplaceAll(u, "%", "%25") + "x", err
		}
	},
	"presign-expires": func(f *faultyBuckets) {
		f.presign = func(ctx context.Context, bucket, key string, _ time.Duration) (string, error) {
			return f.Buckets.Presign(ctx, bucket, key, time.Hour)
		}
	},
	"access": func(f *faultyBuckets) { f.access = driver.Access{"STORAGE_URL": "http://127.0.0.1"} },
	"missing-bucket": func(f *faultyBuckets) {
		f.list = func(ctx context.Context, bucket, prefix string) iter.Seq2[driver.Object, error] {
			return func(yield func(driver.Object, error) bool) {
				for o, err := range f.Buckets.List(ctx, bucket, prefix) {
					if !errors.Is(err, driver.ErrNotFound) && !yield(o, err) {
						return
					}
				}
			}
		}
	},
	"names": func(f *faultyBuckets) {
		f.names = func(ctx context.Context) ([]string, error) {
			names, err := f.Buckets.Names(ctx)
			return append(names, storePrefix+"x-rule"), err
		}
	},
	"remove": func(f *faultyBuckets) { // emptied, but still there
		f.remove = func(ctx context.Context, bucket string) error {
			if err := f.Buckets.Delete(ctx, bucket, ""); !errors.Is(err, driver.ErrNotFound) {
				return err
			}
			return nil
		}
	},
	"remove-twice": func(f *faultyBuckets) {
		f.remove = func(ctx context.Context, bucket string) error {
			for _, err := range f.Buckets.List(ctx, bucket, "") {
				if errors.Is(err, driver.ErrNotFound) {
					return err
				}
			}
			return f.Buckets.Remove(ctx, bucket)
		}
	},
	"cancelled": func(f *faultyBuckets) {
		f.delete = func(ctx context.Context, bucket, prefix string) error {
			return f.Buckets.Delete(context.WithoutCancel(ctx), bucket, prefix)
		}
	},
}

// storePrefix is the prefix of the run that the stores are opened for.
const storePrefix = "ab"

func TestBucketFaultsCoverRules(t *testing.T) {
	require.ElementsMatch(t, stores.BucketRuleNames(), slices.Collect(maps.Keys(bucketFaults)))
}

// Each broken object store fails exactly the rule that it breaks. They are
// checked all at once, because a rule waits for a URL to expire.
func TestBrokenBuckets(t *testing.T) {
	results := make(map[string]map[string]error, len(bucketFaults))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, with := range bucketFaults {
		store, err := simulated(t).Buckets(t.Context())
		require.NoError(t, err)
		f := &faultyBuckets{Buckets: store}
		with(f)
		wg.Go(func() {
			failed := stores.FailedBucketRules(t.Context(), f, storePrefix)
			mu.Lock()
			defer mu.Unlock()
			results[name] = failed
		})
	}
	wg.Wait()
	for name := range bucketFaults {
		t.Run(name, func(t *testing.T) {
			failed := results[name]
			require.Contains(t, failed, name)
			require.Len(t, failed, 1, "%v", failed)
		})
	}
}

// simulated opens a simulated platform.
func simulated(t *testing.T) *sim.Platform {
	t.Helper()
	p := sim.New(driver.Run{ID: "run1", Prefix: storePrefix, Log: t.Output()}, sim.Options{World: sim.NewWorld()})
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	return p
}

// changed returns a list that passes all objects through change.
func (f *faultyBuckets) changed(change func(prefix string, all []driver.Object) []driver.Object) func(context.Context, string, string) iter.Seq2[driver.Object, error] {
	return func(ctx context.Context, bucket, prefix string) iter.Seq2[driver.Object, error] {
		return func(yield func(driver.Object, error) bool) {
			var all []driver.Object
			for o, err := range f.Buckets.List(ctx, bucket, prefix) {
				if err != nil {
					yield(o, err)
					return
				}
				all = append(all, o)
			}
			for _, o := range change(prefix, all) {
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

func (f *faultyBuckets) Create(ctx context.Context, bucket string) error {
	if f.create != nil {
		return f.create(ctx, bucket)
	}
	return f.Buckets.Create(ctx, bucket)
}

func (f *faultyBuckets) Put(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
	if f.put != nil {
		return f.put(ctx, bucket, key, r, size)
	}
	return f.Buckets.Put(ctx, bucket, key, r, size)
}

func (f *faultyBuckets) Open(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	if f.open != nil {
		return f.open(ctx, bucket, key)
	}
	return f.Buckets.Open(ctx, bucket, key)
}

func (f *faultyBuckets) List(ctx context.Context, bucket, prefix string) iter.Seq2[driver.Object, error] {
	if f.list != nil {
		return f.list(ctx, bucket, prefix)
	}
	return f.Buckets.List(ctx, bucket, prefix)
}

func (f *faultyBuckets) Delete(ctx context.Context, bucket, prefix string) error {
	if f.delete != nil {
		return f.delete(ctx, bucket, prefix)
	}
	return f.Buckets.Delete(ctx, bucket, prefix)
}

func (f *faultyBuckets) Presign(ctx context.Context, bucket, key string, expires time.Duration) (string, error) {
	if f.presign != nil {
		return f.presign(ctx, bucket, key, expires)
	}
	return f.Buckets.Presign(ctx, bucket, key, expires)
}

func (f *faultyBuckets) Names(ctx context.Context) ([]string, error) {
	if f.names != nil {
		return f.names(ctx)
	}
	return f.Buckets.Names(ctx)
}

func (f *faultyBuckets) Remove(ctx context.Context, bucket string) error {
	if f.remove != nil {
		return f.remove(ctx, bucket)
	}
	return f.Buckets.Remove(ctx, bucket)
}

func (f *faultyBuckets) Access() driver.Access {
	if f.access != nil {
		return f.access
	}
	return f.Buckets.Access()
}
