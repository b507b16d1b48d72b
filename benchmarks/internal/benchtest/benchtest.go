// Package benchtest tests a benchmark's Input and Check on stores in memory,
// without a function. It refuses to run handlers: that is the experiments'.
package benchtest

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/driver"
)

// Store returns an empty store of a benchmark, in memory.
func Store(b harness.Benchmark) *harness.Store {
	m := &memory{objects: map[string][]byte{}, items: map[string]map[string]any{}, tables: map[string]driver.Table{}}
	return harness.NewStore(b.Name, "test", buckets{m}, tables{m})
}

// Input makes the input of a size.
func Input(t *testing.T, b harness.Benchmark, size harness.Size, store *harness.Store) any {
	t.Helper()
	payload, err := b.Input(t.Context(), size, store)
	require.NoError(t, err)
	return payload
}

// JSON encodes a value.
func JSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return data
}

// Put stores an object as a function would.
func Put(t *testing.T, store *harness.Store, key string, data []byte) {
	t.Helper()
	require.NoError(t, store.Put(t.Context(), key, bytes.NewReader(data), int64(len(data))))
}

// Folder checks what every benchmark's folder must have: the embedded files
// are those on disk, config.json names the folders of the languages, and every
// size's payload is a JSON object.
func Folder(t *testing.T, b harness.Benchmark) {
	t.Helper()
	data, err := fs.ReadFile(b.Files, "config.json")
	require.NoError(t, err)
	var config struct {
		Timeout   int      `json:"timeout"`
		Memory    int      `json:"memory"`
		Languages []string `json:"languages"`
		Modules   []string `json:"modules"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&config))
	require.Positive(t, config.Timeout)
	require.Positive(t, config.Memory)
	require.NotEmpty(t, config.Languages)

	entries, err := fs.ReadDir(b.Files, ".")
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() {
			require.Contains(t, config.Languages, entry.Name())
		}
	}
	for _, language := range config.Languages {
		onDisk, err := os.ReadDir(language)
		require.NoError(t, err)
		embedded, err := fs.ReadDir(b.Files, language)
		require.NoError(t, err)
		names := func(entries []fs.DirEntry) (names []string) {
			for _, e := range entries {
				if e.Name() != "__pycache__" && e.Name() != "node_modules" {
					names = append(names, e.Name())
				}
			}
			return names
		}
		require.Equal(t, names(onDisk), names(embedded))
		require.True(t, slices.ContainsFunc(embedded, func(e fs.DirEntry) bool {
			return fs.ValidPath(e.Name()) && len(e.Name()) > len("function.") && e.Name()[:len("function.")] == "function."
		}), "%s has no function", language)
	}

	store := Store(b)
	for _, size := range harness.Sizes {
		payload := JSON(t, Input(t, b, size, store))
		require.Equal(t, byte('{'), payload[0], "the payload of size %s is not an object", size)
		require.Error(t, b.Check(t.Context(), size, nil, json.RawMessage(`{}`), store))
	}
	_, err = b.Input(t.Context(), "huge", store)
	require.ErrorContains(t, err, "huge")
}
