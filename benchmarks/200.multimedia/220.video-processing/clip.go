package video

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/testdata"
)

// clip is an input: a video, and what is to be made of it.
type clip struct {
	name     string
	data     []byte
	op       string
	duration float64
	want     expected
}

// operations are what is done at each size to the clip of testdata, which has
// 1280 x 720 pixels, 25 frames a second and lasts 5.3 seconds.
var operations = map[harness.Size]struct {
	op       string
	duration float64
}{
	harness.Test:  {toGIF, 0.3},
	harness.Small: {watermark, 1},
	harness.Large: {watermark, 3.6},
}

// recorded is what ffmpeg 7.0.2 made of the clip: frames of 320 x 180 pixels
// without the palette of a GIF (-vf fps=10,scale=320:-1:flags=lanczos -pix_fmt
// rgb24), evened out, and by duration the sizes of the frames that x264 wrote.
// The ffmpeg of 2018 that Node.js functions use writes frames whose sizes differ
// by 0.4 % for the first and by 0.8 % summed over all; 16 threads in place of 2
// change them by 1.0 %.
//
//go:embed reference.json
var recorded []byte

// clipFor returns the input of a size.
func clipFor(size harness.Size) (clip, error) {
	dir, err := inputs.SeBSData("200.multimedia/220.video-processing")
	if err != nil {
		return clip{}, err
	}
	if dir != nil {
		return sebsClip(dir, size)
	}
	o, ok := operations[size]
	if !ok {
		return clip{}, fmt.Errorf("unknown size %q", size)
	}
	var reference struct {
		Frames  [][]byte
		Samples map[string][]uint32
	}
	if err := json.Unmarshal(recorded, &reference); err != nil {
		return clip{}, fmt.Errorf("reference.json: %w", err)
	}
	c := clip{name: "bigbuckbunny.mp4", op: o.op, duration: o.duration}
	if c.data, err = testdata.Files.ReadFile("videos/" + c.name); err != nil {
		return clip{}, err
	}
	if o.op == toGIF {
		a := animation{width: 320, height: 180}
		for _, frame := range reference.Frames {
			a.frames = append(a.frames, grid(frame))
		}
		c.want = a
		return c, nil
	}
	samples := reference.Samples[fmt.Sprint(o.duration)]
	c.want = encoded{
		movie: movie{width: 1280, height: 720, duration: float64(len(samples)) / 25, samples: samples},
		first: 0.02,
		all:   0.03,
	}
	return c, nil
}

// sebsOperations are what SeBS does at each size to its video, and its file
// with the right output.
var sebsOperations = map[harness.Size]struct {
	op       string
	duration float64
	output   string
}{
	harness.Test:  {watermark, 1, "watermark_test.mp4"},
	harness.Small: {watermark, 3, "watermark_small.mp4"},
	harness.Large: {toGIF, 2, "city.gif"},
}

// sebsClip returns SeBS's video, and its own output as what is wanted. Its
// watermark is not the one of the functions here, so frame sizes are compared
// loosely.
func sebsClip(dir fs.FS, size harness.Size) (clip, error) {
	o, ok := sebsOperations[size]
	if !ok {
		return clip{}, fmt.Errorf("unknown size %q", size)
	}
	const fetch = "SEBS_DATA: 200.multimedia/220.video-processing has no %s: fetch the submodule's files"
	names, err := fs.Glob(dir, "*.mp4")
	if err != nil {
		return clip{}, err
	}
	if len(names) == 0 {
		return clip{}, fmt.Errorf(fetch, "*.mp4")
	}
	c := clip{name: names[0], op: o.op, duration: o.duration}
	if c.data, err = fs.ReadFile(dir, c.name); err != nil {
		return clip{}, err
	}
	output, err := fs.ReadFile(dir, path.Join("outputs", o.output))
	if errors.Is(err, fs.ErrNotExist) {
		return clip{}, fmt.Errorf(fetch, "outputs/"+o.output)
	}
	if err != nil {
		return clip{}, err
	}
	if o.op == toGIF {
		c.want, err = readAnimation(output)
	} else {
		var m movie
		m, err = readMovie(output)
		c.want = encoded{movie: m, first: math.Inf(1), all: 0.5}
	}
	if err != nil {
		return clip{}, fmt.Errorf("SEBS_DATA: outputs/%s: %w", o.output, err)
	}
	return c, nil
}
