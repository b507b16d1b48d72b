package function

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/nosql"
)

func Handler(event map[string]any) (any, error) {
	client, err := nosql.Get()
	if err != nil {
		return nil, err
	}
	user := nosql.Key{Name: "user", Value: event["user"]}
	item := func(name string) nosql.Key { return nosql.Key{Name: "item", Value: name} }
	for i := range 3 {
		err := client.Insert("cart", user, item(fmt.Sprint("i", i)), nosql.Item{
			"amount": i, "price": float64(i) + 0.5, "tags": []any{"a", map[string]any{"b": nil}}, "paid": i == 1,
		})
		if err != nil {
			return nil, err
		}
	}
	if err := client.Update("cart", user, item("i1"), nosql.Item{"amount": json.Number("12345678901234567890"), "name": "ü"}); err != nil {
		return nil, err
	}
	for _, name := range []string{"i2", "missing"} {
		if err := client.Delete("cart", user, item(name)); err != nil {
			return nil, err
		}
	}
	missing := "found"
	if _, err := client.Get("cart", user, item("missing")); errors.Is(err, nosql.ErrNotFound) {
		missing = "ErrNotFound"
	}
	unknown := ""
	if _, err := client.Get("unknown", user, item("i1")); err != nil {
		unknown = err.Error()
	}
	got, err := client.Get("cart", user, item("i1"))
	if err != nil {
		return nil, err
	}
	all, err := client.Query("cart", user)
	return map[string]any{"result": map[string]any{
		"got": got, "all": all, "missing": missing, "unknown": unknown, "large": fmt.Sprint(got["amount"]),
	}}, err
}
