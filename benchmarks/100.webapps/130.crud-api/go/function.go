// Package function answers the requests of a shopping cart's API from a NoSQL
// table.
package function

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/nosql"
)

const table = "shopping_cart"

var client *nosql.Client

// Init connects to the NoSQL store.
func Init() (err error) {
	client, err = nosql.Get()
	return err
}

// Event has the requests.
type Event struct {
	Requests []Request `json:"requests"`
}

// Request is one of GET /cart, GET /cart/{id} and PUT /cart.
type Request struct {
	Route string `json:"route"`
	Path  struct {
		ID string `json:"id"`
	} `json:"path"`
	Body struct {
		Cart     string `json:"cart"`
		Product  string `json:"product_id"`
		Name     string `json:"name"`
		Price    *int64 `json:"price"`
		Quantity *int64 `json:"quantity"`
	} `json:"body"`
}

// Answer has the answers to the requests, in their order.
type Answer struct {
	Result []any `json:"result"`
}

// Cart is the answer to GET /cart.
type Cart struct {
	Products []any   `json:"products"` // names
	Cost     float64 `json:"total_cost"`
	Price    float64 `json:"avg_price"`
}

// Handler answers the requests one after another: later ones see what earlier
// ones put.
func Handler(event Event) (Answer, error) {
	if event.Requests == nil {
		return Answer{}, errors.New("the event has no list of requests")
	}
	answers := make([]any, len(event.Requests))
	for i, request := range event.Requests {
		var err error
		if answers[i], err = request.answer(); err != nil {
			return Answer{}, err
		}
	}
	return Answer{answers}, nil
}

func (r Request) answer() (any, error) {
	if r.Body.Cart == "" {
		return nil, errors.New("the request's body has no cart")
	}
	cart := nosql.Key{Name: "cart_id", Value: r.Body.Cart}
	switch r.Route {
	case "GET /cart":
		return getCart(cart)
	case "GET /cart/{id}":
		if r.Path.ID == "" {
			return nil, errors.New("the request has no path.id")
		}
		return client.Get(table, cart, nosql.Key{Name: "product_id", Value: r.Path.ID})
	case "PUT /cart":
		if r.Body.Product == "" || r.Body.Name == "" || r.Body.Price == nil || r.Body.Quantity == nil {
			return nil, errors.New("the request's body lacks product_id, name, price or quantity")
		}
		data := nosql.Item{"name": r.Body.Name, "price": *r.Body.Price, "quantity": *r.Body.Quantity}
		return struct{}{}, client.Insert(table, cart, nosql.Key{Name: "product_id", Value: r.Body.Product}, data)
	}
	return nil, fmt.Errorf("unknown route %q", r.Route)
}

func getCart(cart nosql.Key) (Cart, error) {
	items, err := client.Query(table, cart)
	if err != nil {
		return Cart{}, err
	}
	answer := Cart{Products: []any{}}
	count := 0.0
	for _, item := range items {
		price, err := number(item["price"])
		if err != nil {
			return Cart{}, fmt.Errorf("the price of %v: %w", item["name"], err)
		}
		quantity, err := number(item["quantity"])
		if err != nil {
			return Cart{}, fmt.Errorf("the quantity of %v: %w", item["name"], err)
		}
		answer.Products = append(answer.Products, item["name"])
		answer.Cost += price * quantity
		count += quantity
	}
	if count > 0 {
		answer.Price = answer.Cost / count
	}
	return answer, nil
}

// number returns a number of the table.
func number(value any) (float64, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case json.Number:
		return v.Float64()
	}
	return 0, fmt.Errorf("it is a %T, want a number", value)
}
