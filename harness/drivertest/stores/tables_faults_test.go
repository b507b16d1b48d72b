package stores_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
)

// faultyTables is the simulated NoSQL store with a fault: what is set replaces
// what the store does.
type faultyTables struct {
	driver.Tables
	create func(ctx context.Context, t driver.Table) error
	put    func(ctx context.Context, table string, item map[string]any) error
	get    func(ctx context.Context, table, primary, secondary string) (map[string]any, error)
	query  func(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error]
	delete func(ctx context.Context, table, primary, secondary string) error
	clear  func(ctx context.Context, table string) error
	names  func(ctx context.Context) ([]string, error)
	remove func(ctx context.Context, table string) error
	access driver.Access
}

// tableFaults break a NoSQL store, each so that only the rule of its name
// catches it.
var tableFaults = map[string]func(*faultyTables){
	"put-replaces": func(f *faultyTables) { // merged instead
		f.put = func(ctx context.Context, table string, item map[string]any) error {
			product, _ := item["product"].(string)
			cart, _ := item["cart"].(string)
			old, err := f.Tables.Get(ctx, table, cart, product)
			if err != nil {
				return f.Tables.Put(ctx, table, item)
			}
			maps.Copy(old, item)
			return f.Tables.Put(ctx, table, old)
		}
	},
	"types": func(f *faultyTables) { // empty strings are lost
		f.put = func(ctx context.Context, table string, item map[string]any) error {
			item = maps.Clone(item)
			maps.DeleteFunc(item, func(_ string, v any) bool { return v == "" })
			return f.Tables.Put(ctx, table, item)
		}
	},
	"numbers": func(f *faultyTables) { // kept with less precision
		f.put = func(ctx context.Context, table string, item map[string]any) error {
			item = maps.Clone(item)
			for name, value := range item {
				if v, ok := value.(float64); ok {
					item[name] = float64(float32(v))
				}
			}
			return f.Tables.Put(ctx, table, item)
		}
	},
	"other-types": func(f *faultyTables) { // kept as text
		f.put = func(ctx context.Context, table string, item map[string]any) error {
			item = maps.Clone(item)
			for name, value := range item {
				switch value.(type) {
				case nil, string, float64, int, bool, []any, map[string]any:
				default:
					item[name] = fmt.Sprint(value)
				}
			}
			return f.Tables.Put(ctx, table, item)
		}
	},
	"keys-required": func(f *faultyTables) { // made up
		f.put = func(ctx context.Context, table string, item map[string]any) error {
			err := f.Tables.Put(ctx, table, item)
			if err == nil || ctx.Err() != nil || errors.Is(err, driver.ErrNotFound) || !strings.HasSuffix(table, "sorted") {
				return err
			}
			return f.Tables.Put(ctx, table, map[string]any{"cart": "none", "product": "none"})
		}
	},
	"missing-item": func(f *faultyTables) { // any item of the primary key
		f.get = func(ctx context.Context, table, primary, secondary string) (map[string]any, error) {
			item, err := f.Tables.Get(ctx, table, primary, secondary)
			if errors.Is(err, driver.ErrNotFound) {
				for other, failed := range f.Tables.Query(ctx, table, primary) {
					if failed == nil {
						return other, nil
					}
				}
			}
			return item, err
		}
	},
	"delete": func(f *faultyTables) { // all items of the primary key
		f.delete = func(ctx context.Context, table, primary, secondary string) error {
			for item, err := range f.Tables.Query(ctx, table, primary) {
				product, _ := item["product"].(string)
				if err := errors.Join(err, f.Tables.Delete(ctx, table, primary, product)); err != nil {
					return err
				}
			}
			return f.Tables.Delete(ctx, table, primary, secondary)
		}
	},
	"isolated": func(f *faultyTables) { // a list is the caller's own
		lists := map[string][]any{}
		var mu sync.Mutex
		f.put = func(ctx context.Context, table string, item map[string]any) error {
			mu.Lock()
			defer mu.Unlock()
			if list, ok := item["list"].([]any); ok && len(list) == 1 && list[0] == "stored" {
				lists[table] = list
			}
			return f.Tables.Put(ctx, table, item)
		}
		f.get = func(ctx context.Context, table, primary, secondary string) (map[string]any, error) {
			mu.Lock()
			defer mu.Unlock()
			item, err := f.Tables.Get(ctx, table, primary, secondary)
			if list, ok := lists[table]; ok && err == nil {
				item["list"] = list
			}
			return item, err
		}
	},
	"concurrent": func(f *faultyTables) { // an item is away while it is replaced
		f.put = func(ctx context.Context, table string, item map[string]any) error {
			if item["cart"] == "shared" {
				if err := f.Tables.Delete(ctx, table, "shared", "p"); err != nil {
					return err
				}
				time.Sleep(50 * time.Millisecond) // on a busy machine, too, somebody reads it meanwhile
			}
			return f.Tables.Put(ctx, table, item)
		}
	},
	"query-order": func(f *faultyTables) {
		f.query = f.changed(func(_ string, all []map[string]any) []map[string]any {
			slices.SortStableFunc(all, func(a, b map[string]any) int {
				return cmp.Compare(strings.ToLower(fmt.Sprint(a["product"])), strings.ToLower(fmt.Sprint(b["product"])))
			})
			return all
		})
	},
	"query-many": func(f *faultyTables) { // the first page only
		f.query = f.changed(func(_ string, all []map[string]any) []map[string]any {
			size := 0
			for i, item := range all {
				if size += len(fmt.Sprint(item)); size > 1<<20 {
					return all[:i]
				}
			}
			return all
		})
	},
	"query-stops": func(f *faultyTables) {
		f.query = func(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error] {
			return func(yield func(map[string]any, error) bool) {
				for item, err := range f.Tables.Query(ctx, table, primary) {
					yield(item, err)
				}
			}
		}
	},
	"without-secondary": func(f *faultyTables) {
		f.query = f.changed(func(table string, all []map[string]any) []map[string]any {
			if strings.HasSuffix(table, "plain") {
				return nil
			}
			return all
		})
	},
	"create-twice": func(f *faultyTables) {
		f.create = func(ctx context.Context, t driver.Table) error {
			return errors.Join(f.Tables.Remove(ctx, t.Name), f.Tables.Create(ctx, t))
		}
	},
	"missing-table": func(f *faultyTables) {
		f.query = func(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error] {
			return func(yield func(map[string]any, error) bool) {
				for item, err := range f.Tables.Query(ctx, table, primary) {
					if !errors.Is(err, driver.ErrNotFound) && !yield(item, err) {
						return
					}
				}
			}
		}
	},
	"clear": func(f *faultyTables) { // the first page only
		f.clear = func(ctx context.Context, table string) error {
			for i := range 25 {
				product := fmt.Sprintf("%02d", i)
				if err := f.Tables.Delete(ctx, table, "c"+product[:1], product); err != nil {
					return err
				}
			}
			return nil
		}
	},
	"names": func(f *faultyTables) {
		f.names = func(ctx context.Context) ([]string, error) {
			names, err := f.Tables.Names(ctx)
			return append(names, storePrefix+"x-rule"), err
		}
	},
	"remove": func(f *faultyTables) { // emptied, but still there
		f.remove = func(ctx context.Context, table string) error {
			if err := f.Tables.Clear(ctx, table); !errors.Is(err, driver.ErrNotFound) {
				return err
			}
			return nil
		}
	},
	"remove-twice": func(f *faultyTables) {
		f.remove = func(ctx context.Context, table string) error {
			if err := f.Tables.Clear(ctx, table); err != nil {
				return err
			}
			return f.Tables.Remove(ctx, table)
		}
	},
	"cancelled": func(f *faultyTables) {
		f.clear = func(ctx context.Context, table string) error {
			return f.Tables.Clear(context.WithoutCancel(ctx), table)
		}
	},
	"access": func(f *faultyTables) { f.access = driver.Access{"SEBS_NOSQL_TABLE_SHOPPING_CART": "real"} },
}

