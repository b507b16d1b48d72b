package recognition

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// planes are values by channel, row and column.
type planes struct {
	channels, height, width int
	values                  []float32
}

func newPlanes(channels, height, width int) planes {
	return planes{channels, height, width, make([]float32, channels*height*width)}
}

// forward computes the network's scores of what it reads, with nothing but
// loops.
func forward(t *testing.T, w weights, input planes) []float32 {
	t.Helper()
	get := func(p tensor) []float32 {
		values, err := w(p)
		require.NoError(t, err)
		return values
	}
	at := map[string]planes{"input": input}
	var last planes
	for _, c := range convolutions() {
		var norm [4][]float32
		for i, p := range c.normalization() {
			norm[i] = get(p)
		}
		out := convolve(at[c.from], c, get(c.weight()))
		area := out.height * out.width
		for i := range out.values {
			ch := i / area
			v := (out.values[i]-norm[2][ch])/float32(math.Sqrt(float64(norm[3][ch])+1e-5))*norm[0][ch] + norm[1][ch]
			if c.add != "" {
				v += at[c.add].values[i]
			}
			if c.relu {
				v = max(v, 0)
			}
			out.values[i] = v
		}
		at[c.to], last = out, out
		if c.to == "stem" {
			at["pool"] = pool(out)
		}
	}
	weight, bias := get(tensor{"fc.weight", []int{classes, width}}), get(tensor{"fc.bias", []int{classes}})
	area := last.height * last.width
	scores := make([]float32, classes)
	for class := range scores {
		sum := float64(bias[class])
		for ch := range width {
			mean := 0.0
			for _, v := range last.values[ch*area : (ch+1)*area] {
				mean += float64(v)
			}
			sum += float64(weight[class*width+ch]) * mean / float64(area)
		}
		scores[class] = float32(sum)
	}
	return scores
}

// convolve computes a convolution with zeros around its input. Output channels
// are computed at the same time.
func convolve(in planes, c convolution, weight []float32) planes {
	pad := c.kernel / 2
	out := newPlanes(c.out, (in.height+2*pad-c.kernel)/c.stride+1, (in.width+2*pad-c.kernel)/c.stride+1)
	area := out.height * out.width
	var wait sync.WaitGroup
	for worker := range 2 {
		wait.Go(func() {
			for o := worker; o < c.out; o += 2 {
				sums := out.values[o*area : (o+1)*area]
				for i := range c.in {
					for ky := range c.kernel {
						for kx := range c.kernel {
							add(sums, out.width, in, i, ky-pad, kx-pad, c.stride, weight[((o*c.in+i)*c.kernel+ky)*c.kernel+kx])
						}
					}
				}
			}
		})
	}
	wait.Wait()
	return out
}

// add adds a channel, moved by dy and dx and times a factor, to sums.
func add(sums []float32, width int, in planes, channel, dy, dx, stride int, factor float32) {
	for y := range len(sums) / width {
		sy := y*stride + dy
		if sy < 0 || sy >= in.height {
			continue
		}
		row := in.values[(channel*in.height+sy)*in.width:][:in.width]
		to := sums[y*width:][:width]
		first := 0
		if dx < 0 {
			first = (-dx + stride - 1) / stride
		}
		for x := first; x < width && x*stride+dx < in.width; x++ {
			to[x] += factor * row[x*stride+dx]
		}
	}
}

// pool is max pooling of 3 x 3 with stride 2.
func pool(in planes) planes {
	out := newPlanes(in.channels, (in.height+1)/2, (in.width+1)/2)
	for i := range out.values {
		ch, y, x := i/(out.height*out.width), i/out.width%out.height, i%out.width
		best := float32(math.Inf(-1))
		for sy := max(2*y-1, 0); sy <= min(2*y+1, in.height-1); sy++ {
			for sx := max(2*x-1, 0); sx <= min(2*x+1, in.width-1); sx++ {
				best = max(best, in.values[(ch*in.height+sy)*in.width+sx])
			}
		}
		out.values[i] = best
	}
	return out
}

// prepare makes of a photo what the network reads: the middle of it, shrunk so
// that its shorter side has 256 pixels by a filter of triangles.
func prepare(t *testing.T, data []byte) planes {
	t.Helper()
	src, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	b := src.Bounds()
	shorter := min(b.Dx(), b.Dy())
	width, height := b.Dx()*256/shorter, b.Dy()*256/shorter
	columns := triangles(b.Dx(), width, (width-side)/2)
	rows := triangles(b.Dy(), height, (height-side)/2)
	mean, deviation := [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}
	out := newPlanes(3, side, side)
	for y, row := range rows {
		for x, column := range columns {
			var sums [3]float64
			for sy, wy := range row {
				for sx, wx := range column {
					for c, v := range colour(src, b.Min.X+sx, b.Min.Y+sy) {
						sums[c] += wx * wy * v
					}
				}
			}
			for c, sum := range sums {
				out.values[(c*side+y)*side+x] = float32((sum/255 - mean[c]) / deviation[c])
			}
		}
	}
	return out
}

func colour(src image.Image, x, y int) [3]float64 {
	r, g, b, _ := src.At(x, y).RGBA()
	return [3]float64{float64(r >> 8), float64(g >> 8), float64(b >> 8)}
}

// triangles returns, for 224 pixels from first on of a side shrunk from one
// length to another, the weights of the pixels that each is made of.
func triangles(from, to, first int) []map[int]float64 {
	scale := float64(from) / float64(to)
	list := make([]map[int]float64, side)
	for i := range list {
		center := (float64(first+i) + 0.5) * scale
		weights := map[int]float64{}
		sum := 0.0
		for p := max(int(center-scale), 0); p < from && float64(p) < center+scale+1; p++ {
			if w := 1 - math.Abs(float64(p)+0.5-center)/scale; w > 0 {
				weights[p] = w
				sum += w
			}
		}
		for p := range weights {
			weights[p] /= sum
		}
		list[i] = weights
	}
	return list
}

// TestRecorded computes the scores of the first photo anew.
func TestRecorded(t *testing.T) {
	list, err := photos(1)
	require.NoError(t, err)
	scores := forward(t, seeded, prepare(t, list[0].data))
	best := 0
	for class, score := range scores {
		if score > scores[best] {
			best = class
		}
	}
	require.Equal(t, recorded[0].index, best)
	require.InEpsilon(t, recorded[0].score, scores[best], 0.01)
}
