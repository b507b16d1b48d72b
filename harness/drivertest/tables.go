package drivertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/sebs-go/sebs/harness/driver"
)

// Tables checks that a NoSQL store keeps the rules of driver.Tables. open
// returns the store for a run with the given prefix; it is called once. The
// store may hold other things: what the rules create begins with the prefix
// and is removed.
func Tables(t *testing.T, open func(t *testing.T) driver.Tables, prefix string) {
	t.Helper()
	store := open(t)
	for i, rule := range tableRules {
		t.Run(rule.name, func(t *testing.T) {
			s := newTableTest(store, prefix, i)
			t.Cleanup(func() {
				if err := s.cleanUp(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
			if err := rule.check(t.Context(), s); err != nil {
				t.Errorf("%v\nThe rule matters because %s.", err, rule.why)
			}
		})
	}
}

// tableTest is the store under test with two tables for one rule. They do not
// exist yet, and are removed after the rule.
type tableTest struct {
	driver.Tables
	prefix string
	plain  driver.Table // without a secondary key
	sorted driver.Table // with one
}

func newTableTest(store driver.Tables, prefix string, i int) tableTest {
	return tableTest{
		Tables: store,
		prefix: prefix,
		plain:  driver.Table{Name: fmt.Sprintf("%s-rule%02d-plain", prefix, i), Primary: "id"},
		sorted: driver.Table{Name: fmt.Sprintf("%s-rule%02d-sorted", prefix, i), Primary: "cart", Secondary: "product"},
	}
}

// cleanUp removes the tables.
func (s tableTest) cleanUp(ctx context.Context) error {
	if err := errors.Join(s.Remove(ctx, s.plain.Name), s.Remove(ctx, s.sorted.Name)); err != nil {
		return fmt.Errorf("remove the tables %s and %s: %w", s.plain.Name, s.sorted.Name, err)
	}
	return nil
}

// tableRule is a rule of driver.Tables.
type tableRule struct {
	name  string
	why   string
	check func(ctx context.Context, s tableTest) error
}

// item is an item of a rule's table.
type item = map[string]any

// tableRules are all rules.
var tableRules = slices.Concat(itemRules, queryRules, tableLifeRules)

// holds checks an item.
func (s tableTest) holds(ctx context.Context, table, primary, secondary string, want item) error {
	got, err := s.Get(ctx, table, primary, secondary)
	if err != nil {
		return fmt.Errorf("get %q, %q: %w", primary, secondary, err)
	}
	if reflect.DeepEqual(got, want) {
		return nil
	}
	for name := range want {
		if !reflect.DeepEqual(got[name], want[name]) {
			return fmt.Errorf("item %q, %q has %q: %#v, want %#v", primary, secondary, name, got[name], want[name])
		}
	}
	return fmt.Errorf("item %q, %q is %v, want %v", primary, secondary, got, want)
}

// queries checks the products of a cart in the table with a secondary key.
func (s tableTest) queries(ctx context.Context, cart string, want ...string) error {
	rows, err := collect(s.Query(ctx, s.sorted.Name, cart))
	if err != nil {
		return fmt.Errorf("query %q: %w", cart, err)
	}
	if got := slices.Collect(products(rows)); !slices.Equal(got, want) {
		return fmt.Errorf("a Query of %q gives the products %q, want %q", cart, got, want)
	}
	return nil
}

// products returns the secondary keys of items.
func products(rows []item) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, row := range rows {
			product, _ := row["product"].(string)
			if !yield(product) {
				return
			}
		}
	}
}
