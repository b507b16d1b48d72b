package recognition

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"

	"github.com/sebs-go/sebs/testdata"
)

// photo is an input: the whole of a photo of testdata, or a part of it.
type photo struct {
	key  string
	data []byte
}

// photos returns the first n inputs, of 18: the three photos, then each one's
// quarters, then their middles.
func photos(n int) ([]photo, error) {
	names := []string{"rocket", "hubble", "retina"}
	var list []photo
	for i := range n {
		name, part := names[i%len(names)], i/len(names)
		data, err := testdata.Files.ReadFile("photos/" + name + ".jpg")
		if err != nil {
			return nil, err
		}
		if part > 0 {
			if data, err = cut(data, part); err != nil {
				return nil, err
			}
		}
		list = append(list, photo{fmt.Sprintf("%02d-%s.jpg", i, name), data})
	}
	return list, nil
}

// cut returns a part of a photo, half as wide and half as high: 1 to 4 are the
// quarters, 5 is the middle.
func cut(data []byte, part int) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := src.Bounds()
	width, height := b.Dx()/2, b.Dy()/2
	at := []image.Point{{0, 0}, {width, 0}, {0, height}, {width, height}, {width / 2, height / 2}}[part-1]
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(to, to.Rect, src, b.Min.Add(at), draw.Src)
	var out bytes.Buffer
	err = jpeg.Encode(&out, to, &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}
