// Package recognition is the benchmark 411.image-recognition: a function
// downloads photos and a model, ResNet-50 in the format ONNX, and says what is
// on each photo. The model is kept for later calls.
//
// By default the model's weights are made from a seed: the computation is the
// same, and what it says of the photos has no meaning but is known. Functions
// run on ONNX Runtime. In Python there is a variant on PyTorch, which reads the
// same model and runs when it is named: its build for processors alone is not
// in the registry that pip uses on x86-64.
package recognition

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/benchmarks/internal/turbojpeg"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/build"
)

//go:embed all:python all:nodejs all:java all:cpp config.json
var files embed.FS

// Benchmark is 411.image-recognition.
var Benchmark = harness.Benchmark{
	Name:  "411.image-recognition",
	Files: build.Layers(files, turbojpeg.Sources),
	Input: input,
	Check: check,
}

const modelKey = "resnet50.onnx"

// payload is the event.
type payload struct {
	Object object `json:"object"`
	Bucket bucket `json:"bucket"`

	want []prediction
}

type object struct {
	Model  string   `json:"model"`
	Inputs []string `json:"inputs"` // keys of the photos
}

type bucket struct {
	Bucket string `json:"bucket"`
	Model  string `json:"model"` // prefix of the model's key
	Input  string `json:"input"` // prefix of the photos' keys
}

// prediction is what is on a photo.
type prediction struct {
	Key   string  `json:"key"`
	Index int     `json:"idx"`
	Class string  `json:"class"`
	Score float64 `json:"score"` // of the class, before any softmax; 0 in what is wanted: any
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	s, err := scenarioFor(size)
	if err != nil {
		return nil, fmt.Errorf("photos for size %s: %w", size, err)
	}
	p := &payload{
		Object: object{Model: modelKey},
		Bucket: bucket{Bucket: store.Bucket(), Model: store.Input(0), Input: store.Input(1)},
		want:   s.want,
	}
	model, err := onnx(s.weights)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if err := inputs.Put(ctx, store, modelKey, model); err != nil {
		return nil, err
	}
	for _, photo := range s.photos {
		key := p.Bucket.Input + "/" + photo.key
		if err := store.Put(ctx, key, bytes.NewReader(photo.data), int64(len(photo.data))); err != nil {
			return nil, err
		}
		p.Object.Inputs = append(p.Object.Inputs, photo.key)
	}
	return p, nil
}

func check(_ context.Context, _ harness.Size, in any, output json.RawMessage, _ *harness.Store) error {
	p, ok := in.(*payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var out struct {
		Predictions []prediction `json:"predictions"`
	}
	if err := inputs.Decode(output, &out); err != nil {
		return err
	}
	if len(out.Predictions) != len(p.want) {
		return fmt.Errorf("the output has %d predictions, want %d", len(out.Predictions), len(p.want))
	}
	for i, got := range out.Predictions {
		want := p.want[i]
		switch {
		case got.Key != want.Key:
			return fmt.Errorf("prediction %d is of %q, want %q", i, got.Key, want.Key)
		case got.Index != want.Index || got.Class != want.Class:
			return fmt.Errorf("%s is classified as %d, %q, want %d, %q", got.Key, got.Index, got.Class, want.Index, want.Class)
		case want.Score != 0 && math.Abs(got.Score-want.Score) > tolerance*want.Score:
			return fmt.Errorf("%s has the score %.4f, want %.4f", got.Key, got.Score, want.Score)
		}
	}
	return nil
}
