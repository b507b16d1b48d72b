// Package dna is the benchmark 504.dna-visualisation: a function downloads a
// genome, draws it as a line after the method of squiggle, and uploads the
// line's points as JSON: a list of x and a list of y.
//
// The check draws the genome itself and compares every point.
package dna

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 504.dna-visualisation.
var Benchmark = harness.Benchmark{
	Name:  "504.dna-visualisation",
	Files: files,
	Input: input,
	Check: check,
}

// payload is the event.
type payload struct {
	Object object        `json:"object"`
	Bucket inputs.Bucket `json:"bucket"`

	bases []byte
}

type object struct {
	Key string `json:"key"` // of the genome, a FASTA file
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	name, data, err := genome(size)
	if err != nil {
		return nil, fmt.Errorf("genome for size %s: %w", size, err)
	}
	if err := inputs.Put(ctx, store, name, data); err != nil {
		return nil, err
	}
	return &payload{Object: object{name}, Bucket: inputs.InOut(store), bases: bases(data)}, nil
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
	// A number has at most 12 digits, and a comma and a space follow it.
	data, err := store.Get(ctx, out.Key, int64(2*(2*len(p.bases)+1)*14+16))
	if err != nil {
		return err
	}
	if err := compare(data, p.bases); err != nil {
		return fmt.Errorf("%s: %w", out.Key, err)
	}
	return nil
}
