package nosql

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// attribute is a value as DynamoDB writes it: one member, named after the kind.
type attribute map[string]any

type attributes map[string]attribute

func encodeItem(item Item) (attributes, error) {
	encoded := attributes{}
	for name, v := range item {
		a, err := encode(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		encoded[name] = a
	}
	return encoded, nil
}

// encode returns a value as DynamoDB writes it.
func encode(v any) (attribute, error) {
	switch v := v.(type) {
	case nil:
		return attribute{"NULL": true}, nil
	case bool:
		return attribute{"BOOL": v}, nil
	case string:
		return attribute{"S": v}, nil
	case []byte:
		return attribute{"B": v}, nil
	case json.Number:
		return attribute{"N": string(v)}, nil
	case *big.Int:
		return attribute{"N": v.String()}, nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		text, err := json.Marshal(v) // not NaN, not infinite
		return attribute{"N": string(text)}, err
	case map[string]any:
		item, err := encodeItem(v)
		return attribute{"M": item}, err
	case []any:
		list := make([]attribute, len(v))
		for i, e := range v {
			var err error
			if list[i], err = encode(e); err != nil {
				return nil, err
			}
		}
		return attribute{"L": list}, nil
	}
	return nil, fmt.Errorf("values of type %T cannot be stored", v)
}

func decodeItem(encoded attributes) (Item, error) {
	item := Item{}
	for name, a := range encoded {
		v, err := a.decode()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		item[name] = v
	}
	return item, nil
}

// UnmarshalJSON keeps the member's value undecoded.
func (a *attribute) UnmarshalJSON(text []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	*a = attribute{}
	for kind, v := range raw {
		(*a)[kind] = v
	}
	return nil
}

// decode returns the value that DynamoDB wrote.
func (a attribute) decode() (any, error) {
	for kind, v := range a {
		raw, ok := v.(json.RawMessage)
		if !ok {
			break
		}
		switch kind {
		case "NULL":
			return nil, nil
		case "BOOL":
			return unmarshal[bool](raw)
		case "S":
			return unmarshal[string](raw)
		case "B":
			return unmarshal[[]byte](raw)
		case "N":
			text, err := unmarshal[string](raw)
			if err != nil {
				return nil, err
			}
			return number(text)
		case "M":
			item, err := unmarshal[attributes](raw)
			if err != nil {
				return nil, err
			}
			return decodeItem(item)
		case "L":
			return decodeAll[attribute](raw, attribute.decode)
		case "SS":
			return decodeAll[string](raw, func(s string) (any, error) { return s, nil })
		case "NS":
			return decodeAll[string](raw, number)
		}
	}
	return nil, fmt.Errorf("the store sent a value of an unknown kind: %v", a)
}

func unmarshal[T any](raw json.RawMessage) (v T, err error) {
	err = json.Unmarshal(raw, &v)
	return v, err
}

func decodeAll[T any](raw json.RawMessage, decode func(T) (any, error)) ([]any, error) {
	encoded, err := unmarshal[[]T](raw)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(encoded))
	for i, e := range encoded {
		if list[i], err = decode(e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// number returns a whole number that a float64 cannot hold exactly as a
// json.Number, others as float64.
func number(text string) (any, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, err
	}
	if !strings.ContainsAny(text, ".eE") {
		whole, ok := new(big.Int).SetString(text, 10)
		exact, _ := new(big.Float).SetFloat64(f).Int(nil)
		if ok && whole.Cmp(exact) != 0 {
			return json.Number(text), nil
		}
	}
	return f, nil
}
