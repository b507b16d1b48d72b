package video

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image/color"
	"image/gif"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/testdata"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// TestClip reads the input as what the package says of it.
func TestClip(t *testing.T) {
	data, err := testdata.Files.ReadFile("videos/bigbuckbunny.mp4")
	require.NoError(t, err)
	m, err := readMovie(data)
	require.NoError(t, err)
	require.Equal(t, [2]int{1280, 720}, [2]int{m.width, m.height})
	require.Len(t, m.samples, 132)
	require.InDelta(t, 132.0/25, m.duration, 0.01)
}

// output is a stored object and a part of the error with which it is rejected;
// empty: it is accepted.
type output struct {
	name   string
	fields map[string]any // beside the object's bucket and key
	object []byte
	want   string
}

// tryAll checks outputs for a size.
func tryAll(t *testing.T, size harness.Size, outputs []output) {
	t.Helper()
	store := benchtest.Store(t, Benchmark)
	in := benchtest.Input(t, Benchmark, size, store)
	for _, o := range append(outputs,
		output{name: "empty", object: []byte{}, want: "it is not"},
		output{name: "nothing stored", want: "not found"},
		output{name: "the input's key", fields: map[string]any{"key": store.Input(0) + "/bigbuckbunny.mp4"}, want: "want one under"},
		output{name: "another bucket", fields: map[string]any{"bucket": "other"}, want: "bucket"},
		output{name: "an unknown field", fields: map[string]any{"frames": 3}, want: "unknown field"},
	) {
		t.Run(o.name, func(t *testing.T) {
			key := store.Output(0) + "/" + o.name
			if o.object != nil {
				benchtest.Put(t, store, key, o.object)
			}
			fields := map[string]any{"bucket": store.Bucket(), "key": key}
			for k, v := range o.fields {
				fields[k] = v
			}
			err := Benchmark.Check(t.Context(), size, in, benchtest.JSON(t, fields), store)
			if o.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, o.want)
			}
		})
	}
}

// TestCheckGIF rejects wrong GIFs, and accepts the right one.
func TestCheckGIF(t *testing.T) {
	right, err := os.ReadFile("testdata/right.gif")
	require.NoError(t, err)
	input, err := testdata.Files.ReadFile("videos/bigbuckbunny.mp4")
	require.NoError(t, err)
	edit := func(change func(*gif.GIF)) []byte {
		g, err := gif.DecodeAll(bytes.NewReader(right))
		require.NoError(t, err)
		change(g)
		var b bytes.Buffer
		require.NoError(t, gif.EncodeAll(&b, g))
		return b.Bytes()
	}
	tryAll(t, harness.Test, []output{
		{name: "right", object: right},
		{name: "right, encoded anew", object: edit(func(*gif.GIF) {})},
		{name: "right output of another size", object: film(t, harness.Small), want: "not a GIF"},
		{name: "the input", object: input, want: "not a GIF"},
		{name: "the first frame only", object: edit(func(g *gif.GIF) {
			g.Image, g.Delay, g.Disposal = g.Image[:1], g.Delay[:1], g.Disposal[:1]
		}), want: "1 frames, want 3"},
		{name: "the first frame three times", object: edit(func(g *gif.GIF) {
			for i := range g.Image {
				g.Image[i] = g.Image[0]
			}
		}), want: "frame 1 of the GIF"},
		{name: "another moment", object: edit(func(g *gif.GIF) { // begins with what the last frame shows
			for _, part := range g.Image[1:] {
				for y := part.Rect.Min.Y; y < part.Rect.Max.Y; y++ {
					for x := part.Rect.Min.X; x < part.Rect.Max.X; x++ {
						if _, _, _, a := part.At(x, y).RGBA(); a > 0 {
							g.Image[0].Set(x, y, part.At(x, y))
						}
					}
				}
			}
		}), want: "frame 0 of the GIF"},
		{name: "no colours", object: edit(func(g *gif.GIF) {
			for _, part := range g.Image {
				part.Palette = slices.Clone(part.Palette)
				for i, c := range part.Palette {
					if r, _, _, a := c.RGBA(); a > 0 {
						part.Palette[i] = color.Gray16{Y: uint16(r)}
					}
				}
			}
		}), want: "frame 0 of the GIF"},
		{name: "announces 65535 x 65535 pixels", object: func() []byte {
			b := bytes.Clone(right)
			copy(b[6:], []byte{0xff, 0xff, 0xff, 0xff})
			return b
		}(), want: "65535 x 65535"},
		{name: "truncated", object: right[:len(right)/2], want: "not a whole GIF"},
	})
}

