package tables

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/sebs-go/sebs/harness/driver"
)

// encodeItem returns an item in the store's form.
func encodeItem(item map[string]any) (map[string]types.AttributeValue, error) {
	encoded := make(map[string]types.AttributeValue, len(item))
	for name, value := range item {
		v, err := encode(value)
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", name, err)
		}
		encoded[name] = v
	}
	return encoded, nil
}

// encode returns a value in the store's form.
func encode(value any) (types.AttributeValue, error) {
	switch v := value.(type) {
	case nil:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}, nil
	case string:
		return &types.AttributeValueMemberS{Value: v}, nil
	case int:
		return &types.AttributeValueMemberN{Value: strconv.Itoa(v)}, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v cannot be stored as a number", v)
		}
		return &types.AttributeValueMemberN{Value: strconv.FormatFloat(v, 'f', -1, 64)}, nil
	case []any:
		list := make([]types.AttributeValue, len(v))
		for i, element := range v {
			e, err := encode(element)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			list[i] = e
		}
		return &types.AttributeValueMemberL{Value: list}, nil
	case map[string]any:
		m, err := encodeItem(v)
		if err != nil {
			return nil, err
		}
		return &types.AttributeValueMemberM{Value: m}, nil
	}
	return nil, fmt.Errorf("the type %T cannot be stored: use string, float64, int, bool, nil, []any or map[string]any", value)
}

// decodeItem returns an item of the store.
func decodeItem(encoded map[string]types.AttributeValue) (map[string]any, error) {
	item := make(map[string]any, len(encoded))
	for name, value := range encoded {
		v, err := decode(value)
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", name, err)
		}
		item[name] = v
	}
	return item, nil
}

// decode returns a value of the store. Functions may have stored sets, which
// come back as lists, and bytes, which come back as they are.
func decode(value types.AttributeValue) (any, error) {
	switch v := value.(type) {
	case *types.AttributeValueMemberNULL:
		return nil, nil
	case *types.AttributeValueMemberBOOL:
		return v.Value, nil
	case *types.AttributeValueMemberS:
		return v.Value, nil
	case *types.AttributeValueMemberN:
		return number(v.Value)
	case *types.AttributeValueMemberB:
		return v.Value, nil
	case *types.AttributeValueMemberL:
		return decodeAll(v.Value, decode)
	case *types.AttributeValueMemberM:
		return decodeItem(v.Value)
	case *types.AttributeValueMemberSS:
		return decodeAll(v.Value, func(s string) (any, error) { return s, nil })
	case *types.AttributeValueMemberNS:
		return decodeAll(v.Value, number)
	case *types.AttributeValueMemberBS:
		return decodeAll(v.Value, func(b []byte) (any, error) { return b, nil })
	}
	return nil, fmt.Errorf("the store's type %T is unknown", value)
}

func decodeAll[T any](values []T, decode func(T) (any, error)) (any, error) {
	list := make([]any, len(values))
	for i, value := range values {
		v, err := decode(value)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list[i] = v
	}
	return list, nil
}

func number(s string) (any, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not a number that fits a float64", s)
	}
	return f, nil
}

// sentinel makes an error of the store match the driver's sentinel that it
// means, and says what an item that is too large breaks.
func sentinel(err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: %w", driver.ErrNotFound, err)
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationToken":
		return fmt.Errorf("%w: %w", driver.ErrDenied, err)
	case "ValidationException":
		if strings.Contains(answer.ErrorMessage(), "Item size") {
			return fmt.Errorf("the item is larger than the 400 KB that the store takes, names included: %w", err)
		}
	}
	return err
}
