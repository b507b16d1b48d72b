package harness

import (
	"context"
	"fmt"
	"iter"
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
	s.created.name(table, real)
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

// own checks that key is in one of the benchmark's prefixes.
func (s *Store) own(key string) error {
	rest, ok := strings.CutPrefix(key, s.benchmark+"-")
	if !ok || strings.Contains("/"+rest+"/", "/../") || !strings.Contains(rest, "/") {
		return fmt.Errorf("store %s: the key is outside the prefixes of benchmark %s: use Input(i) or Output(i)", key, s.benchmark)
	}
	return nil
}

// tableSet remembers what was created, so that it is once.
type tableSet struct {
	mu    sync.Mutex
	done  map[string]bool
	names map[string]string
}

func newTableSet() *tableSet {
	return &tableSet{done: map[string]bool{}, names: map[string]string{}}
}

// once calls create unless it succeeded for key before. Calls are serial.
func (c *tableSet) once(key string, create func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done[key] {
		return nil
	}
	if err := create(); err != nil {
		return err
	}
	c.done[key] = true
	return nil
}

// name remembers the real name of a table.
func (c *tableSet) name(table, real string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names[table] = real
}
