package thumbnailer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/benchmarks/internal/turbojpeg"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/testdata"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark, turbojpeg.Sources) }

// TestPhotos pins the bytes of every input. Those of the enlarged photos come
// from the encoder of Go 1.26: a later Go may need new digests, and results
// before and after are then of different inputs.
func TestPhotos(t *testing.T) {
	for size, want := range map[harness.Size]string{
		harness.Test:  "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
		harness.Small: "ae23f0a86f26435db3bbfaf7476dbed8e55f7e9157f2dff4607253fcef1b29ae",
		harness.Large: "deb7d4c789b6166ef331958bcd55fda19b991439994c394293ef58a29a52c214",
	} {
		_, data, err := photo(size)
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		require.Equal(t, want, hex.EncodeToString(sum[:]), size)
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct{ width, height, wantWidth, wantHeight int }{
		{640, 427, 200, 133},
		{427, 640, 133, 200},
		{1411, 1411, 200, 200},
		{3000, 2616, 200, 174},
		{150, 100, 150, 100},
		{10000, 1, 200, 1},
	} {
		width, height := fit(c.width, c.height, 200, 200)
		require.Equal(t, [2]int{c.wantWidth, c.wantHeight}, [2]int{width, height}, "%d x %d", c.width, c.height)
	}
}

// TestCheck rejects wrong outputs, and accepts the right one.
func TestCheck(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	in := benchtest.Input(t, Benchmark, harness.Test, store).(*payload)
	right := make200(t, harness.Test)
	another := make200(t, harness.Small)

	edit := func(change func(x, y int) color.Color) []byte {
		img := image.NewRGBA(image.Rect(0, 0, right.width, right.height))
		for y := range right.height {
			for x := range right.width {
				img.Set(x, y, change(x, y))
			}
		}
		return encode(t, img)
	}
	rightJPEG := encode(t, right.image())
	for _, c := range []struct {
		name   string
		output map[string]any // beside the stored object's bucket and key
		object []byte
		want   string // in the error; empty: accepted
	}{
		{name: "right", object: rightJPEG},
		{name: "right output of another size", object: encode(t, another.image()), want: "200 x 174, want 200 x 133"},
		{name: "another photo of the same size", object: encode(t, resize(another, right.width, right.height).image()), want: "pixels differ"},
		{name: "mirrored", object: edit(func(x, y int) color.Color { return right.at(right.width-1-x, y) }), want: "pixels differ"},
		{name: "upside down", object: edit(func(x, y int) color.Color { return right.at(x, right.height-1-y) }), want: "pixels differ"},
		{name: "red and blue exchanged", object: edit(func(x, y int) color.Color {
			c := right.at(x, y)
			return color.RGBA{c.B, c.G, c.R, 255}
		}), want: "pixels differ"},
		{name: "the photo's middle, not the whole", object: encode(t, crop(t)), want: "pixels differ"},
		{name: "black", object: edit(func(int, int) color.Color { return color.Black }), want: "pixels differ"},
		{name: "aspect lost", object: encode(t, resize(right, 200, 200).image()), want: "200 x 200, want 200 x 133"},
		{name: "too small", object: encode(t, resize(right, 100, 67).image()), want: "100 x 67"},
		{name: "too large", object: encode(t, resize(right, 201, 134).image()), want: "201 x 134"},
		{name: "announces 65535 x 65535 pixels", object: func() []byte {
			b := bytes.Clone(rightJPEG)
			sof := bytes.Index(b, []byte{0xff, 0xc0}) // marker, length, precision, height, width
			copy(b[sof+5:], []byte{0xff, 0xff, 0xff, 0xff})
			return b
		}(), want: "65535 x 65535"},
		{name: "PNG", object: func() []byte {
			var b bytes.Buffer
			require.NoError(t, png.Encode(&b, right.image()))
			return b.Bytes()
		}(), want: "decode"},
		{name: "truncated", object: rightJPEG[:len(rightJPEG)/2], want: "decode"},
		{name: "empty", object: []byte{}, want: "decode"},
		{name: "nothing stored", want: "not found"},
		{name: "the input's key", output: map[string]any{"key": store.Input(0) + "/rocket.jpg"}, object: rightJPEG, want: "want one under"},
		{name: "another bucket", output: map[string]any{"bucket": "other"}, object: rightJPEG, want: "bucket"},
		{name: "no key", output: map[string]any{"key": nil}, object: rightJPEG, want: "key"},
		{name: "an unknown field", output: map[string]any{"size": 3}, object: rightJPEG, want: "unknown field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := store.Output(0) + "/" + c.name
			if c.object != nil {
				benchtest.Put(t, store, key, c.object)
			}
			output := map[string]any{"bucket": store.Bucket(), "key": key}
			for k, v := range c.output {
				output[k] = v
			}
			err := Benchmark.Check(t.Context(), harness.Test, in, benchtest.JSON(t, output), store)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
	for _, output := range []string{`null`, `[]`, `"x"`, `{} {}`, ``} {
		require.Error(t, Benchmark.Check(t.Context(), harness.Test, in, json.RawMessage(output), store), output)
	}
}

// TestSeBSData uses a photo of SeBS's repository, whatever the size.
func TestSeBSData(t *testing.T) {
	root := t.TempDir()
	t.Setenv("SEBS_DATA", root)
	store := benchtest.Store(t, Benchmark)
	_, err := Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "SEBS_DATA="+root)

	dir := filepath.Join(root, "200.multimedia", "210.thumbnailer")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	_, err = Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "no *.jpg")

	picture := encode(t, crop(t))
	for _, name := range []string{"1_a.jpg", "6_astronomy-b.jpg", "7_c.jpg"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), picture, 0o644))
	}
	in := benchtest.Input(t, Benchmark, harness.Large, store).(*payload)
	require.Equal(t, "6_astronomy-b.jpg", in.Object.Key)
	stored, err := store.Get(t.Context(), store.Input(0)+"/6_astronomy-b.jpg", 1<<20)
	require.NoError(t, err)
	require.Equal(t, picture, stored)

	want := shrink(crop(t), 200, 150)
	key := store.Output(0) + "/b.jpg"
	benchtest.Put(t, store, key, encode(t, want.image()))
	output := benchtest.JSON(t, map[string]string{"bucket": store.Bucket(), "key": key})
	require.NoError(t, Benchmark.Check(t.Context(), harness.Large, in, output, store))
}

