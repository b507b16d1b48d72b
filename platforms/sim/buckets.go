package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// bucket is a bucket in the world, guarded by its mutex. Objects are never
// changed, only replaced.
type bucket struct {
	origin  origin
	objects map[string][]byte
}

// buckets is the object store as a run sees it.
type buckets struct{ p *Platform }

var _ driver.Buckets = buckets{}

// Buckets returns the object store: maps in memory.
func (p *Platform) Buckets(ctx context.Context) (driver.Buckets, error) {
	if err := p.ready(ctx); err != nil {
		return nil, err
	}
	return buckets{p}, nil
}

// with calls do with the bucket called name.
func (b buckets) with(ctx context.Context, name string, do func(*bucket) error) error {
	if err := b.p.ready(ctx); err != nil {
		return err
	}
	w := b.p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	bk := w.buckets[name]
	if bk == nil {
		return fmt.Errorf("bucket %s: %w", name, driver.ErrNotFound)
	}
	return do(bk)
}

func (b buckets) Create(ctx context.Context, name string) error {
	if err := b.p.ready(ctx); err != nil {
		return err
	}
	w := b.p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.buckets[name] == nil {
		w.buckets[name] = &bucket{origin: origin{run: b.p.run.ID}, objects: map[string][]byte{}}
	}
	w.buckets[name].origin.renew(b.p.run)
	return nil
}

func (b buckets) Put(ctx context.Context, name, key string, r io.Reader, size int64) error {
	if err := b.with(ctx, name, func(*bucket) error { return nil }); err != nil {
		return err
	}
	if key == "" {
		return fmt.Errorf("bucket %s: the key of an object must not be empty", name)
	}
	data, err := io.ReadAll(io.LimitReader(r, size+1))
	if err != nil {
		return err
	}
	if int64(len(data)) != size {
		return fmt.Errorf("object %s: want %d bytes, the reader has %s", key, size, map[bool]string{true: "fewer", false: "more"}[int64(len(data)) < size])
	}
	return b.with(ctx, name, func(bk *bucket) error {
		bk.objects[key] = data
		return nil
	})
}

func (b buckets) Open(ctx context.Context, name, key string) (io.ReadCloser, error) {
	var data []byte
	err := b.with(ctx, name, func(bk *bucket) (err error) {
		data, err = bk.object(name, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// object returns the content of an object; name is the bucket's own.
func (bk *bucket) object(name, key string) ([]byte, error) {
	data, ok := bk.objects[key]
	if !ok {
		return nil, fmt.Errorf("object %s in bucket %s: %w", key, name, driver.ErrNotFound)
	}
	return data, nil
}

func (b buckets) List(ctx context.Context, name, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		var all []driver.Object
		err := b.with(ctx, name, func(bk *bucket) error {
			for _, key := range slices.Sorted(maps.Keys(bk.objects)) {
				if strings.HasPrefix(key, prefix) {
					all = append(all, driver.Object{Key: key, Size: int64(len(bk.objects[key]))})
				}
			}
			return nil
		})
		if err != nil {
			yield(driver.Object{}, err)
			return
		}
		for _, o := range all {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (b buckets) Delete(ctx context.Context, name, prefix string) error {
	return b.with(ctx, name, func(bk *bucket) error {
		maps.DeleteFunc(bk.objects, func(key string, _ []byte) bool { return strings.HasPrefix(key, prefix) })
		return nil
	})
}

func (b buckets) Presign(ctx context.Context, name, key string, expires time.Duration) (string, error) {
	err := b.with(ctx, name, func(bk *bucket) error {
		_, err := bk.object(name, key)
		return err
	})
	if err != nil {
		return "", err
	}
	return b.p.objects.presign(ctx, b.p.world, name, key, expires)
}

func (b buckets) Names(ctx context.Context) ([]string, error) {
	if err := b.p.ready(ctx); err != nil {
		return nil, err
	}
	var names []string
	for _, r := range b.p.world.resources(b.p.run) {
		if r.Kind == "bucket" {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (b buckets) Remove(ctx context.Context, name string) error {
	if err := b.p.ready(ctx); err != nil {
		return err
	}
	b.p.world.remove(driver.Resource{Kind: "bucket", Name: name})
	return nil
}

// Access returns nothing: models read no objects.
func (b buckets) Access() driver.Access { return driver.Access{} }
