package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is added to an event makes no JSON of what is none, and loses nothing of
// what is; the request's id is what package encoding/json finds.
func FuzzComplete(f *testing.F) {
	for _, event := range []string{
		`{}`, `{"request-id":"r1","a":1}`, `{"a":{"request-id":"inner"},"request-id":7}`, `{"request-id":"a","request-id":"b"}`,
		`{"request-id":"\u0041"}`, `{"request-id":null}`, ` {"a" : [1]} `, `{"a":"}`, `{"a":{"b":1}`, `{"a":1}}`, `{"a":"x\}`, `{`, ``, `7`, `{"a":}`,
		`{"request-id":"é"}`, `{"request-id":}`, `{"request-id":"`, `{} {}`,
	} {
		f.Add([]byte(event))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		var object map[string]any
		valid := json.Unmarshal(event, &object) == nil && object != nil
		whole, request, err := complete(bytes.Clone(event), time.Unix(1, 0))
		if err != nil {
			require.False(t, valid, "%s: %v", event, err)
			return
		}
		var got map[string]any
		err = json.Unmarshal(whole, &got)
		if !valid {
			require.Error(t, err, "%s became %s", event, whole)
			return
		}
		require.NoError(t, err)
		want := ""
		if id := object["request-id"]; id != nil {
			want = fmt.Sprint(id)
		}
		require.Equal(t, want, request)
		object["request-id"], object["income-timestamp"] = want, 1.0
		require.Equal(t, object, got)
	})
}

// Text is written as it is, but for what JSON must have escaped.
func TestPlain(t *testing.T) {
	for _, text := range []string{"", "\u2028", `\u2028`, `\\u2029"`, "a\u2029\nb<>&\x7f", `\`, "\u2028\\u2028"} {
		data, err := marshal(text)
		require.NoError(t, err)
		var got string
		require.NoError(t, json.Unmarshal(data, &got))
		require.Equal(t, text, got)
		require.Equal(t, bytes.Count([]byte(text), []byte("\u2028")), bytes.Count(data, []byte("\u2028")), "%s", data)
	}
}

// A value that is nested too deeply is an error, and brackets in text are no
// nesting.
func TestTooDeep(t *testing.T) {
	var value any
	for range 1000 {
		value = []any{value, "[{\"["}
	}
	_, err := marshal(value)
	require.NoError(t, err)
	_, err = marshal([]any{value})
	require.ErrorContains(t, err, "nested too deeply")
}
