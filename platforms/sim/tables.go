package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
)

// table is a table in the world, guarded by its mutex.
type table struct {
	origin origin
	keys   driver.Table
	items  map[string]map[string][]byte // JSON by primary and secondary key
}

// tables is the NoSQL store as a run sees it.
type tables struct{ p *Platform }

var _ driver.Tables = tables{}

// Tables returns the NoSQL store: maps in memory.
func (p *Platform) Tables(ctx context.Context) (driver.Tables, error) {
	if err := p.ready(ctx); err != nil {
		return nil, err
	}
	return tables{p}, nil
}

// with calls do with the table called name.
func (t tables) with(ctx context.Context, name string, do func(*table) error) error {
	if err := t.p.ready(ctx); err != nil {
		return err
	}
	w := t.p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	tb := w.tables[name]
	if tb == nil {
		return fmt.Errorf("table %s: %w", name, driver.ErrNotFound)
	}
	return do(tb)
}

func (t tables) Create(ctx context.Context, keys driver.Table) error {
	if err := t.p.ready(ctx); err != nil {
		return err
	}
	if keys.Primary == "" || keys.Primary == keys.Secondary {
		return fmt.Errorf("table %s: want a primary key, and a secondary key of another name or none", keys.Name)
	}
	w := t.p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	old := w.tables[keys.Name]
	if old != nil && old.keys != keys {
		return fmt.Errorf("table %s exists with the keys %q and %q, want %q and %q", keys.Name,
			old.keys.Primary, old.keys.Secondary, keys.Primary, keys.Secondary)
	}
	if old == nil {
		w.tables[keys.Name] = &table{origin: origin{run: t.p.run.ID}, keys: keys, items: map[string]map[string][]byte{}}
	}
	w.tables[keys.Name].origin.renew(t.p.run)
	return nil
}

func (t tables) Put(ctx context.Context, name string, item map[string]any) error {
	if err := checkValue(item); err != nil {
		return fmt.Errorf("table %s: %w", name, err)
	}
	// Encoding makes a copy, and numbers come back as float64.
	data, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("table %s: %w", name, err)
	}
	return t.with(ctx, name, func(tb *table) error {
		primary, err := tb.key(tb.keys.Primary, item)
		if err != nil {
			return err
		}
		secondary, err := tb.key(tb.keys.Secondary, item)
		if err != nil {
			return err
		}
		if tb.items[primary] == nil {
			tb.items[primary] = map[string][]byte{}
		}
		tb.items[primary][secondary] = data
		return nil
	})
}

// checkValue refuses what would come back as something else.
func checkValue(v any) error {
	switch v := v.(type) {
	case nil, string, float64, int, bool:
	case []any:
		for _, e := range v {
			if err := checkValue(e); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, e := range v {
			if err := checkValue(e); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	default:
		return fmt.Errorf("a %T cannot be stored: want string, float64, int, bool, nil, []any or map[string]any", v)
	}
	return nil
}

// key returns the value of a key of an item; key is empty if the table has
// none.
func (tb *table) key(key string, item map[string]any) (string, error) {
	if key == "" {
		return "", nil
	}
	value, ok := item[key].(string)
	if !ok || value == "" {
		return "", fmt.Errorf("table %s: want a string, not empty, for the key %q of an item", tb.keys.Name, key)
	}
	return value, nil
}

func (t tables) Get(ctx context.Context, name, primary, secondary string) (item map[string]any, err error) {
	err = t.with(ctx, name, func(tb *table) error {
		data, ok := tb.items[primary][secondary]
		if !ok {
			return fmt.Errorf("item %q, %q of table %s: %w", primary, secondary, name, driver.ErrNotFound)
		}
		return json.Unmarshal(data, &item)
	})
	return item, err
}

func (t tables) Query(ctx context.Context, name, primary string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		var all [][]byte
		err := t.with(ctx, name, func(tb *table) error {
			for _, secondary := range slices.Sorted(maps.Keys(tb.items[primary])) {
				all = append(all, tb.items[primary][secondary])
			}
			return nil
		})
		if err != nil {
			yield(nil, err)
			return
		}
		for _, data := range all {
			var item map[string]any
			if err := json.Unmarshal(data, &item); !yield(item, err) || err != nil {
				return
			}
		}
	}
}

func (t tables) Delete(ctx context.Context, name, primary, secondary string) error {
	return t.with(ctx, name, func(tb *table) error {
		delete(tb.items[primary], secondary)
		return nil
	})
}

func (t tables) Clear(ctx context.Context, name string) error {
	return t.with(ctx, name, func(tb *table) error {
		clear(tb.items)
		return nil
	})
}

func (t tables) Names(ctx context.Context) ([]string, error) {
	if err := t.p.ready(ctx); err != nil {
		return nil, err
	}
	var names []string
	for _, r := range t.p.world.resources(t.p.run) {
		if r.Kind == "table" {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (t tables) Remove(ctx context.Context, name string) error {
	if err := t.p.ready(ctx); err != nil {
		return err
	}
	t.p.world.remove(driver.Resource{Kind: "table", Name: name})
	return nil
}

// Access returns the real names of tables; models read none.
func (t tables) Access(names map[string]string) driver.Access {
	access := driver.Access{}
	for name, real := range names {
		access["SEBS_NOSQL_TABLE_"+name] = real
	}
	return access
}
