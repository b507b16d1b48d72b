// Package compression is the benchmark 311.compression: a function downloads a
// tree of files, packs it into a zip archive and uploads that.
//
// The package does not judge how small an archive is, as long as it is smaller
// than what it holds.
package compression

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 311.compression.
var Benchmark = harness.Benchmark{
	Name:  "311.compression",
	Files: files,
	Input: input,
	Check: check,
}

// payload is the event.
type payload struct {
	Object object        `json:"object"`
	Bucket inputs.Bucket `json:"bucket"`

	tree contents // by key
}

type object struct {
	Key string `json:"key"` // the tree's folder
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	name, tree, err := document(size)
	if err != nil {
		return nil, fmt.Errorf("tree for size %s: %w", size, err)
	}
	p := &payload{Object: object{name}, Bucket: inputs.InOut(store), tree: contents{}}
	for _, file := range slices.Sorted(maps.Keys(tree)) {
		key := path.Join(name, file)
		if err := inputs.Put(ctx, store, key, tree[file]); err != nil {
			return nil, err
		}
		p.tree.add(path.Join(p.Bucket.Input, key), tree[file])
	}
	return p, nil
}

func check(ctx context.Context, _ harness.Size, in any, output json.RawMessage, store *harness.Store) error {
	p, ok := in.(*payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var out struct {
		Bucket string `json:"bucket"`
		Key    string `json:"key"`
	}
	if err := inputs.Decode(output, &out); err != nil {
		return err
	}
	if out.Bucket != p.Bucket.Bucket {
		return fmt.Errorf("the output's bucket is %q, want %q", out.Bucket, p.Bucket.Bucket)
	}
	if !strings.HasPrefix(out.Key, p.Bucket.Output+"/") {
		return fmt.Errorf("the output's key is %q, want one under %s/", out.Key, p.Bucket.Output)
	}
	archive, err := store.Get(ctx, out.Key, p.tree.size())
	if err != nil {
		return err
	}
	if err := p.tree.compare(archive); err != nil {
		return fmt.Errorf("%s: %w", out.Key, err)
	}
	return nil
}
