// Package nosql is the NoSQL store of a function: items in tables, as the shims
// of the same name in other languages have them.
//
// Tables are named as the benchmark names them. The key of an item is a primary
// one and a secondary one, which is the zero Key for a table without.
package nosql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/sigv4"
)

// Key is the name and the value of a key.
type Key struct {
	Name  string
	Value any
}

// Item is what a table stores: strings, booleans, nil, numbers, []byte, lists
// ([]any) and items (map[string]any). Numbers are read as float64; whole ones
// that it cannot hold exactly as json.Number.
type Item = map[string]any

// ErrNotFound is the error of Get for an item that does not exist.
var ErrNotFound = errors.New("the table has no such item")

// Client is a client of the NoSQL store. Safe for concurrent use.
type Client struct{ store *sigv4.Client }

// Get returns the function's client, which is made once.
var Get = sync.OnceValues(func() (*Client, error) {
	store, err := sigv4.New("SEBS_NOSQL", "dynamodb")
	if err != nil {
		return nil, err
	}
	return &Client{store}, nil
})

// Insert stores an item, in the place of one with the same key.
func (c *Client) Insert(table string, primary, secondary Key, data Item) error {
	item := maps.Clone(data)
	if item == nil {
		item = Item{}
	}
	maps.Copy(item, keyOf(primary, secondary))
	encoded, err := encodeItem(item)
	if err != nil {
		return err
	}
	return c.call("PutItem", table, map[string]any{"Item": encoded}, nil)
}

// Get returns an item with its key. One that does not exist is ErrNotFound.
func (c *Client) Get(table string, primary, secondary Key) (Item, error) {
	key, err := encodeItem(keyOf(primary, secondary))
	if err != nil {
		return nil, err
	}
	var answer struct{ Item attributes }
	if err := c.call("GetItem", table, map[string]any{"Key": key, "ConsistentRead": true}, &answer); err != nil {
		return nil, err
	}
	if answer.Item == nil {
		return nil, fmt.Errorf("%s, %v: %w", table, keyOf(primary, secondary), ErrNotFound)
	}
	return decodeItem(answer.Item)
}

// Update sets some values of an item, which is made if it does not exist.
func (c *Client) Update(table string, primary, secondary Key, updates Item) error {
	key, err := encodeItem(keyOf(primary, secondary))
	if err != nil {
		return err
	}
	request := map[string]any{"Key": key}
	if len(updates) > 0 {
		var set []string
		names, values := map[string]string{}, attributes{}
		for i, name := range slices.Sorted(maps.Keys(updates)) {
			n, v := "#n"+strconv.Itoa(i), ":v"+strconv.Itoa(i)
			set = append(set, n+" = "+v)
			names[n] = name
			if values[v], err = encode(updates[name]); err != nil {
				return err
			}
		}
		request["UpdateExpression"] = "SET " + strings.Join(set, ", ")
		request["ExpressionAttributeNames"] = names
		request["ExpressionAttributeValues"] = values
	}
	return c.call("UpdateItem", table, request, nil)
}

// Query returns the items of a primary key, by their secondary keys.
func (c *Client) Query(table string, primary Key) ([]Item, error) {
	value, err := encode(primary.Value)
	if err != nil {
		return nil, err
	}
	request := map[string]any{
		"KeyConditionExpression":    "#k = :v",
		"ExpressionAttributeNames":  map[string]string{"#k": primary.Name},
		"ExpressionAttributeValues": attributes{":v": value},
		"ConsistentRead":            true,
	}
	items := []Item{}
	for {
		var answer struct {
			Items            []attributes
			LastEvaluatedKey json.RawMessage
		}
		if err := c.call("Query", table, request, &answer); err != nil {
			return nil, err
		}
		for _, encoded := range answer.Items {
			item, err := decodeItem(encoded)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		if len(answer.LastEvaluatedKey) == 0 {
			return items, nil
		}
		request["ExclusiveStartKey"] = answer.LastEvaluatedKey
	}
}

// Delete deletes an item. One that does not exist is not an error.
func (c *Client) Delete(table string, primary, secondary Key) error {
	key, err := encodeItem(keyOf(primary, secondary))
	if err != nil {
		return err
	}
	return c.call("DeleteItem", table, map[string]any{"Key": key}, nil)
}

// call makes one operation on a table and decodes its answer, if it is wanted.
func (c *Client) call(operation, table string, request map[string]any, answer any) error {
	name, err := sigv4.Environment("SEBS_NOSQL_TABLE_" + table)
	if err != nil {
		return err
	}
	request["TableName"] = name
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	text, err := c.store.Read(sigv4.Request{
		Method: "POST", Path: "/", Body: bytes.NewReader(body),
		Header: map[string]string{"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810." + operation},
	})
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

func keyOf(keys ...Key) Item {
	item := Item{}
	for _, k := range keys {
		if k.Name != "" {
			item[k.Name] = k.Value
		}
	}
	return item
}
