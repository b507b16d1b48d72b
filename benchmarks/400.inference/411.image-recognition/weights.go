package recognition

import (
	_ "embed"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
)

// weights returns the values of a parameter.
type weights func(tensor) ([]float32, error)

// features are the means of the seeded network's features over the three photos
// of testdata, 2048 little-endian float32, as onnxruntime 1.19.2 computed them.
//
//go:embed features.bin
var features []byte

// seeded are weights from a fixed seed, equal on every machine: kernels are
// uniform with the variance that keeps activations as large as they come (He),
// normalizations change nothing but that they halve what a block adds.
//
// A random network sees all photos as nearly the same. The last layer therefore
// looks at the difference from the features' means, and a class counts less the
// higher its number, so that a photo's class does not hang on small
// differences between libraries.
func seeded(t tensor) ([]float32, error) {
	values := make([]float32, t.length())
	switch {
	case t.name == "fc.weight":
		uniform(values, "fc.weight.22", float32(math.Sqrt(6/float64(width))))
		for i := range values {
			values[i] /= float32(1 + i/width)
		}
	case t.name == "fc.bias":
		last, err := seeded(tensor{"fc.weight", []int{classes, width}})
		if err != nil {
			return nil, err
		}
		for class := range values {
			sum := 0.0 // products of two float32 are exact
			for i := range width {
				mean := math.Float32frombits(binary.LittleEndian.Uint32(features[4*i:]))
				sum += float64(last[class*width+i]) * float64(mean)
			}
			values[class] = float32(-sum)
		}
	case len(t.shape) > 1:
		fan := t.length() / t.shape[0]
		uniform(values, t.name, float32(math.Sqrt(6/float64(fan))))
	case strings.HasSuffix(t.name, ".running_var"):
		fill(values, 1)
	case strings.HasSuffix(t.name, "bn3.weight"):
		fill(values, 0.5)
	case strings.HasSuffix(t.name, ".weight"):
		fill(values, 1)
	}
	return values, nil
}

func fill(values []float32, v float32) {
	for i := range values {
		values[i] = v
	}
}

// uniform fills values with random numbers between -limit and limit, in an
// order of the name's own.
func uniform(values []float32, name string, limit float32) {
	seed := uint64(0)
	for _, c := range []byte(name) {
		seed = seed*257 + uint64(c)
	}
	random := rand.NewPCG(411, seed)
	scale := limit / (1 << 31)
	for i := 0; i < len(values); i += 2 {
		bits := random.Uint64()
		values[i] = float32(int32(bits)) * scale
		if i+1 < len(values) {
			values[i+1] = float32(int32(bits>>32)) * scale
		}
	}
}
