package stores

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
)

// tableLifeRules say how tables come and go.
var tableLifeRules = []rules.Rule[tableTest]{
	{
		Name: "create-twice",
		Why:  "a benchmark creates its table without knowing whether an earlier one did",
		Check: func(ctx context.Context, s tableTest) error {
			row := item{"id": "a", "kept": true}
			return errors.Join(
				s.Create(ctx, s.plain),
				s.Put(ctx, s.plain.Name, row),
				s.Create(ctx, s.plain),
				s.holds(ctx, s.plain.Name, "a", "", row))
		},
	},
	{
		Name: "missing-table",
		Why:  "a wrong name must not look like an empty table",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "clear",
		Why:  "an experiment begins with the rows of its input and no others",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "names",
		Why:  "clean-up deletes what it lists, so it must list all of the run and nobody else's",
		Check: func(ctx context.Context, s tableTest) (err error) {
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
				return fmt.Errorf("the names are %q, want them to contain %q and %q", names, s.plain.Name, s.sorted.Name)
			case slices.Contains(names, longer.Name):
				return fmt.Errorf("the names are %q, want them not to contain %q of the longer prefix %q", names, longer.Name, s.prefix+"x")
			}
			return nil
		},
	},
	{
		Name: "remove",
		Why:  "a table that stays behind costs money, and its name is used again with other keys",
		Check: func(ctx context.Context, s tableTest) error {
			err := errors.Join(
				s.Create(ctx, s.sorted),
				s.Put(ctx, s.sorted.Name, item{"cart": "c", "product": "p"}),
				s.Remove(ctx, s.sorted.Name))
			_, got := s.Get(ctx, s.sorted.Name, "c", "p")
			names, named := s.Names(ctx)
			if slices.Contains(names, s.sorted.Name) {
				named = fmt.Errorf("the names are %q after Remove of %q", names, s.sorted.Name)
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
		Name: "remove-twice",
		Why:  "clean-up is repeated after it was interrupted",
		Check: func(ctx context.Context, s tableTest) error {
			return errors.Join(
				s.Remove(ctx, s.plain.Name),
				s.Create(ctx, s.plain),
				s.Remove(ctx, s.plain.Name),
				s.Remove(ctx, s.plain.Name))
		},
	},
	{
		Name: "cancelled",
		Why:  "an interrupted run must end, and say that it was interrupted",
		Check: func(ctx context.Context, s tableTest) error {
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
		Name: "access",
		Why:  "functions find the store, and each table by its own name, through their environment",
		Check: func(_ context.Context, s tableTest) error {
			access := s.Access(map[string]string{"shopping_cart": s.sorted.Name})
			found := false
			for name, value := range access {
				if !strings.HasPrefix(name, "SEBS_") {
					return fmt.Errorf("the access has the variable %s, want names that begin with SEBS_", name)
				}
				found = found || name == "SEBS_NOSQL_TABLE_shopping_cart" && value == s.sorted.Name
			}
			if !found {
				return fmt.Errorf("the access has no variable SEBS_NOSQL_TABLE_shopping_cart of the value %q", s.sorted.Name)
			}
			return nil
		},
	},
}
