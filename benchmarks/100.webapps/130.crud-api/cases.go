package crudapi

import (
	"maps"

	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Bad: func(e cases.Events) {
		e.Add("requests.0.path.id", "no-such-product", "no-such-product")
		e.Add("requests.0.route", "DELETE /cart", "DELETE /cart")
		e.Add("requests.0.body.cart", "", "cart")
		for key, value := range map[string]any{"product_id": "", "name": "", "price": "6", "quantity": 1.5} {
			body := map[string]any{"cart": "cart-bad", "product_id": "paper", "name": "Paper", "price": 6, "quantity": 1, key: value}
			e.Add("requests", []any{map[string]any{"route": "PUT /cart", "body": maps.Clone(body)}}, key)
			delete(body, key)
			e.Add("requests", []any{map[string]any{"route": "PUT /cart", "body": body}}, key)
		}
	},
}
