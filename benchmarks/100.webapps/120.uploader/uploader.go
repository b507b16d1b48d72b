// Package uploader is the benchmark 120.uploader: a function downloads a file
// from a URL and uploads it to the object store.
//
// The file comes from the platform's own store, through a presigned URL: the
// package refuses to reach the internet, where the same file is not equally
// far from every platform, and may be gone.
package uploader

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/testdata"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 120.uploader.
var Benchmark = harness.Benchmark{
	Name:  "120.uploader",
	Files: files,
	Input: input,
	Check: check,
}

// payload is the event.
type payload struct {
	Object object        `json:"object"`
	Bucket inputs.Bucket `json:"bucket"`

	size   int
	digest [sha256.Size]byte
}

type object struct {
	URL string `json:"url"`
}

// file returns the name and content of the file to move: a photo, or noise,
// which no part of the way can compress, as of an archive.
func file(size harness.Size) (name string, data []byte, err error) {
	switch size {
	case harness.Test:
		data, err = testdata.Files.ReadFile("photos/retina.jpg") // 263 KiB
		return "retina.jpg", data, err
	case harness.Small:
		return noise("small.bin", 8<<20)
	case harness.Large:
		return noise("large.bin", 48<<20)
	}
	return "", nil, fmt.Errorf("unknown size %q", size)
}

// noise returns n bytes that depend on the name only.
func noise(name string, n int) (string, []byte, error) {
	data := make([]byte, n)
	_, err := io.ReadFull(rand.NewChaCha8(sha256.Sum256([]byte(name))), data)
	return name, data, err
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	name, data, err := file(size)
	if err != nil {
		return nil, err
	}
	if err := inputs.Put(ctx, store, name, data); err != nil {
		return nil, err
	}
	url, err := store.Presign(ctx, store.Input(0)+"/"+name)
	if err != nil {
		return nil, fmt.Errorf("presign %s: %w", name, err)
	}
	bucket := inputs.Bucket{Bucket: store.Bucket(), Output: store.Output(0)}
	return &payload{Object: object{url}, Bucket: bucket, size: len(data), digest: sha256.Sum256(data)}, nil
}

func check(ctx context.Context, _ harness.Size, in any, output json.RawMessage, store *harness.Store) error {
	p, ok := in.(*payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var out struct {
		Bucket string `json:"bucket"`
		URL    string `json:"url"`
		Key    string `json:"key"`
	}
	if err := inputs.Decode(output, &out); err != nil {
		return err
	}
	if out.Bucket != p.Bucket.Bucket {
		return fmt.Errorf("the output's bucket is %q, want %q", out.Bucket, p.Bucket.Bucket)
	}
	if out.URL != p.Object.URL {
		return errors.New("the output's url is not the payload's")
	}
	if !strings.HasPrefix(out.Key, p.Bucket.Output+"/") {
		return fmt.Errorf("the output's key is %q, want one under %s/", out.Key, p.Bucket.Output)
	}
	data, err := store.Get(ctx, out.Key, int64(p.size))
	if err != nil {
		return err
	}
	if got := sha256.Sum256(data); got != p.digest {
		return fmt.Errorf("%s has %d bytes with SHA-256 %x, want %d with %x", out.Key, len(data), got, p.size, p.digest)
	}
	return nil
}
