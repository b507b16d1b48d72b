package stores

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
)

// itemRules say that an item is what was put.
var itemRules = []rules.Rule[tableTest]{
	{
		Name: "put-replaces",
		Why:  "an input that is written again must be as new, without values of the old",
		Check: func(ctx context.Context, s tableTest) error {
			return errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p", "old": "value", "price": 1.0}),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p", "price": 2.0}),
				s.holds(ctx, s.sorted.Name, "c", "p", item{"cart": "c", "product": "p", "price": 2.0}),
				s.queries(ctx, "c", "p"))
		},
	},
	{
		Name: "types",
		Why:  "checks compare what functions wrote with what they should have",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "numbers",
		Why:  "prices and counts must come back as the numbers that they were",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "other-types",
		Why:  "a value that would come back as something else must be refused, not changed",
		Check: func(ctx context.Context, s tableTest) error {
			if err := s.Create(ctx, s.plain); err != nil {
				return err
			}
			for _, value := range []any{struct{}{}, []string{"a"}, func() {}} {
				if err := s.Put(ctx, s.plain.Name, item{"id": "a", "value": value}); err == nil {
					return fmt.Errorf("a Put of a %T succeeds, want an error", value)
				}
			}
			_, err := s.Get(ctx, s.plain.Name, "a", "")
			return notFound("Get after a refused Put", err)
		},
	},
	{
		Name: "keys-required",
		Why:  "an item that can never be found again must be refused",
		Check: func(ctx context.Context, s tableTest) error {
			if err := s.Create(ctx, s.sorted); err != nil {
				return err
			}
			for _, row := range []item{{}, {"cart": "c"}, {"product": "p"}, {"cart": 1.0, "product": "p"}} {
				if err := s.Put(ctx, s.sorted.Name, row); err == nil {
					return fmt.Errorf("a Put of %v into a table with the keys %q and %q succeeds, want an error", row, s.sorted.Primary, s.sorted.Secondary)
				}
			}
			return nil
		},
	},
	{
		Name: "missing-item",
		Why:  "callers tell a missing item from a broken store by the sentinel",
		Check: func(ctx context.Context, s tableTest) error {
			err := errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p"}))
			_, otherSecondary := s.Get(ctx, s.sorted.Name, "c", "other")
			_, otherPrimary := s.Get(ctx, s.sorted.Name, "other", "p")
			return errors.Join(err, notFound("Get", otherSecondary), notFound("Get", otherPrimary))
		},
	},
	{
		Name: "delete",
		Why:  "a function that deletes one item must not lose the others",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "isolated",
		Why:  "a caller that goes on using its map must not change what is stored",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "concurrent",
		Why:  "functions and harness use the store at the same time",
		Check: func(ctx context.Context, s tableTest) error {
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
			shared := item{"cart": "shared", "product": "p"}
			err = errors.Join(err, s.Put(ctx, s.sorted.Name, shared), each(products, func(product string) error {
				if strings.HasSuffix(product, "0") {
					return s.Put(ctx, s.sorted.Name, shared)
				}
				return s.holds(ctx, s.sorted.Name, "shared", "p", shared)
			}))
			return errors.Join(err, s.queries(ctx, "c", products...))
		},
	},
}

// queryRules say what a primary key stands for.
var queryRules = []rules.Rule[tableTest]{
	{
		Name: "query-order",
		Why:  "a cart lists its products in the same order every time",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "query-many",
		Why:  "stores answer a megabyte at a time, and what is beyond would be lost",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "query-stops",
		Why:  "a caller that has found what it wants leaves the loop",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "without-secondary",
		Why:  "many tables have one key only, and every call must work on them",
		Check: func(ctx context.Context, s tableTest) error {
			a, b := item{"id": "a", "n": 1.0}, item{"id": "b", "n": 2.0}
			err := errors.Join(
				s.Create(ctx, s.plain),
				s.Put(ctx, s.plain.Name, a),
				s.Put(ctx, s.plain.Name, b),
				s.holds(ctx, s.plain.Name, "a", "", a))
			rows, queried := collect(s.Query(ctx, s.plain.Name, "b"))
			if len(rows) != 1 || !reflect.DeepEqual(rows[0], b) {
				err = errors.Join(err, fmt.Errorf("a Query of %q gives %v, want only %v", "b", rows, b))
			}
			gone := s.Delete(ctx, s.plain.Name, "a", "")
			_, missing := s.Get(ctx, s.plain.Name, "a", "")
			return errors.Join(err, queried, gone, notFound("Get of a deleted item", missing),
				s.holds(ctx, s.plain.Name, "b", "", b))
		},
	},
}
