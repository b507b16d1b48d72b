// Package thumbnailer is the benchmark 210.thumbnailer: a function downloads a
// photo, shrinks it to fit a box of 200 x 200 pixels and uploads it as JPEG.
//
// The package does not judge how good a library's filter is: any right
// thumbnail of the right photo passes.
package thumbnailer

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/benchmarks/internal/turbojpeg"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/build"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 210.thumbnailer.
var Benchmark = harness.Benchmark{
	Name:  "210.thumbnailer",
	Files: build.Layers(files, turbojpeg.Sources),
	Input: input,
	Check: check,
}

const (
	box           = 200     // width and height that a thumbnail fits
	maxBytes      = 1 << 20 // of a thumbnail
	cells         = 40      // images are compared as grids of at most this many cells each way, which evens out filters and JPEG noise
	maxDifference = 3       // mean absolute difference of a right thumbnail's grid; Pillow's and sharp's have below 2
)

// payload is the event.
type payload struct {
	Object object        `json:"object"`
	Bucket inputs.Bucket `json:"bucket"`

	expected func() (expected, error) // made when it is first needed
}

type object struct {
	Key    string `json:"key"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	name, data, err := photo(size)
	if err != nil {
		return nil, fmt.Errorf("photo for size %s: %w", size, err)
	}
	if err := inputs.Put(ctx, store, name, data); err != nil {
		return nil, err
	}
	return &payload{
		Object:   object{Key: name, Width: box, Height: box},
		Bucket:   inputs.InOut(store),
		expected: sync.OnceValues(func() (expected, error) { return expect(data) }),
	}, nil
}

// expected is what is known of a right thumbnail.
type expected struct {
	width, height int
	grid          thumbnail
}

// expect derives from a photo what its thumbnail has to look like.
func expect(data []byte) (expected, error) {
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return expected{}, fmt.Errorf("decode the input: %w", err)
	}
	width, height := fit(src.Bounds().Dx(), src.Bounds().Dy(), box, box)
	return expected{width, height, shrink(src, min(cells, width-1), min(cells, height-1))}, nil
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
	data, err := store.Get(ctx, out.Key, maxBytes)
	if err != nil {
		return err
	}
	want, err := p.expected()
	if err != nil {
		return err
	}
	// The size is checked before the pixels are decoded: a few bytes can
	// announce more of them than memory holds.
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("decode %s: %w", out.Key, err)
	}
	width, height := config.Width, config.Height
	// Libraries round the shorter side differently.
	if width > box || height > box || max(width-want.width, want.width-width, height-want.height, want.height-height) > 1 {
		return fmt.Errorf("%s is %d x %d, want %d x %d", out.Key, width, height, want.width, want.height)
	}
	image, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("decode %s: %w", out.Key, err)
	}
	if d := difference(shrink(image, want.grid.width, want.grid.height), want.grid); d > maxDifference {
		return fmt.Errorf("%s is not a thumbnail of %s: its pixels differ by %.1f of 255 on average, want at most %d",
			out.Key, p.Object.Key, d, maxDifference)
	}
	return nil
}
