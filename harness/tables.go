package harness

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
)

// CreateTable makes a table exist, empty or with what is in it. The name is
// the benchmark's own ("shopping_cart"); functions find the real one through
// their environment.
func (s *Store) CreateTable(ctx context.Context, table, primary, secondary string) error {
	t, err := s.tables(ctx)
	if err != nil {
		return fmt.Errorf("NoSQL store: %w", err)
	}
	real := s.TableName(table)
	err = s.created.once("table "+real, func() error {
		return t.Create(ctx, driver.Table{Name: real, Primary: primary, Secondary: secondary})
	})
	if err != nil {
		return fmt.Errorf("create table %s: %w", table, err)
	}
	s.created.table(table, real)
	return nil
}

// PutItem stores an item in a table that CreateTable made, with its keys among
// its values.
func (s *Store) PutItem(ctx context.Context, table string, item map[string]any) error {
	t, err := s.tables(ctx)
	if err != nil {
		return fmt.Errorf("NoSQL store: %w", err)
	}
	if err := t.Put(ctx, s.TableName(table), item); err != nil {
		return fmt.Errorf("store into table %s: %w", table, err)
	}
	return nil
}

// Query lists the items of one primary key, by secondary key.
func (s *Store) Query(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		t, err := s.tables(ctx)
		if err != nil {
			yield(nil, fmt.Errorf("NoSQL store: %w", err))
			return
		}
		t.Query(ctx, s.TableName(table), primary)(yield)
	}
}

// TableName returns the real name of a benchmark's table.
func (s *Store) TableName(table string) string {
	return s.prefix + "-" + s.benchmark + "-" + table
}

// Tables returns the real names of the tables that CreateTable made, by the
// benchmark's own.
func (s *Store) Tables() map[string]string { return s.created.tables() }

// own checks that key is in one of the benchmark's prefixes.
func (s *Store) own(key string) error {
	rest, ok := strings.CutPrefix(key, s.benchmark+"-")
	if !ok || strings.Contains("/"+rest+"/", "/../") || !strings.Contains(rest, "/") {
		return fmt.Errorf("store %s: the key is outside the prefixes of benchmark %s: use Input(i) or Output(i)", key, s.benchmark)
	}
	return nil
}

// made remembers what a store created and handed out.
type made struct {
	mu      sync.Mutex
	done    map[string]bool
	names   map[string]string // of tables: the benchmark's own to the real one
	written map[string]bool   // output prefixes
}

func newMade() *made {
	return &made{done: map[string]bool{}, names: map[string]string{}, written: map[string]bool{}}
}

// once calls create unless it succeeded for key before. Calls are serial.
func (m *made) once(key string, create func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done[key] {
		return nil
	}
	if err := create(); err != nil {
		return err
	}
	m.done[key] = true
	return nil
}

// table remembers the real name of a table.
func (m *made) table(name, real string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names[name] = real
}

// tables returns the real names of the benchmark's tables.
func (m *made) tables() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.names)
}

// output remembers that functions were told to write under a prefix.
func (m *made) output(prefix string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written[prefix] = true
}

// outputs returns the prefixes that functions were told to write under.
func (m *made) outputs() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.written))
}
