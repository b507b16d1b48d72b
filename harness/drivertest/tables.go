package drivertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
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
			s := tableTest{
				Tables: store,
				prefix: prefix,
				plain:  driver.Table{Name: fmt.Sprintf("%s-rule%02d-plain", prefix, i), Primary: "id"},
				sorted: driver.Table{Name: fmt.Sprintf("%s-rule%02d-sorted", prefix, i), Primary: "cart", Secondary: "product"},
			}
			t.Cleanup(func() {
				ctx := context.WithoutCancel(t.Context())
				if err := errors.Join(s.Remove(ctx, s.plain.Name), s.Remove(ctx, s.sorted.Name)); err != nil {
					t.Errorf("remove the rule's tables: %v", err)
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

// tableRule is a rule of driver.Tables.
type tableRule struct {
	name  string
	why   string
	check func(ctx context.Context, s tableTest) error
}

// item is an item of a rule's table.
type item = map[string]any

var tableRules = []tableRule{
	{
		"create-twice", "a benchmark creates its table without knowing whether an earlier one did",
		func(ctx context.Context, s tableTest) error {
			row := item{"id": "a", "kept": true}
			return errors.Join(
				s.Create(ctx, s.plain),
				s.Put(ctx, s.plain.Name, row),
				s.Create(ctx, s.plain),
				s.holds(ctx, s.plain.Name, "a", "", row))
		},
	},
	{
		"create-ready", "the input is written right after its table was made",
		func(ctx context.Context, s tableTest) error {
			return errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p"}),
				s.holds(ctx, s.sorted.Name, "c", "p", item{"cart": "c", "product": "p"}))
		},
	},
	{
		"put-replaces", "an input that is written again must be as new, without values of the old",
		func(ctx context.Context, s tableTest) error {
			return errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p", "old": "value", "price": 1.0}),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p", "price": 2.0}),
				s.holds(ctx, s.sorted.Name, "c", "p", item{"cart": "c", "product": "p", "price": 2.0}),
				s.queries(ctx, "c", "p"))
		},
	},
	{
		"types", "checks compare what functions wrote with what they should have",
		func(ctx context.Context, s tableTest) error {
			row := item{
				"id": "all", "text": "ünïcödé 日本語 🙂 \" \\ \n", "empty": "", "yes": true, "no": false, "nothing": nil,
				"list":  []any{"a", 1.0, true, nil, []any{}, map[string]any{"deep": []any{map[string]any{"er": -1.0}}}},
				"map":   map[string]any{"text": "b", "map": map[string]any{}, "with space": 2.0, "dot.ted": 3.0},
				"names": "reserved words are names like others", "size": 1.0, "name": "n",
			}
			return errors.Join(
				s.Create(ctx, s.plain),
				s.Put(ctx, s.plain.Name, row),
				s.holds(ctx, s.plain.Name, "all", "", row))
		},
	},
	{
		"numbers", "prices and counts must come back as the numbers that they were",
		func(ctx context.Context, s tableTest) error {
			row := item{"id": "numbers"}
			for i, f := range []float64{0, 1, -1, 0.1, -0.1, 1.0 / 3, 1e15, 1<<53 - 1, -(1<<53 - 1), 1e-9, 123456.789, 1e21, 2.5e-7, 1e100} {
				row[fmt.Sprintf("n%02d", i)] = f
			}
			integers := item{"id": "integers", "small": 7, "large": 1 << 40, "negative": -3, "list": []any{1}}
			return errors.Join(
				s.Create(ctx, s.plain),
				s.Put(ctx, s.plain.Name, row),
				s.holds(ctx, s.plain.Name, "numbers", "", row),
				s.Put(ctx, s.plain.Name, integers),
				s.holds(ctx, s.plain.Name, "integers", "",
					item{"id": "integers", "small": 7.0, "large": float64(1 << 40), "negative": -3.0, "list": []any{1.0}}))
		},
	},
	{
		"other-types", "a value that would come back as something else must be refused, not changed",
		func(ctx context.Context, s tableTest) error {
			if err := s.Create(ctx, s.plain); err != nil {
				return err
			}
			for _, value := range []any{struct{}{}, []string{"a"}, func() {}} {
				if err := s.Put(ctx, s.plain.Name, item{"id": "a", "value": value}); err == nil {
					return fmt.Errorf("Put of a %T succeeds, want an error", value)
				}
			}
			_, err := s.Get(ctx, s.plain.Name, "a", "")
			return notFound("Get after a refused Put", err)
		},
	},
	{
		"keys-required", "an item that can never be found again must be refused",
		func(ctx context.Context, s tableTest) error {
			if err := s.Create(ctx, s.sorted); err != nil {
				return err
			}
			for _, row := range []item{{}, {"cart": "c"}, {"product": "p"}, {"cart": 1.0, "product": "p"}} {
				if err := s.Put(ctx, s.sorted.Name, row); err == nil {
					return fmt.Errorf("Put of %v into a table with the keys %q and %q succeeds, want an error", row, s.sorted.Primary, s.sorted.Secondary)
				}
			}
			return nil
		},
	},
	{
		"query-order", "a cart lists its products in the same order every time",
		func(ctx context.Context, s tableTest) error {
			// In byte order capital letters come before small ones.
			products := []string{"10", "9", "A", "Z", "a", "a ", "a-b", "a/b", "aa", "z", "ä", "日"}
			err := s.Create(ctx, s.sorted)
			for _, product := range slices.Backward(products) {
				err = errors.Join(err, s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": product}))
			}
			return errors.Join(err,
				s.Put(ctx, s.sorted.Name, item{"cart": "c2", "product": "another cart's"}),
				s.queries(ctx, "c", products...),
				s.queries(ctx, "missing"))
		},
	},
	{
		"query-many", "stores answer a megabyte at a time, and what is beyond would be lost",
		func(ctx context.Context, s tableTest) error {
			filler := strings.Repeat("x", 100_000)
			products := make([]string, 25)
			for i := range products {
				products[i] = fmt.Sprintf("%02d", i)
			}
			if err := s.Create(ctx, s.sorted); err != nil {
				return err
			}
			err := each(products, func(product string) error {
				return s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": product, "filler": filler})
			})
			return errors.Join(err, s.queries(ctx, "c", products...))
		},
	},
	{
		"query-stops", "a caller that has found what it wants leaves the loop",
		func(ctx context.Context, s tableTest) error {
			err := errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "a"}),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "b"}))
			if err != nil {
				return err
			}
			for row, err := range s.Query(ctx, s.sorted.Name, "c") {
				if err != nil || row["product"] != "a" {
					return fmt.Errorf("the first item is %v, %w", row, orNil(err))
				}
				break
			}
			return nil
		},
	},
	{
		"without-secondary", "many tables have one key only, and every call must work on them",
		func(ctx context.Context, s tableTest) error {
			a, b := item{"id": "a", "n": 1.0}, item{"id": "b", "n": 2.0}
			err := errors.Join(
				s.Create(ctx, s.plain),
				s.Put(ctx, s.plain.Name, a),
				s.Put(ctx, s.plain.Name, b),
				s.holds(ctx, s.plain.Name, "a", "", a))
			rows, queried := collect(s.Query(ctx, s.plain.Name, "b"))
			if len(rows) != 1 || !reflect.DeepEqual(rows[0], b) {
				err = errors.Join(err, fmt.Errorf("Query of %q gives %v, want only %v", "b", rows, b))
			}
			gone := s.Delete(ctx, s.plain.Name, "a", "")
			_, missing := s.Get(ctx, s.plain.Name, "a", "")
			return errors.Join(err, queried, gone, notFound("Get of a deleted item", missing),
				s.holds(ctx, s.plain.Name, "b", "", b))
		},
	},
	{
		"delete", "a function that deletes one item must not lose the others",
		func(ctx context.Context, s tableTest) error {
			err := s.Create(ctx, s.sorted)
			for _, product := range []string{"a", "b", "c"} {
				err = errors.Join(err, s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": product}))
			}
			return errors.Join(err,
				s.Delete(ctx, s.sorted.Name, "c", "b"),
				s.queries(ctx, "c", "a", "c"),
				s.Delete(ctx, s.sorted.Name, "c", "b"),
				s.Delete(ctx, s.sorted.Name, "never", "was"),
				s.queries(ctx, "c", "a", "c"))
		},
	},
	{
		"missing-item", "callers tell a missing item from a broken store by the sentinel",
		func(ctx context.Context, s tableTest) error {
			err := errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p"}))
			_, otherSecondary := s.Get(ctx, s.sorted.Name, "c", "other")
			_, otherPrimary := s.Get(ctx, s.sorted.Name, "other", "p")
			return errors.Join(err, notFound("Get", otherSecondary), notFound("Get", otherPrimary))
		},
	},
	{
		"missing-table", "a wrong name must not look like an empty table",
		func(ctx context.Context, s tableTest) error {
			name := s.sorted.Name
			_, got := s.Get(ctx, name, "c", "p")
			_, queried := collect(s.Query(ctx, name, "c"))
			return errors.Join(
				notFound("Put", s.Put(ctx, name, item{"cart": "c", "product": "p"})),
				notFound("Get", got),
				notFound("Query", queried),
				notFound("Delete", s.Delete(ctx, name, "c", "p")),
				notFound("Clear", s.Clear(ctx, name)))
		},
	},
	{
		"clear", "an experiment begins with the rows of its input and no others",
		func(ctx context.Context, s tableTest) error {
			products := make([]string, 60)
			for i := range products {
				products[i] = fmt.Sprintf("%02d", i)
			}
			if err := errors.Join(s.Create(ctx, s.sorted), s.Create(ctx, s.plain)); err != nil {
				return err
			}
			err := each(products, func(product string) error {
				return errors.Join(
					s.Put(ctx, s.sorted.Name, item{"cart": "c" + product[:1], "product": product}),
					s.Put(ctx, s.plain.Name, item{"id": product}))
			})
			err = errors.Join(err, s.Clear(ctx, s.sorted.Name))
			for i := range 6 {
				err = errors.Join(err, s.queries(ctx, fmt.Sprintf("c%d", i)))
			}
			return errors.Join(err,
				s.holds(ctx, s.plain.Name, "07", "", item{"id": "07"}),
				s.Clear(ctx, s.plain.Name),
				s.Clear(ctx, s.plain.Name),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "new"}),
				s.queries(ctx, "c", "new"))
		},
	},
	{
		"names", "clean-up deletes what it lists, so it must list all of the run and nobody else's",
		func(ctx context.Context, s tableTest) (err error) {
			longer := driver.Table{Name: s.prefix + "x-rule", Primary: "id"}
			defer func() { err = errors.Join(err, s.Remove(context.WithoutCancel(ctx), longer.Name)) }()
			if err := errors.Join(s.Create(ctx, s.plain), s.Create(ctx, s.sorted), s.Create(ctx, longer)); err != nil {
				return err
			}
			names, err := s.Names(ctx)
			switch {
			case err != nil:
				return fmt.Errorf("list the tables: %w", err)
			case !slices.Contains(names, s.plain.Name) || !slices.Contains(names, s.sorted.Name):
				return fmt.Errorf("Names returns %q, want it to contain %q and %q", names, s.plain.Name, s.sorted.Name)
			case slices.Contains(names, longer.Name):
				return fmt.Errorf("Names returns %q, want it not to contain %q of the longer prefix %q", names, longer.Name, s.prefix+"x")
			}
			return nil
		},
	},
	{
		"remove", "a table that stays behind costs money, and its name is used again with other keys",
		func(ctx context.Context, s tableTest) error {
			err := errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p"}),
				s.Remove(ctx, s.sorted.Name))
			_, got := s.Get(ctx, s.sorted.Name, "c", "p")
			names, named := s.Names(ctx)
			if slices.Contains(names, s.sorted.Name) {
				named = fmt.Errorf("Names returns %q after Remove of %q", names, s.sorted.Name)
			}
			err = errors.Join(err, named, notFound("Get after Remove", got))
			again := driver.Table{Name: s.sorted.Name, Primary: "id"}
			_, emptied := s.Get(ctx, again.Name, "c", "")
			err = errors.Join(err, notFound("Get after Remove", emptied), s.Create(ctx, again))
			_, missing := s.Get(ctx, again.Name, "c", "")
			return errors.Join(err,
				notFound("Get from a table that was made anew", missing),
				s.Put(ctx, again.Name, item{"id": "c"}),
				s.holds(ctx, again.Name, "c", "", item{"id": "c"}))
		},
	},
	{
		"remove-twice", "clean-up is repeated after it was interrupted",
		func(ctx context.Context, s tableTest) error {
			return errors.Join(
				s.Remove(ctx, s.plain.Name),
				s.Create(ctx, s.plain),
				s.Remove(ctx, s.plain.Name),
				s.Remove(ctx, s.plain.Name))
		},
	},
	{
		"cancelled", "an interrupted run must end, and say that it was interrupted",
		func(ctx context.Context, s tableTest) error {
			row := item{"id": "a"}
			if err := errors.Join(s.Create(ctx, s.plain), s.Put(ctx, s.plain.Name, row)); err != nil {
				return err
			}
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			_, got := s.Get(cancelled, s.plain.Name, "a", "")
			_, queried := collect(s.Query(cancelled, s.plain.Name, "a"))
			_, named := s.Names(cancelled)
			return errors.Join(
				isCancelled("Create", s.Create(cancelled, s.sorted)),
				isCancelled("Put", s.Put(cancelled, s.plain.Name, item{"id": "b"})),
				isCancelled("Get", got),
				isCancelled("Query", queried),
				isCancelled("Delete", s.Delete(cancelled, s.plain.Name, "a", "")),
				isCancelled("Clear", s.Clear(cancelled, s.plain.Name)),
				isCancelled("Names", named),
				isCancelled("Remove", s.Remove(cancelled, s.plain.Name)),
				s.holds(ctx, s.plain.Name, "a", "", row))
		},
	},
	{
		"isolated", "a caller that goes on using its map must not change what is stored",
		func(ctx context.Context, s tableTest) error {
			row := item{"id": "a", "list": []any{"stored"}, "map": map[string]any{"k": "stored"}}
			err := errors.Join(s.Create(ctx, s.plain), s.Put(ctx, s.plain.Name, row))
			row["list"].([]any)[0], row["map"].(map[string]any)["k"] = "changed", "changed"
			want := item{"id": "a", "list": []any{"stored"}, "map": map[string]any{"k": "stored"}}
			err = errors.Join(err, s.holds(ctx, s.plain.Name, "a", "", want))
			if got, failed := s.Get(ctx, s.plain.Name, "a", ""); failed == nil {
				got["list"].([]any)[0] = "changed"
			}
			return errors.Join(err, s.holds(ctx, s.plain.Name, "a", "", want))
		},
	},
	{
		"concurrent", "functions and harness use the store at the same time",
		func(ctx context.Context, s tableTest) error {
			if err := s.Create(ctx, s.sorted); err != nil {
				return err
			}
			products := make([]string, 64)
			for i := range products {
				products[i] = fmt.Sprintf("%02d", i)
			}
			err := each(products, func(product string) error {
				row := item{"cart": "c", "product": product, "n": 1.0}
				return errors.Join(
					s.Put(ctx, s.sorted.Name, row),
					s.holds(ctx, s.sorted.Name, "c", product, row))
			})
			return errors.Join(err, s.queries(ctx, "c", products...))
		},
	},
	{
		"access", "functions find the store, and each table by its own name, through their environment",
		func(_ context.Context, s tableTest) error {
			access := s.Access(map[string]string{"shopping_cart": s.sorted.Name})
			found := false
			for name, value := range access {
				if !strings.HasPrefix(name, "SEBS_") {
					return fmt.Errorf("Access has the variable %s, want names that begin with SEBS_", name)
				}
				found = found || name == "SEBS_NOSQL_TABLE_shopping_cart" && value == s.sorted.Name
			}
			if !found {
				return fmt.Errorf("Access has no variable SEBS_NOSQL_TABLE_shopping_cart of the value %q", s.sorted.Name)
			}
			return nil
		},
	},
}

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
		return fmt.Errorf("Query of %q gives the products %q, want %q", cart, got, want)
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
