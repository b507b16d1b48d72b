package video

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
)

const (
	gridWidth, gridHeight = 16, 9
	maxDifference         = 1.6 // mean absolute difference of a right frame's grid, of 255: those of ffmpeg have at most 1.4, the next frame 1.7 and more
)

// grid is a picture evened out to 16 x 9 RGB values, row by row: what is left
// of a frame does not depend on a GIF's palette.
type grid []uint8

// animation is what is known of a GIF.
type animation struct {
	width, height int
	frames        []grid
}

// maxBytes bounds an output: a frame of a GIF has less than a byte a pixel and
// some more for what does not compress.
func (a animation) maxBytes() int64 { return int64(len(a.frames)*a.width*a.height)*3/2 + 1<<20 }

// check says what is wrong with an output.
func (a animation) check(data []byte) error {
	// The size is checked before frames are decoded: a few bytes can announce
	// more pixels than memory holds.
	config, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("it is not a GIF: %w", err)
	}
	if config.Width != a.width || config.Height != a.height {
		return fmt.Errorf("the GIF is %d x %d, want %d x %d", config.Width, config.Height, a.width, a.height)
	}
	got, err := readAnimation(data)
	if err != nil {
		return err
	}
	if len(got.frames) != len(a.frames) {
		return fmt.Errorf("the GIF has %d frames, want %d", len(got.frames), len(a.frames))
	}
	for i, frame := range got.frames {
		if d := difference(frame, a.frames[i]); d > maxDifference {
			return fmt.Errorf("frame %d of the GIF is not the video's: its pixels differ by %.1f of 255 on average, want at most %.1f", i, d, maxDifference)
		}
	}
	return nil
}

// readAnimation decodes a GIF.
func readAnimation(data []byte) (animation, error) {
	all, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		return animation{}, fmt.Errorf("it is not a whole GIF: %w", err)
	}
	a := animation{width: all.Config.Width, height: all.Config.Height}
	canvas := image.NewRGBA(image.Rect(0, 0, a.width, a.height))
	for i, frame := range all.Image {
		before := canvas.Pix
		if all.Disposal[i] == gif.DisposalPrevious {
			before = bytes.Clone(canvas.Pix)
		}
		draw.Draw(canvas, frame.Bounds(), frame, frame.Bounds().Min, draw.Over)
		a.frames = append(a.frames, evenOut(canvas))
		switch all.Disposal[i] {
		case gif.DisposalPrevious:
			canvas.Pix = before
		case gif.DisposalBackground:
			draw.Draw(canvas, frame.Bounds(), image.Transparent, image.Point{}, draw.Src)
		}
	}
	return a, nil
}

// evenOut returns the means of a picture's 16 x 9 parts.
func evenOut(src *image.RGBA) grid {
	var sums [3 * gridWidth * gridHeight]uint64
	var counts [gridWidth * gridHeight]uint64
	width, height := src.Rect.Dx(), src.Rect.Dy()
	for y := range height {
		for x := range width {
			i := y*gridHeight/height*gridWidth + x*gridWidth/width
			p := src.Pix[y*src.Stride+4*x:]
			for c := range 3 {
				sums[3*i+c] += uint64(p[c])
			}
			counts[i]++
		}
	}
	g := make(grid, len(sums))
	for i := range g {
		g[i] = uint8(sums[i] / max(counts[i/3], 1))
	}
	return g
}

// difference returns the mean absolute difference of two grids, from 0 to 255.
func difference(a, b grid) float64 {
	sum := 0
	for i := range a {
		d := int(a[i]) - int(b[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a))
}
