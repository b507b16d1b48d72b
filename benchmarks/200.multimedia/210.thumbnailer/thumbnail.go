package thumbnailer

import (
	"image"
	"image/color"
)

// thumbnail is an image's RGB values, row by row.
type thumbnail struct {
	width, height int
	pix           []uint8
}

// fit returns the size of a width x height image made to fit a box with its
// aspect kept, without making it larger.
func fit(width, height, boxWidth, boxHeight int) (int, int) {
	if width <= boxWidth && height <= boxHeight {
		return width, height
	}
	if width*boxHeight >= height*boxWidth {
		return boxWidth, max((2*height*boxWidth+width)/(2*width), 1)
	}
	return max((2*width*boxHeight+height)/(2*height), 1), boxHeight
}

// shrink makes a thumbnail of which each pixel is the mean of the pixels that
// it covers.
func shrink(src image.Image, width, height int) thumbnail {
	b := src.Bounds()
	sums := make([]uint64, 3*width*height)
	counts := make([]uint64, width*height)
	for y := range b.Dy() {
		row := y * height / b.Dy() * width
		for x := range b.Dx() {
			i := row + x*width/b.Dx()
			r, g, b := rgb(src, b.Min.X+x, b.Min.Y+y)
			sums[3*i] += uint64(r)
			sums[3*i+1] += uint64(g)
			sums[3*i+2] += uint64(b)
			counts[i]++
		}
	}
	t := thumbnail{width, height, make([]uint8, 3*width*height)}
	for i := range t.pix {
		t.pix[i] = uint8(sums[i] / max(counts[i/3], 1))
	}
	return t
}

// rgb returns the colour of a pixel of an opaque image.
func rgb(src image.Image, x, y int) (r, g, b uint8) {
	switch src := src.(type) {
	case *image.YCbCr:
		i, j := src.YOffset(x, y), src.COffset(x, y)
		return color.YCbCrToRGB(src.Y[i], src.Cb[j], src.Cr[j])
	case *image.Gray:
		v := src.GrayAt(x, y).Y
		return v, v, v
	}
	r32, g32, b32, _ := src.At(x, y).RGBA()
	return uint8(r32 >> 8), uint8(g32 >> 8), uint8(b32 >> 8)
}

// difference returns the mean absolute difference of two thumbnails of the
// same size over all pixels and channels, from 0 to 255.
func difference(a, b thumbnail) float64 {
	sum := 0
	for i := range a.pix {
		d := int(a.pix[i]) - int(b.pix[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a.pix))
}
