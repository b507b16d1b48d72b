// Package crudapi is the benchmark 130.crud-api: a function answers requests
// of a shopping cart's API from a NoSQL table.
//
// Calls at the same time put the same products into the same cart. The check
// allows for that, and refuses to allow for anything else.
package crudapi

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 130.crud-api.
var Benchmark = harness.Benchmark{
	Name:  "130.crud-api",
	Files: files,
	Input: input,
	Check: check,
}

const (
	table     = "shopping_cart"
	primary   = "cart_id"
	secondary = "product_id"

	readCart  = "cart-read"  // holds the catalogue from the beginning, and is never changed
	writeCart = "cart-write" // empty until a call puts something
)

// The routes.
const (
	getProduct = "GET /cart/{id}"
	getCart    = "GET /cart"
	putProduct = "PUT /cart"
)

// product is an item of a cart. Prices are whole numbers.
type product struct {
	ID       string `json:"product_id"`
	Name     string `json:"name"`
	Price    int    `json:"price"`
	Quantity int    `json:"quantity"`
}

var catalogue = []product{
	{"keyboard", "Mechanical keyboard", 119, 1},
	{"paper", "Paper, 500 sheets", 6, 8},
	{"sample", "Free sample", 0, 5},
	{"screen", "Screen, 27 inches", 342, 2},
}

// payload is the event.
type payload struct {
	Requests []request `json:"requests"`
}

type request struct {
	Route string            `json:"route"`
	Path  map[string]string `json:"path,omitempty"`
	Body  body              `json:"body"`
}

type body struct {
	Cart string `json:"cart"`
	*product
}

// requests returns the requests of a size: 1, 5 or 20 operations of the store.
func requests(size harness.Size) ([]request, error) {
	get := func(p product) request {
		return request{Route: getProduct, Path: map[string]string{"id": p.ID}, Body: body{Cart: readCart}}
	}
	switch size {
	case harness.Test:
		return []request{get(catalogue[0])}, nil
	case harness.Small:
		var all []request
		for _, p := range catalogue {
			all = append(all, get(p))
		}
		return append(all, request{Route: getCart, Body: body{Cart: readCart}}), nil
	case harness.Large:
		var all []request
		for _, p := range added(10) {
			all = append(all,
				request{Route: putProduct, Body: body{writeCart, &p}},
				request{Route: getCart, Body: body{Cart: writeCart}})
		}
		return all, nil
	}
	return nil, fmt.Errorf("unknown size %q", size)
}

// added returns n products that are put into a cart.
func added(n int) []product {
	products := make([]product, n)
	for i := range products {
		products[i] = product{fmt.Sprintf("new-%02d", i), fmt.Sprintf("New product %d", i), 100*i + 7, i + 1}
	}
	return products
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	all, err := requests(size)
	if err != nil {
		return nil, err
	}
	if err := store.CreateTable(ctx, table, primary, secondary); err != nil {
		return nil, err
	}
	for _, p := range catalogue {
		if err := store.PutItem(ctx, table, item(readCart, p)); err != nil {
			return nil, err
		}
	}
	return payload{all}, nil
}

// item is a product as the table has it.
func item(cart string, p product) map[string]any {
	return map[string]any{primary: cart, secondary: p.ID, "name": p.Name, "price": p.Price, "quantity": p.Quantity}
}

func check(_ context.Context, _ harness.Size, in any, output json.RawMessage, _ *harness.Store) error {
	p, ok := in.(payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var answers []json.RawMessage
	if err := inputs.Decode(output, &answers); err != nil {
		return err
	}
	if len(answers) != len(p.Requests) {
		return fmt.Errorf("there are %d answers to %d requests", len(answers), len(p.Requests))
	}
	var put, all []product // so far, and in the end
	for _, r := range p.Requests {
		if r.Route == putProduct {
			all = append(all, *r.Body.product)
		}
	}
	for i, r := range p.Requests {
		var err error
		switch {
		case r.Route == getProduct:
			err = checkProduct(answers[i], r.Body.Cart, r.Path["id"])
		case r.Route == putProduct:
			put = append(put, *r.Body.product)
			err = checkEmpty(answers[i])
		case r.Body.Cart == readCart:
			err = checkCart(answers[i], catalogue, catalogue)
		default:
			err = checkCart(answers[i], put, all)
		}
		if err != nil {
			return fmt.Errorf("answer %d, to %s: %w", i, r.Route, err)
		}
	}
	return nil
}

// checkProduct checks the answer to the request of one product.
func checkProduct(answer json.RawMessage, cart, id string) error {
	var got struct {
		Cart string `json:"cart_id"`
		product
	}
	if err := inputs.Decode(answer, &got); err != nil {
		return err
	}
	want := catalogue[slices.IndexFunc(catalogue, func(p product) bool { return p.ID == id })]
	if got.product != want || got.Cart != cart {
		return fmt.Errorf("the product is %s, want %+v of %s", answer, want, cart)
	}
	return nil
}

// checkEmpty checks that an answer is {}.
func checkEmpty(answer json.RawMessage) error {
	var got map[string]any
	if err := inputs.Decode(answer, &got); err != nil {
		return err
	}
	if got == nil || len(got) > 0 {
		return fmt.Errorf("the answer is %.80s, want {}", answer)
	}
	return nil
}

// checkCart checks the answer to the request of a cart that has at least some
// products and at most others, which include them.
func checkCart(answer json.RawMessage, least, most []product) error {
	var got struct {
		Products []string `json:"products"`
		Cost     *float64 `json:"total_cost"`
		Price    *float64 `json:"avg_price"`
	}
	if err := inputs.Decode(answer, &got); err != nil {
		return err
	}
	if got.Cost == nil || got.Price == nil {
		return fmt.Errorf("the cart %.80s lacks total_cost or avg_price", answer)
	}
	cost, count := 0, 0
	seen := map[string]bool{}
	for _, name := range got.Products {
		i := slices.IndexFunc(most, func(p product) bool { return p.Name == name })
		if i < 0 || seen[name] {
			return fmt.Errorf("the cart has the product %q, which was not put, or twice", name)
		}
		seen[name] = true
		cost += most[i].Price * most[i].Quantity
		count += most[i].Quantity
	}
	for _, p := range least {
		if !seen[p.Name] {
			return fmt.Errorf("the cart lacks the product %q", p.Name)
		}
	}
	if want := float64(cost); math.Abs(*got.Cost-want) > 1e-6 {
		return fmt.Errorf("the cart's total cost is %v, want %v", *got.Cost, want)
	}
	if want := float64(cost) / float64(max(count, 1)); math.Abs(*got.Price-want) > 1e-6 {
		return fmt.Errorf("the cart's average price is %v, want %v", *got.Price, want)
	}
	return nil
}
