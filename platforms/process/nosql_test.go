package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
)

// What a function does through its shim arrives in the platform's tables, with
// its values' types and the exact numbers.
func TestNoSQLShim(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	tables, err := p.Tables(t.Context())
	leftout.If(t, err)
	require.NoError(t, err)
	require.NoError(t, tables.Create(t.Context(), driver.Table{Name: "t-cart", Primary: "user", Secondary: "item"}))

	missing := map[string]string{"python": "KeyError", "nodejs": "undefined", "java": "null", "cpp": "nothing", "go": "ErrNotFound"}
	for language := range sources {
		t.Run(language, func(t *testing.T) {
			s := spec(t, p, language)
			s.Modules = []driver.Module{driver.NoSQL}
			s.Environment = tables.Access(map[string]string{"cart": "t-cart"})
			c := deploy(t, p, s, stage(t, s, example(t, "nosql", language)))
			got := result[struct {
				Got     map[string]any
				All     []map[string]any
				Missing string
				Unknown string
				Large   string
			}](t, c, `{"user": "`+language+`"}`)

			first := map[string]any{
				"user": language, "item": "i0", "amount": 0.0, "price": 0.5, "paid": false,
				"tags": []any{"a", map[string]any{"b": nil}},
			}
			second := map[string]any{
				"user": language, "item": "i1", "amount": 12345678901234567890.0, "price": 1.5, "paid": true, "name": "ü",
				"tags": []any{"a", map[string]any{"b": nil}},
			}
			require.Equal(t, second, got.Got)
			require.Equal(t, []map[string]any{first, second}, got.All)
			require.Equal(t, missing[language], got.Missing)
			require.Contains(t, got.Unknown, "SEBS_NOSQL_TABLE_unknown")
			require.Equal(t, "12345678901234567890", got.Large)

			stored, err := tables.Get(t.Context(), "t-cart", language, "i0")
			require.NoError(t, err)
			require.Equal(t, first, stored)
		})
	}
}