func encode(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}))
	return b.Bytes()
}

// make200 makes the right thumbnail of a size's photo, from the photo before it
// is enlarged.
func make200(t *testing.T, size harness.Size) thumbnail {
	t.Helper()
	data, err := testdata.Files.ReadFile("photos/" + photos[size].file)
	require.NoError(t, err)
	src, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	width, height := fit(src.Bounds().Dx(), src.Bounds().Dy(), box, box)
	return shrink(src, width, height)
}

// crop is the middle of the test photo, as large as its thumbnail.
func crop(t *testing.T) image.Image {
	t.Helper()
	_, data, err := photo(harness.Test)
	if os.Getenv("SEBS_DATA") != "" {
		img := image.NewRGBA(image.Rect(0, 0, 320, 240))
		for i := range img.Pix {
			img.Pix[i] = uint8(i / 1280)
		}
		return img
	}
	require.NoError(t, err)
	img, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	return img.(*image.YCbCr).SubImage(image.Rect(220, 147, 420, 280))
}

func (t thumbnail) at(x, y int) color.RGBA {
	p := t.pix[3*(y*t.width+x):]
	return color.RGBA{p[0], p[1], p[2], 255}
}

func (t thumbnail) image() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, t.width, t.height))
	for y := range t.height {
		for x := range t.width {
			img.SetRGBA(x, y, t.at(x, y))
		}
	}
	return img
}

func resize(t thumbnail, width, height int) thumbnail {
	to := thumbnail{width, height, make([]uint8, 3*width*height)}
	for y := range height {
		for x := range width {
			c := t.at(x*t.width/width, y*t.height/height)
			copy(to.pix[3*(y*width+x):], []uint8{c.R, c.G, c.B})
		}
	}
	return to
}

// TestEnlarged accepts the thumbnail of the photo as it was before it was
// enlarged.
func TestEnlarged(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	in := benchtest.Input(t, Benchmark, harness.Small, store)
	key := store.Output(0) + "/hubble.jpg"
	benchtest.Put(t, store, key, encode(t, make200(t, harness.Small).image()))
	output := benchtest.JSON(t, map[string]string{"bucket": store.Bucket(), "key": key})
	require.NoError(t, Benchmark.Check(t.Context(), harness.Small, in, output, store))
}

// TestDifference compares each photo with its own mirror images, the wrong
// thumbnails that are most like it: all are far from passing.
func TestDifference(t *testing.T) {
	for _, size := range harness.Sizes {
		right := make200(t, size)
		for name, at := range map[string]func(x, y int) color.RGBA{
			"mirrored":    func(x, y int) color.RGBA { return right.at(right.width-1-x, y) },
			"upside down": func(x, y int) color.RGBA { return right.at(x, right.height-1-y) },
		} {
			img := image.NewRGBA(image.Rect(0, 0, right.width, right.height))
			for y := range right.height {
				for x := range right.width {
					img.SetRGBA(x, y, at(x, y))
				}
			}
			d := difference(shrink(img, cells, cells), shrink(right.image(), cells, cells))
			require.Greater(t, d, 1.4*maxDifference, "%s, %s", size, name)
		}
	}
}
