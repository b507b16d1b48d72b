package benchtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// memory is an object store and a NoSQL store in memory.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	items   map[string]map[string]any
	tables  map[string]driver.Table
}

type buckets struct{ *memory }

func (b buckets) Create(context.Context, string) error { return nil }

func (b buckets) Put(_ context.Context, bucket, key string, r io.Reader, _ int64) error {
	data, err := io.ReadAll(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[bucket+"/"+key] = data
	return err
}

func (b buckets) Open(_ context.Context, bucket, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[bucket+"/"+key]
	if !ok {
		return nil, fmt.Errorf("%s/%s: %w", bucket, key, driver.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (b buckets) List(_ context.Context, bucket, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		b.mu.Lock()
		objects := maps.Clone(b.objects)
		b.mu.Unlock()
		for _, name := range slices.Sorted(maps.Keys(objects)) {
			if strings.HasPrefix(name, bucket+"/"+prefix) &&
				!yield(driver.Object{Key: name[len(bucket)+1:], Size: int64(len(objects[name]))}, nil) {
				return
			}
		}
	}
}

func (b buckets) Presign(_ context.Context, bucket, key string, _ time.Duration) (string, error) {
	return "http://127.0.0.1/" + bucket + "/" + key + "?signed", nil
}

func (b buckets) Delete(context.Context, string, string) error { return nil }
func (b buckets) Names(context.Context) ([]string, error)      { return nil, nil }
func (b buckets) Remove(context.Context, string) error         { return nil }
func (b buckets) Access() driver.Access                        { return nil }

type tables struct{ *memory }

func (t tables) Create(_ context.Context, table driver.Table) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tables[table.Name] = table
	return nil
}

func (t tables) Put(_ context.Context, table string, item map[string]any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.tables[table]
	t.items[fmt.Sprintf("%s/%v/%v", table, item[k.Primary], item[k.Secondary])] = item
	return nil
}

func (t tables) Get(_ context.Context, table, primary, secondary string) (map[string]any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	item, ok := t.items[table+"/"+primary+"/"+secondary]
	if !ok {
		return nil, driver.ErrNotFound
	}
	return item, nil
}

func (t tables) Query(_ context.Context, table, primary string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		t.mu.Lock()
		items := maps.Clone(t.items)
		t.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(items)) {
			if strings.HasPrefix(key, table+"/"+primary+"/") && !yield(items[key], nil) {
				return
			}
		}
	}
}

func (t tables) Delete(context.Context, string, string, string) error { return nil }
func (t tables) Clear(context.Context, string) error                  { return nil }
func (t tables) Names(context.Context) ([]string, error)              { return nil, nil }
func (t tables) Remove(context.Context, string) error                 { return nil }
func (t tables) Access(map[string]string) driver.Access               { return nil }
