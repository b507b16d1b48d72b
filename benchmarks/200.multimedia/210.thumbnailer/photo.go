package thumbnailer

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/testdata"
)

// photos are the inputs. Decoders shrink a large JPEG while they read it, so a
// size has to be much larger than the one before it to be three times the
// work. The photos differ, so that no size's thumbnail passes for another's.
var photos = map[harness.Size]struct {
	file string
	data func() ([]byte, error) // made once: it takes up to some seconds
}{
	harness.Test:  {"rocket.jpg", sync.OnceValues(func() ([]byte, error) { return enlarged("rocket.jpg", 1) })}, // 640 x 427
	harness.Small: {"hubble.jpg", sync.OnceValues(func() ([]byte, error) { return enlarged("hubble.jpg", 3) })}, // 3000 x 2616
	harness.Large: {"retina.jpg", sync.OnceValues(func() ([]byte, error) { return enlarged("retina.jpg", 5) })}, // 7055 x 7055
}

// photo returns the photo of a size and its file's name. The data must not be
// changed.
func photo(size harness.Size) (name string, data []byte, err error) {
	dir, err := inputs.SeBSData("200.multimedia/210.thumbnailer")
	if err != nil {
		return "", nil, err
	}
	if dir != nil {
		return sebsPhoto(dir)
	}
	p, ok := photos[size]
	if !ok {
		return "", nil, fmt.Errorf("unknown size %q", size)
	}
	data, err = p.data()
	return p.file, data, err
}

// enlarged returns a photo of testdata, a number of times as wide and as high.
func enlarged(file string, times int) ([]byte, error) {
	data, err := testdata.Files.ReadFile("photos/" + file)
	if err != nil || times == 1 {
		return data, err
	}
	return enlarge(data, times)
}

// sebsPhoto returns the photo that SeBS uses at every size, or the first if
// the folder does not have that.
func sebsPhoto(dir fs.FS) (name string, data []byte, err error) {
	names, err := fs.Glob(dir, "*.jpg")
	if err != nil {
		return "", nil, err
	}
	if len(names) == 0 {
		return "", nil, errors.New("SEBS_DATA: 200.multimedia/210.thumbnailer has no *.jpg: fetch the submodule's files")
	}
	name = names[0]
	for _, n := range names {
		if strings.HasPrefix(n, "6_astronomy") {
			name = n
		}
	}
	data, err = fs.ReadFile(dir, name)
	return name, data, err
}

// enlarge makes a photo a number of times as wide and as high, with grain, so
// that it has about as many bytes per pixel as a camera's. The same input
// gives the same bytes on every machine: only integers are used.
func enlarge(data []byte, times int) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := src.Bounds()
	from := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(from, from.Bounds(), src, b.Min, draw.Src)
	to := image.NewRGBA(image.Rect(0, 0, b.Dx()*times, b.Dy()*times))
	random := rand.New(rand.NewPCG(210, uint64(times)))
	var bits uint64
	for y := range to.Rect.Dy() {
		y0, fy := y/times, y%times
		above := from.Pix[y0*from.Stride:]
		below := from.Pix[min(y0+1, b.Dy()-1)*from.Stride:]
		row := to.Pix[y*to.Stride:]
		for x := range to.Rect.Dx() {
			x0, fx := x/times, x%times
			l, r := 4*x0, 4*min(x0+1, b.Dx()-1)
			if x%8 == 0 {
				bits = random.Uint64()
			}
			grain := int(bits&15) - int(bits>>4&15) // triangular, within -15..15
			bits >>= 8
			for c := range 3 {
				top := int(above[l+c])*(times-fx) + int(above[r+c])*fx
				bottom := int(below[l+c])*(times-fx) + int(below[r+c])*fx
				value := (top*(times-fy) + bottom*fy) / (times * times)
				row[4*x+c] = uint8(min(max(value+grain, 0), 255))
			}
			row[4*x+3] = 255
		}
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, to, &jpeg.Options{Quality: 85})
	return out.Bytes(), err
}
