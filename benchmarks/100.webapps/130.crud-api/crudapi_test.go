package crudapi

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// TestInput has the event and the rows as handlers see them.
func TestInput(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	require.JSONEq(t, `{"requests": [{"route": "GET /cart/{id}", "path": {"id": "keyboard"}, "body": {"cart": "cart-read"}}]}`,
		string(benchtest.JSON(t, benchtest.Input(t, Benchmark, harness.Test, store))))

	large := benchtest.Input(t, Benchmark, harness.Large, store).(payload)
	require.Len(t, large.Requests, 20)
	require.JSONEq(t, `{"route": "PUT /cart", "body": {"cart": "cart-write", "product_id": "new-01", "name": "New product 1", "price": 107, "quantity": 2}}`,
		string(benchtest.JSON(t, large.Requests[2])))

	rows := 0
	for item, err := range store.Query(t.Context(), table, readCart) {
		require.NoError(t, err)
		require.Equal(t, readCart, item[primary])
		rows++
	}
	require.Equal(t, len(catalogue), rows)
}

// cart is the answer to GET /cart.
func cart(products ...product) map[string]any {
	names, cost, count := []string{}, 0, 0
	for _, p := range products {
		names = append(names, p.Name)
		cost += p.Price * p.Quantity
		count += p.Quantity
	}
	return map[string]any{"products": names, "total_cost": cost, "avg_price": float64(cost) / float64(max(count, 1))}
}

// right is the right output of a size, for the first call of a run or, with
// later, for one after it.
func right(size harness.Size, later bool) []any {
	var answers []any
	switch size {
	case harness.Test:
		answers = append(answers, item(readCart, catalogue[0]))
	case harness.Small:
		for _, p := range catalogue {
			answers = append(answers, item(readCart, p))
		}
		answers = append(answers, cart(catalogue...))
	case harness.Large:
		all := added(10)
		for i := range all {
			answers = append(answers, map[string]any{})
			if later {
				answers = append(answers, cart(all...))
			} else {
				answers = append(answers, cart(all[:i+1]...))
			}
		}
	}
	return answers
}

// TestCheckRight accepts what is right.
func TestCheckRight(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	for _, size := range harness.Sizes {
		in := benchtest.Input(t, Benchmark, size, store)
		for _, later := range []bool{false, true} {
			require.NoError(t, Benchmark.Check(t.Context(), size, in, benchtest.JSON(t, right(size, later)), store))
		}
	}
	in := benchtest.Input(t, Benchmark, harness.Small, store)
	unordered := right(harness.Small, false)
	unordered[4] = cart(catalogue[2], catalogue[0], catalogue[3], catalogue[1])
	require.NoError(t, Benchmark.Check(t.Context(), harness.Small, in, benchtest.JSON(t, unordered), store))
}

// TestCheckWrong rejects what is wrong.
func TestCheckWrong(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	change := func(size harness.Size, i int, answer any) []any {
		answers := right(size, false)
		answers[i] = answer
		return answers
	}
	with := func(m map[string]any, key string, value any) map[string]any {
		m[key] = value
		return m
	}
	all := added(10)
	for _, c := range []struct {
		name   string
		size   harness.Size
		output any
		want   string
	}{
		{"right output of another size", harness.Test, right(harness.Small, false), "5 answers to 1 requests"},
		{"another product", harness.Test, change(harness.Test, 0, item(readCart, catalogue[1])), "want {ID:keyboard"},
		{"the product of another cart", harness.Test, change(harness.Test, 0, item(writeCart, catalogue[0])), "cart-read"},
		{"another price", harness.Test, change(harness.Test, 0, with(item(readCart, catalogue[0]), "price", 118)), "want {ID:keyboard"},
		{"the price as a string", harness.Test, change(harness.Test, 0, with(item(readCart, catalogue[0]), "price", "119")), "price"},
		{"a product without quantity", harness.Test, change(harness.Test, 0, with(item(readCart, catalogue[0]), "quantity", nil)), "want {ID:keyboard"},
		{"the cart as of another product", harness.Small, change(harness.Small, 4, cart(catalogue[:3]...)), "lacks the product"},
		{"the sum of prices without quantities", harness.Small, change(harness.Small, 4, with(cart(catalogue...), "total_cost", 467)), "total cost"},
		{"the average over products", harness.Small, change(harness.Small, 4, with(cart(catalogue...), "avg_price", 467/4.0)), "average price"},
		{"an average rounded", harness.Small, change(harness.Small, 4, with(cart(catalogue...), "avg_price", 53)), "average price"},
		{"a product twice", harness.Small, change(harness.Small, 4, cart(append(catalogue[:4:4], catalogue[0])...)), "twice"},
		{"no sums", harness.Small, change(harness.Small, 4, map[string]any{"products": []string{}}), "lacks total_cost"},
		{"the other cart", harness.Large, change(harness.Large, 1, cart(catalogue...)), "not put"},
		{"a cart before the first is put", harness.Large, change(harness.Large, 1, cart()), "lacks the product"},
		{"a cart without the last", harness.Large, change(harness.Large, 19, cart(all[:9]...)), "lacks the product"},
		{"put answers the product", harness.Large, change(harness.Large, 0, item(writeCart, all[0])), "want {}"},
		{"put answers null", harness.Large, change(harness.Large, 0, nil), "want {}"},
		{"no answers", harness.Large, []any{}, "0 answers to 20 requests"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := benchtest.Input(t, Benchmark, c.size, store)
			require.ErrorContains(t, Benchmark.Check(t.Context(), c.size, in, benchtest.JSON(t, c.output), store), c.want)
		})
	}
	in := benchtest.Input(t, Benchmark, harness.Test, store)
	for _, output := range []string{`null`, `{}`, `"x"`, ``, `[null]`, `[[]]`} {
		require.Error(t, Benchmark.Check(t.Context(), harness.Test, in, json.RawMessage(output), store), output)
	}
}
