package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
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

// Several calls may be under way at once: each is counted once, one of them is
// the first, and one made the sandbox.
func TestCallsAtOnce(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const calls = 8
	var together, all sync.WaitGroup
	together.Add(calls)
	f := New(nil, func(map[string]any) (int, error) { together.Done(); together.Wait(); return 1, nil })
	answers := make(chan map[string]any, calls)
	for range calls {
		all.Go(func() {
			call, err := f.Answer([]byte(`{}`), "")
			if err == nil {
				var a map[string]any
				if err = json.Unmarshal(bytes.Join(call.Body, nil), &a); err == nil {
					answers <- a
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	close(answers)
	counts, first, cold := map[float64]bool{}, 0, 0
	for a := range answers {
		require.Nil(t, a["error"])
		counts[a["count"].(float64)] = true
		if a["worker_cold"].(bool) {
			first++
			require.Positive(t, a["init_us"])
		} else {
			require.Zero(t, a["init_us"])
		}
		if a["cold"].(bool) {
			cold++
			require.True(t, a["worker_cold"].(bool))
		}
	}
	require.Len(t, counts, calls)
	require.Equal(t, 1, first)
	require.Equal(t, 1, cold)
}

// What a value that encodes itself has of bytes that are no UTF-8 is replaced.
func TestAnswersAreUTF8(t *testing.T) {
	for _, value := range []any{json.RawMessage("{\"a\":\"x\xffy\"}"), map[string]any{"a": "x\xffy"}} {
		data, err := marshal(value)
		require.NoError(t, err)
		require.Equal(t, "{\"a\":\"x\uFFFDy\"}", string(data))
	}
}
