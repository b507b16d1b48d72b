package uploader

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// TestFiles pins the content of every file.
func TestFiles(t *testing.T) {
	for size, want := range map[harness.Size]string{
		harness.Test:  "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
		harness.Small: "f997e0411677d4b105453bf6613505ccfcb8a1a6c47443d9817c721ae3e289fe",
		harness.Large: "59149241d4450e5a09be0bbf534f9c0ac6dde25272bff89c4de340dc962bb415",
	} {
		_, data, err := file(size)
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		require.Equal(t, want, hex.EncodeToString(sum[:]), size)
	}
}

// TestCheck rejects wrong outputs, and accepts the right one.
func TestCheck(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	in := benchtest.Input(t, Benchmark, harness.Small, store).(*payload)
	_, right, err := file(harness.Small)
	require.NoError(t, err)
	_, smaller, err := file(harness.Test)
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		object []byte
		change map[string]any // in the output
		want   string         // in the error; empty: accepted
	}{
		{name: "right", object: right},
		{name: "right output of another size", object: smaller, want: "SHA-256"},
		{name: "cut off", object: right[:len(right)-1], want: "SHA-256"},
		{name: "something appended", object: append(bytes.Clone(right), 0), want: "more than 8388608 bytes"},
		{name: "one byte changed", object: append(bytes.Clone(right[:len(right)-1]), right[len(right)-1]^1), want: "SHA-256"},
		{name: "zeros", object: make([]byte, len(right)), want: "SHA-256"},
		{name: "empty", object: []byte{}, want: "SHA-256"},
		{name: "nothing stored", want: "not found"},
		{name: "the input's key", object: right, change: map[string]any{"key": store.Input(0) + "/small.bin"}, want: "want one under"},
		{name: "a sibling's key", object: right, change: map[string]any{"key": store.Output(0) + "2/x"}, want: "want one under"},
		{name: "another bucket", object: right, change: map[string]any{"bucket": "other"}, want: "bucket"},
		{name: "another URL", object: right, change: map[string]any{"url": "http://127.0.0.1/"}, want: "url"},
		{name: "no key", object: right, change: map[string]any{"key": ""}, want: "key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := store.Output(0) + "/" + c.name
			if c.object != nil {
				benchtest.Put(t, store, key, c.object)
			}
			output := map[string]any{"bucket": store.Bucket(), "url": in.Object.URL, "key": key}
			for k, v := range c.change {
				output[k] = v
			}
			err := Benchmark.Check(t.Context(), harness.Small, in, benchtest.JSON(t, output), store)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
	for _, output := range []string{`null`, `[]`, `"x"`, ``} {
		require.Error(t, Benchmark.Check(t.Context(), harness.Small, in, json.RawMessage(output), store), output)
	}
}
