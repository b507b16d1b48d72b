package stores

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
)

// Tables checks that a NoSQL store keeps the rules of driver.Tables. open
// returns the store for a run with the given prefix; it is called once. The
// store may hold other things: what the rules create begins with the prefix
// and is removed.
func Tables(t *testing.T, open func(t *testing.T) driver.Tables, prefix string) {
	t.Helper()
	tableSet(open(t), prefix).Run(t)
}

// tableSet are the rules of NoSQL stores, for a store.
func tableSet(store driver.Tables, prefix string) rules.Set[tableTest] {
	return rules.Set[tableTest]{
		Rules: tableRules,
		Open: func(_ context.Context, rule string) (tableTest, func(context.Context) error, error) {
			s := tableTest{
				Tables: store,
				prefix: prefix,
				plain:  driver.Table{Name: prefix + "-" + rule + "-plain", Primary: "id"},
				sorted: driver.Table{Name: prefix + "-" + rule + "-sorted", Primary: "cart", Secondary: "product"},
			}
			return s, s.cleanUp, nil
		},
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

// cleanUp removes the tables.
func (s tableTest) cleanUp(ctx context.Context) error {
	if err := errors.Join(s.Remove(ctx, s.plain.Name), s.Remove(ctx, s.sorted.Name)); err != nil {
		return fmt.Errorf("remove the tables %s and %s: %w", s.plain.Name, s.sorted.Name, err)
	}
	return nil
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
