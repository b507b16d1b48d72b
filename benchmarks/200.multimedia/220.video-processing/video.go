// Package video is the benchmark 220.video-processing: a function downloads a
// video, puts a watermark on it or makes a GIF of its beginning with ffmpeg,
// and uploads that.
//
// A GIF is decoded and its frames are compared with the video's. H.264 is not
// decoded: of a video with a watermark the check knows that it is a whole MP4
// of the right width, height, frame rate and number of frames, each made of
// H.264 units, and it compares the size of every frame with what x264 makes of
// the right video. Frame sizes tell apart other videos, other moments of the
// same video, and one without the watermark, whose first frame is a tenth
// smaller; they do not tell where in the picture the watermark is, or whether
// the picture is brighter.
package video

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python all:nodejs all:java all:cpp config.json
var files embed.FS

// Benchmark is 220.video-processing.
var Benchmark = harness.Benchmark{
	Name:  "220.video-processing",
	Files: files,
	Input: input,
	Check: check,
}

// The operations of the handlers.
const (
	watermark = "watermark"
	toGIF     = "extract-gif"
)

// payload is the event.
type payload struct {
	Object object        `json:"object"`
	Bucket inputs.Bucket `json:"bucket"`

	want expected
}

type object struct {
	Key      string  `json:"key"`
	Op       string  `json:"op"`
	Duration float64 `json:"duration"` // of the video's beginning that is used, in seconds
}

// expected is what is known of a right output: it checks one.
type expected interface {
	check(data []byte) error
	maxBytes() int64
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	c, err := clipFor(size)
	if err != nil {
		return nil, fmt.Errorf("video for size %s: %w", size, err)
	}
	if err := inputs.Put(ctx, store, c.name, c.data); err != nil {
		return nil, err
	}
	return &payload{
		Object: object{Key: c.name, Op: c.op, Duration: c.duration},
		Bucket: inputs.InOut(store),
		want:   c.want,
	}, nil
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
	data, err := store.Get(ctx, out.Key, p.want.maxBytes())
	if err != nil {
		return err
	}
	if err := p.want.check(data); err != nil {
		return fmt.Errorf("%s: %w", out.Key, err)
	}
	return nil
}
