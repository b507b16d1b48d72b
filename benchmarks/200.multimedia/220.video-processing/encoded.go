package video

import (
	"fmt"
	"math"
)

// encoded is what is known of a right MP4: how it is laid out, and how large
// the right video's frames are.
type encoded struct {
	movie
	first float64 // by how much of its size the first frame may differ
	all   float64 // by how much of their size all frames may differ, summed over frames
}

// maxBytes bounds an output: half as much again as the right one, and boxes.
func (e encoded) maxBytes() int64 { return e.bytes()*3/2 + 1<<20 }

// check says what is wrong with an output.
func (e encoded) check(data []byte) error {
	got, err := readMovie(data)
	if err != nil {
		return err
	}
	if got.width != e.width || got.height != e.height {
		return fmt.Errorf("the video is %d x %d, want %d x %d", got.width, got.height, e.width, e.height)
	}
	if len(got.samples) != len(e.samples) {
		return fmt.Errorf("the video has %d frames, want %d", len(got.samples), len(e.samples))
	}
	if math.Abs(got.duration-e.duration) > 0.1 {
		return fmt.Errorf("the video lasts %.2f s, want %.2f s", got.duration, e.duration)
	}
	first := math.Abs(float64(got.samples[0])/float64(e.samples[0]) - 1)
	if first > e.first {
		return fmt.Errorf("the first frame has %d bytes, want about %d: it is not the right one with its watermark", got.samples[0], e.samples[0])
	}
	sum := 0.0
	for i, size := range got.samples {
		sum += math.Abs(float64(size) - float64(e.samples[i]))
	}
	if all := sum / float64(e.bytes()); all > e.all {
		return fmt.Errorf("the sizes of the frames differ by %.0f %% from those of the right ones, want at most %.0f %%", 100*all, 100*e.all)
	}
	return nil
}
