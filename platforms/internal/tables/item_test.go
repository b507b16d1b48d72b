package tables

import (
	"errors"
	"math"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestEncodeRefuses(t *testing.T) {
	tests := []struct {
		name string
		item map[string]any
		want []string
	}{
		{"type", map[string]any{"a": int64(1)}, []string{`value "a"`, "int64"}},
		{"not a number", map[string]any{"a": math.NaN()}, []string{`value "a"`, "NaN"}},
		{"infinite", map[string]any{"a": math.Inf(-1)}, []string{"-Inf"}},
		{"deep", map[string]any{"a": []any{1, map[string]any{"b": []string{}}}}, []string{`value "a"`, "element 1", `value "b"`, "[]string"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := encodeItem(test.item)
			for _, part := range test.want {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

// Functions may store what this package does not.
func TestDecodeWhatFunctionsStore(t *testing.T) {
	item, err := decodeItem(map[string]types.AttributeValue{
		"texts":   &types.AttributeValueMemberSS{Value: []string{"a", "b"}},
		"numbers": &types.AttributeValueMemberNS{Value: []string{"1", "2.5e-7"}},
		"bytes":   &types.AttributeValueMemberB{Value: []byte("c")},
		"byteses": &types.AttributeValueMemberBS{Value: [][]byte{[]byte("d")}},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"texts":   []any{"a", "b"},
		"numbers": []any{1.0, 2.5e-7},
		"bytes":   []byte("c"),
		"byteses": []any{[]byte("d")},
	}, item)

	_, err = decodeItem(map[string]types.AttributeValue{"n": &types.AttributeValueMemberL{
		Value: []types.AttributeValue{&types.AttributeValueMemberN{Value: "many"}},
	}})
	require.ErrorContains(t, err, `value "n": element 0: "many" is not a number`)
	_, err = decodeItem(map[string]types.AttributeValue{"u": &types.UnknownUnionMember{Tag: "X"}})
	require.ErrorContains(t, err, "unknown")
}

// Numbers are written without an exponent, which not every store reads, and
// come back as they were.
func FuzzNumber(f *testing.F) {
	for _, v := range []float64{0, -1, 0.1, 1e15, 1e-9, math.MaxFloat64, math.SmallestNonzeroFloat64, 1.0 / 3} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		encoded, err := encode(v)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.NotContains(t, encoded.(*types.AttributeValueMemberN).Value, "e")
		back, err := decode(encoded)
		require.NoError(t, err)
		require.Equal(t, v, back)
	})
}

func TestSentinel(t *testing.T) {
	tests := []struct {
		code, message string
		want          error
	}{
		{"ResourceNotFoundException", "", driver.ErrNotFound},
		{"AccessDeniedException", "", driver.ErrDenied},
		{"UnrecognizedClientException", "", driver.ErrDenied},
	}
	for _, test := range tests {
		t.Run(test.code, func(t *testing.T) {
			answer := &smithy.GenericAPIError{Code: test.code, Message: test.message}
			err := sentinel(answer)
			require.ErrorIs(t, err, test.want)
			require.ErrorIs(t, err, answer)
		})
	}
	require.NoError(t, sentinel(nil))
	other := errors.New("other")
	require.Equal(t, other, sentinel(other))
	large := sentinel(&smithy.GenericAPIError{Code: "ValidationException", Message: "Item size has exceeded the maximum allowed size"})
	require.ErrorContains(t, large, "400 KB")
}