func TestTableFaultsCoverRules(t *testing.T) {
	require.ElementsMatch(t, stores.TableRuleNames(), slices.Collect(maps.Keys(tableFaults)))
}

// Each broken NoSQL store fails exactly the rule that it breaks.
func TestBrokenTables(t *testing.T) {
	for name, with := range tableFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, err := simulated(t).Tables(t.Context())
			require.NoError(t, err)
			f := &faultyTables{Tables: store}
			with(f)
			failed := stores.FailedTableRules(t.Context(), f, storePrefix)
			require.Contains(t, failed, name)
			require.Len(t, failed, 1, "%v", failed)
		})
	}
}

// changed returns a query that passes all items through change.
func (f *faultyTables) changed(change func(table string, all []map[string]any) []map[string]any) func(context.Context, string, string) iter.Seq2[map[string]any, error] {
	return func(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error] {
		return func(yield func(map[string]any, error) bool) {
			var all []map[string]any
			for item, err := range f.Tables.Query(ctx, table, primary) {
				if err != nil {
					yield(item, err)
					return
				}
				all = append(all, item)
			}
			for _, item := range change(table, all) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

func (f *faultyTables) Create(ctx context.Context, t driver.Table) error {
	if f.create != nil {
		return f.create(ctx, t)
	}
	return f.Tables.Create(ctx, t)
}

func (f *faultyTables) Put(ctx context.Context, table string, item map[string]any) error {
	if f.put != nil {
		return f.put(ctx, table, item)
	}
	return f.Tables.Put(ctx, table, item)
}

func (f *faultyTables) Get(ctx context.Context, table, primary, secondary string) (map[string]any, error) {
	if f.get != nil {
		return f.get(ctx, table, primary, secondary)
	}
	return f.Tables.Get(ctx, table, primary, secondary)
}

func (f *faultyTables) Query(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error] {
	if f.query != nil {
		return f.query(ctx, table, primary)
	}
	return f.Tables.Query(ctx, table, primary)
}

func (f *faultyTables) Delete(ctx context.Context, table, primary, secondary string) error {
	if f.delete != nil {
		return f.delete(ctx, table, primary, secondary)
	}
	return f.Tables.Delete(ctx, table, primary, secondary)
}

func (f *faultyTables) Clear(ctx context.Context, table string) error {
	if f.clear != nil {
		return f.clear(ctx, table)
	}
	return f.Tables.Clear(ctx, table)
}

func (f *faultyTables) Names(ctx context.Context) ([]string, error) {
	if f.names != nil {
		return f.names(ctx)
	}
	return f.Tables.Names(ctx)
}

func (f *faultyTables) Remove(ctx context.Context, table string) error {
	if f.remove != nil {
		return f.remove(ctx, table)
	}
	return f.Tables.Remove(ctx, table)
}

func (f *faultyTables) Access(names map[string]string) driver.Access {
	if f.access != nil {
		return f.access
	}
	return f.Tables.Access(names)
}