// film makes the right MP4 of a size: the tables that ffmpeg wrote for the
// size small, or ones with other sizes of frames, with frames of zeros.
func film(t *testing.T, size harness.Size) []byte {
	t.Helper()
	c, err := clipFor(size)
	require.NoError(t, err)
	return mp4(t, c.want.(encoded).samples)
}

// mp4 makes an MP4 with samples of the sizes.
func mp4(t *testing.T, samples []uint32) []byte {
	t.Helper()
	tables, err := os.ReadFile("testdata/right-without-samples.mp4")
	require.NoError(t, err)
	const head = 48 // ftyp, free, and the beginning of mdat
	frames := bytes.Clone(tables[:head])
	for _, size := range samples {
		unit := make([]byte, size)
		binary.BigEndian.PutUint32(unit, size-4)
		unit[4] = 0x65 // a slice of a picture
		frames = append(frames, unit...)
	}
	binary.BigEndian.PutUint32(frames[head-8:], uint32(len(frames)-head+8))
	moov := tables[head:]
	for _, edit := range []struct {
		kind  string
		value func(body []byte) []byte
	}{
		{"mdhd", func(b []byte) []byte {
			b = bytes.Clone(b)
			binary.BigEndian.PutUint32(b[16:], word(b, 12)*uint32(len(samples))/25)
			return b
		}},
		{"stsc", func([]byte) []byte { return words(0, 1, 1, uint32(len(samples)), 1) }},
		{"stsz", func([]byte) []byte { return append(words(0, 0, uint32(len(samples))), words(samples...)...) }},
	} {
		moov = replace(t, moov, edit.kind, edit.value)
	}
	return append(frames, moov...)
}

