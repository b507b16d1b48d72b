// Package inputs is what the benchmarks' inputs have in common: the part of an
// event that names the bucket, files of SeBS's data repository, and the strict
// decoding of what a handler returned. It refuses to know any benchmark.
package inputs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/build"
)

// Bucket is where a handler finds its objects and leaves its output, as events
// of SeBS's handlers have it.
type Bucket struct {
	Bucket string `json:"bucket"`
	Input  string `json:"input,omitempty"`  // prefix of the input's keys, without a slash at its end
	Output string `json:"output,omitempty"` // prefix of the output's keys, likewise
}

// InOut returns the store's bucket with the first set of inputs and outputs.
func InOut(store *harness.Store) Bucket {
	return Bucket{Bucket: store.Bucket(), Input: store.Input(0), Output: store.Output(0)}
}

// Put stores data as the object name of the first set of inputs.
func Put(ctx context.Context, store *harness.Store, name string, data []byte) error {
	return store.Put(ctx, store.Input(0)+"/"+name, bytes.NewReader(data), int64(len(data)))
}

// SeBSData returns a folder of the checkout of SeBS's data repository that the
// environment variable SEBS_DATA names, or nil if it is not set.
func SeBSData(folder string) (fs.FS, error) {
	root := os.Getenv("SEBS_DATA")
	if root == "" {
		return nil, nil
	}
	dir := filepath.Join(root, filepath.FromSlash(folder))
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("SEBS_DATA=%s has no folder %s: name a checkout of SeBS's data repository, or unset it", root, folder)
	}
	return build.Regular(os.DirFS(dir)), nil
}

// Decode decodes a handler's output, one JSON value, into v. Fields that v
// does not have are an error.
func Decode(output json.RawMessage, v any) error {
	d := json.NewDecoder(bytes.NewReader(output))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode the output %.80q: %w", output, err)
	}
	if d.More() {
		return fmt.Errorf("decode the output %.80q: more than one value", output)
	}
	return nil
}

// Once returns a function that computes f once for each key and keeps the
// values: what a check needs to know of an input is the same for every call.
// The function is safe for concurrent use; callers must not change a value.
func Once[K comparable, V any](f func(K) V) func(K) V {
	var kept sync.Map // of func() V
	return func(key K) V {
		value, ok := kept.Load(key)
		if !ok {
			value, _ = kept.LoadOrStore(key, sync.OnceValue(func() V { return f(key) }))
		}
		return value.(func() V)()
	}
}
