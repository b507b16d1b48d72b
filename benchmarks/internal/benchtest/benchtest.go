// Package benchtest tests a benchmark's Input and Check on the stores of the
// platform sim, without a function. It refuses to run handlers: that is the
// experiments'.
package benchtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// Store returns an empty store of a benchmark, with just the modules that its
// config.json names.
func Store(t *testing.T, b harness.Benchmark) *harness.Store {
	t.Helper()
	config, err := harness.ReadConfig(b.Files)
	require.NoError(t, err)
	run := driver.Run{ID: "test", Prefix: "test", Ledger: nothing{}, Guard: nothing{}, Dir: t.TempDir(), Log: io.Discard}
	p := sim.New(run, sim.Options{World: sim.NewWorld()})
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	var buckets driver.Buckets
	var tables driver.Tables
	if slices.Contains(config.Modules, driver.Storage) {
		buckets, err = p.Buckets(t.Context())
		require.NoError(t, err)
	}
	if slices.Contains(config.Modules, driver.NoSQL) {
		tables, err = p.Tables(t.Context())
		require.NoError(t, err)
	}
	return harness.NewStore(b.Name, run.Prefix, buckets, tables)
}

// nothing is a run's ledger and guard: what is in memory needs neither.
type nothing struct{}

func (nothing) Record(driver.Resource) error { return nil }
func (nothing) Process(int) func()           { return func() {} }
func (nothing) Command(...string) func()     { return func() {} }
func (nothing) Folder(string) func()         { return func() {} }

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

// Folder checks what every benchmark's folder must have: config.json is right
// and names the folders of the languages, the embedded files are those on disk,
// lock files name no registry, and every size's payload is a JSON object. shared
// are the sources that are in no folder of its own.
func Folder(t *testing.T, b harness.Benchmark, shared ...fs.FS) {
	t.Helper()
	config, err := harness.ReadConfig(b.Files)
	require.NoError(t, err)
	var languages []string
	for _, l := range config.Languages {
		languages = append(languages, l.Name)
	}
	embedded := map[string][]byte{}
	err = fs.WalkDir(b.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "config.json" {
			return err
		}
		folder, _, _ := strings.Cut(name, "/")
		require.Contains(t, languages, folder, "%s is embedded, and %s is no language of config.json: add it there, or do not embed it", name, folder)
		embedded[name], err = fs.ReadFile(b.Files, name)
		return err
	})
	require.NoError(t, err)
	for _, part := range shared {
		require.NoError(t, fs.WalkDir(part, ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				require.Contains(t, embedded, name, "Files lacks what it shares with other benchmarks: see build.Layers")
				delete(embedded, name)
			}
			return err
		}))
	}
	for _, language := range languages {
		pattern := "function.*"
		if language == "java" {
			pattern = "src/main/java/function/Function.java"
		}
		functions, err := fs.Glob(b.Files, language+"/"+pattern)
		require.NoError(t, err)
		require.Len(t, functions, 1, "config.json names %s: want one file %s/%s, and //go:embed all:%s", language, language, pattern, language)
		onDisk(t, embedded, language)
	}
	require.Empty(t, embedded, "the folders of the languages do not have these files")

	store := Store(t, b)
	for _, size := range harness.Sizes {
		payload := JSON(t, Input(t, b, size, store))
		require.Equal(t, byte('{'), payload[0], "the payload of size %s is not an object", size)
		require.Error(t, b.Check(t.Context(), size, nil, json.RawMessage(`{}`), store),
			"Check accepts {} for a payload that is nil: have it refuse a payload that is not what Input returns")
	}
	_, err = b.Input(t.Context(), "huge", store)
	require.ErrorContains(t, err, "huge", "Input is to refuse a size that it does not know, and to name it")
}

// onDisk compares embedded files with those of a folder, and removes them from
// the map.
func onDisk(t *testing.T, embedded map[string][]byte, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "__pycache__" || d.Name() == "node_modules" {
				return fs.SkipDir
			}
			return nil
		}
		want, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		require.Contains(t, embedded, name, "the file is not embedded: //go:embed all:%s", folder)
		require.Equal(t, string(want), string(embedded[name]), name)
		if path.Base(name) == "package-lock.json" {
			require.NotContains(t, string(want), "resolved", "%s names a registry: delete its resolved fields", name)
		}
		delete(embedded, name)
		return nil
	})
	require.NoError(t, err)
}

// Outputs returns recorded outputs by name: what handlers returned as result,
// in testdata/outputs.json of the folder of the test.
func Outputs(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	data, err := os.ReadFile("testdata/outputs.json")
	require.NoError(t, err)
	var outputs map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(data, &outputs))
	return outputs
}

// Accepts tests that the Check of a benchmark without storage accepts the
// recorded output of every size.
func Accepts(t *testing.T, b harness.Benchmark, outputs map[string]json.RawMessage) {
	t.Helper()
	for _, size := range harness.Sizes {
		require.NoError(t, b.Check(t.Context(), size, Input(t, b, size, nil), outputs[string(size)], nil), size)
	}
}

// Wrong is an output and a part of the error with which it is rejected.
type Wrong = struct {
	Output json.RawMessage
	Error  string
}

// Rejects tests that the Check of a benchmark without storage rejects wrong
// outputs for the size small.
func Rejects(t *testing.T, b harness.Benchmark, wrong map[string]Wrong) {
	t.Helper()
	in := Input(t, b, harness.Small, nil)
	for name, w := range wrong {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, b.Check(t.Context(), harness.Small, in, w.Output, nil), w.Error)
		})
	}
}

// Replace returns an output with a part that occurs in it once replaced.
func Replace(t *testing.T, output json.RawMessage, old, new string) json.RawMessage {
	t.Helper()
	require.Equal(t, 1, bytes.Count(output, []byte(old)), old)
	return bytes.Replace(output, []byte(old), []byte(new), 1)
}