func words(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// replace replaces the body of the first box of a kind and adjusts the sizes
// of the boxes around it.
func replace(t *testing.T, data []byte, kind string, change func([]byte) []byte) []byte {
	t.Helper()
	at := bytes.Index(data, []byte(kind)) - 4
	require.Positive(t, at)
	body := change(data[at+8 : at+int(word(data, at))])
	grown := len(body) + 8 - int(word(data, at))
	out := slices.Concat(data[:at], words(uint32(len(body)+8)), []byte(kind), body, data[at+int(word(data, at)):])
	for _, outer := range []string{"moov", "trak", "mdia", "minf", "stbl"} {
		if i := bytes.Index(out, []byte(outer)) - 4; i < at && i+int(word(data, i)) > at {
			binary.BigEndian.PutUint32(out[i:], uint32(int(word(out, i))+grown))
		}
	}
	return out
}

// TestCheckWatermark rejects wrong videos, and accepts the right one.
func TestCheckWatermark(t *testing.T) {
	right := film(t, harness.Small)
	c, err := clipFor(harness.Small)
	require.NoError(t, err)
	samples := c.want.(encoded).samples
	scaled := func(from int, factor float64) []uint32 {
		s := slices.Clone(samples)
		for i := from; i < len(s); i++ {
			s[i] = uint32(float64(s[i]) * factor)
		}
		return s
	}
	animated, err := os.ReadFile("testdata/right.gif")
	require.NoError(t, err)
	change := func(old, new string) []byte {
		i := bytes.LastIndex(right, []byte(old))
		require.Positive(t, i)
		return slices.Concat(right[:i], []byte(new), right[i+len(old):])
	}
	tryAll(t, harness.Small, []output{
		{name: "right", object: right},
		{name: "right, of another encoder's version", object: mp4(t, append([]uint32{samples[0] * 996 / 1000}, scaled(0, 1.02)[1:]...))},
		{name: "right output of another size", object: animated, want: "not an MP4"},
		{name: "right output of the large size", object: film(t, harness.Large), want: "90 frames, want 25"},
		{name: "one frame is missing", object: mp4(t, samples[:24]), want: "24 frames"},
		{name: "no watermark", object: mp4(t, withoutWatermark), want: "first frame has 109143 bytes"},
		{name: "another moment", object: mp4(t, append(samples[:1:1], append(scaled(0, 1)[12:], samples[1:12]...)...)), want: "sizes of the frames differ"},
		{name: "lower quality", object: mp4(t, scaled(1, 0.8)), want: "sizes of the frames differ"},
		{name: "another width", object: change("\x05\x00\x02\xd0\x00\x48", "\x02\x80\x01\x68\x00\x48"), want: "640 x 360"},
		{name: "half as fast", object: replace(t, right, "mdhd", func(b []byte) []byte {
			b = bytes.Clone(b)
			binary.BigEndian.PutUint32(b[16:], 2*word(b, 16))
			return b
		}), want: "lasts 2.00 s"},
		{name: "another codec", object: change("avc1", "mp4v"), want: "not H.264"},
		{name: "sound only", object: change("vide", "soun"), want: "no video track"},
		{name: "frames of zeros", object: func() []byte {
			b := bytes.Clone(right)
			clear(b[48:1000])
			return b
		}(), want: "not made of H.264 units"},
		{name: "truncated", object: right[:len(right)/2], want: "no box moov"},
		{name: "tables only", object: append(bytes.Clone(right[:32]), right[bytes.LastIndex(right, []byte("moov"))-4:]...), want: "frame 0 ends at byte"},
	})
}

// withoutWatermark are the sizes of the frames that the ffmpeg of reference.json
// writes without the watermark.
var withoutWatermark = []uint32{109143, 3916, 1077, 2644, 8484, 2000, 2402, 10103, 3380, 659, 2824, 16085, 5482, 3084, 3327, 17051, 5869, 3334, 3317, 13878, 7246, 3560, 3976, 7130, 4073}

// TestSeBSData compares with SeBS's own outputs.
func TestSeBSData(t *testing.T) {
	root := t.TempDir()
	t.Setenv("SEBS_DATA", root)
	store := benchtest.Store(t, Benchmark)
	_, err := Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "SEBS_DATA="+root)
	dir := filepath.Join(root, "200.multimedia", "220.video-processing")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "outputs"), 0o755))
	_, err = Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "no *.mp4")

	t.Setenv("SEBS_DATA", "")
	film := film(t, harness.Small)
	t.Setenv("SEBS_DATA", root)
	animated, err := os.ReadFile("testdata/right.gif")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "city.mp4"), []byte("city"), 0o644))
	_, err = Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "no outputs/watermark_test.mp4")
	for name, data := range map[string][]byte{"watermark_test.mp4": film, "watermark_small.mp4": animated, "city.gif": animated} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "outputs", name), data, 0o644))
	}
	for size, output := range map[harness.Size][]byte{harness.Test: film, harness.Large: animated} {
		in := benchtest.Input(t, Benchmark, size, store).(*payload)
		require.Equal(t, "city.mp4", in.Object.Key)
		key := store.Output(0) + "/" + string(size)
		benchtest.Put(t, store, key, output)
		answer := benchtest.JSON(t, map[string]string{"bucket": store.Bucket(), "key": key})
		require.NoError(t, Benchmark.Check(t.Context(), size, in, answer, store))
		benchtest.Put(t, store, key, []byte("other"))
		require.Error(t, Benchmark.Check(t.Context(), size, in, answer, store))
	}
	_, err = Benchmark.Input(t.Context(), harness.Small, store)
	require.ErrorContains(t, err, "watermark_small.mp4: it is not an MP4")
	_, err = Benchmark.Input(t.Context(), "huge", store)
	require.ErrorContains(t, err, "huge")
}

// FuzzMovie reads anything without failing otherwise than with an error.
func FuzzMovie(f *testing.F) {
	tables, err := os.ReadFile("testdata/right-without-samples.mp4")
	require.NoError(f, err)
	f.Add(tables)
	f.Add([]byte("\x00\x00\x00\x08ftyp\x00\x00\x00\x01moov\x00\x00\x00\x00\x00\x00\x00\x10"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readMovie(data)
		if err != nil {
			return
		}
		require.NotEmpty(t, m.samples)
		require.LessOrEqual(t, m.samples[0], uint32(len(data)))
		_, err = json.Marshal(m.duration) // finite
		require.NoError(t, err)
	})
}
