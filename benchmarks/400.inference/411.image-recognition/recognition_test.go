package recognition

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/benchmarks/internal/turbojpeg"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark, turbojpeg.Sources) }

// TestClasses has one list of names in all languages.
func TestClasses(t *testing.T) {
	first, err := os.ReadFile("python/resources/classes.json")
	require.NoError(t, err)
	var names []string
	require.NoError(t, json.Unmarshal(first, &names))
	require.Len(t, names, classes)
	require.Equal(t, "sports_car", names[817])
	copies, err := filepath.Glob("*/resources/classes.json")
	require.NoError(t, err)
	require.Greater(t, len(copies), 1)
	for _, file := range append(copies, "java/src/main/resources/classes.json") {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(first), string(data), file)
	}
	for _, r := range recorded {
		name, err := className(r.index)
		require.NoError(t, err)
		require.Equal(t, name, r.class)
	}
}

// TestInputs pins the model and every photo: the recorded predictions are of
// these. Photos that are parts of others come from the encoder of Go 1.26.
func TestInputs(t *testing.T) {
	model, err := onnx(seeded)
	require.NoError(t, err)
	hash := sha256.New()
	list, err := photos(numbers[harness.Large])
	require.NoError(t, err)
	for _, p := range list {
		hash.Write(p.data)
	}
	sum := sha256.Sum256(model)
	require.Equal(t, "08c9a938826716e85e6501327785a15a1c6958c96db5b50fac41d6c1dc425ff2", hex.EncodeToString(sum[:]))
	require.Equal(t, "cc89f80be77fa4f4b646d790b5d0488bca14f22c822ba4fbc23a8cdefd07334f", hex.EncodeToString(hash.Sum(nil)))
	require.Len(t, recorded, len(list))

	parameters := 0
	for _, c := range convolutions() {
		parameters += c.weight().length() + 2*c.out
	}
	require.Equal(t, 25_557_032, parameters+classes*width+classes, "ResNet-50's")
}

// TestCheck rejects wrong outputs, and accepts the right ones.
func TestCheck(t *testing.T) {
	payloads := map[harness.Size]*payload{}
	right := map[harness.Size]json.RawMessage{}
	for _, size := range harness.Sizes {
		s, err := scenarioFor(size)
		require.NoError(t, err)
		payloads[size] = &payload{want: s.want}
		right[size] = benchtest.JSON(t, map[string]any{"predictions": s.want})
		require.NoError(t, Benchmark.Check(t.Context(), size, payloads[size], right[size], nil))
	}
	edit := func(change func([]prediction) []prediction) json.RawMessage {
		list := append([]prediction(nil), payloads[harness.Small].want...)
		return benchtest.JSON(t, map[string]any{"predictions": change(list)})
	}
	for name, c := range map[string]struct {
		output json.RawMessage
		want   string
	}{
		"right output of a smaller size": {right[harness.Test], "1 predictions, want 4"},
		"right output of a larger size":  {right[harness.Large], "16 predictions, want 4"},
		"another photo's prediction": {edit(func(l []prediction) []prediction {
			l[0].Index, l[0].Class, l[0].Score = l[1].Index, l[1].Class, l[1].Score
			return l
		}), "classified as 3"},
		"a prediction of another photo in the same class": {edit(func(l []prediction) []prediction {
			l[3].Score = l[0].Score
			return l
		}), "has the score 3.42"},
		"another order":               {edit(func(l []prediction) []prediction { l[0], l[1] = l[1], l[0]; return l }), "is of"},
		"one prediction is missing":   {edit(func(l []prediction) []prediction { return l[:3] }), "3 predictions"},
		"the right class's neighbour": {edit(func(l []prediction) []prediction { l[0].Index++; return l }), "classified as 2"},
		"the wrong name":              {edit(func(l []prediction) []prediction { l[0].Class = "tench"; return l }), `"tench"`},
		"a probability":               {edit(func(l []prediction) []prediction { l[0].Score = 0.7; return l }), "score 0.7"},
		"no scores": {edit(func(l []prediction) []prediction {
			for i := range l {
				l[i].Score = 0
			}
			return l
		}), "score 0.0"},
		"SeBS's form": {json.RawMessage(`{"idx": 817, "class": "sports_car"}`), "unknown field"},
		"nothing":     {json.RawMessage(`null`), "0 predictions"},
		"empty":       {nil, "decode"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, Benchmark.Check(t.Context(), harness.Small, payloads[harness.Small], c.output, nil), c.want)
		})
	}
}

// TestSeBSData makes a model of SeBS's file and expects the class of SeBS's
// table. The file here has the seeded weights.
func TestSeBSData(t *testing.T) {
	root := t.TempDir()
	t.Setenv("SEBS_DATA", root)
	store := benchtest.Store(t, Benchmark)
	refused := func(want string) {
		t.Helper()
		_, err := Benchmark.Input(t.Context(), harness.Test, store)
		require.ErrorContains(t, err, want)
	}
	refused("SEBS_DATA=" + root)
	dir := filepath.Join(root, "400.inference", "411.image-recognition")
	write := func(name string, data []byte) {
		t.Helper()
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, data, 0o644))
	}
	require.NoError(t, os.MkdirAll(dir, 0o755))
	refused("no fake-resnet/val_map.txt")
	write("fake-resnet/val_map.txt", []byte("car.jpg\n"))
	refused("val_map.txt begins with")
	write("fake-resnet/val_map.txt", []byte("car.jpg 1000\n"))
	refused(`the class "1000"`)
	write("fake-resnet/val_map.txt", []byte("car.jpg 817\nowl.jpg 24\n"))
	refused("car.jpg")
	list, err := photos(1)
	require.NoError(t, err)
	write("fake-resnet/car.jpg", list[0].data)
	refused("no model/resnet50-19c8e357.pth")
	write("model/resnet50-19c8e357.pth", []byte("weights"))
	refused("resnet50-19c8e357.pth: it is not a pickle")
	write("model/resnet50-19c8e357.pth", saved(t, parameters()[1:]))
	refused("there is no conv1.weight")
	write("model/resnet50-19c8e357.pth", saved(t, parameters()))

	in := benchtest.Input(t, Benchmark, harness.Large, store).(*payload)
	require.Equal(t, []string{"car.jpg"}, in.Object.Inputs)
	model, err := onnx(seeded)
	require.NoError(t, err)
	stored, err := store.Get(t.Context(), store.Input(0)+"/"+modelKey, 1<<30)
	require.NoError(t, err)
	require.True(t, bytes.Equal(model, stored))
	check := func(output string) error {
		return Benchmark.Check(t.Context(), harness.Large, in, json.RawMessage(output), store)
	}
	require.NoError(t, check(`{"predictions": [{"key": "car.jpg", "idx": 817, "class": "sports_car", "score": 12.3}]}`))
	require.ErrorContains(t, check(`{"predictions": [{"key": "car.jpg", "idx": 24, "class": "great_grey_owl", "score": 12.3}]}`), "want 817")
}

// saved makes a file as torch.save's old format has it, with seeded weights.
func saved(t *testing.T, list []tensor) []byte {
	t.Helper()
	text := func(b []byte, s string) []byte {
		return append(binary.LittleEndian.AppendUint32(append(b, 'X'), uint32(len(s))), s...)
	}
	number := func(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(append(b, 'J'), uint32(n)) }
	b := []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.")
	b = append(b, "\x80\x02ccollections\nOrderedDict\n)R("...)
	for _, p := range list {
		b = text(b, p.name)
		b = append(text(append(b, "ctorch._utils\n_rebuild_tensor_v2\n(("...), "storage"), "ctorch\nFloatStorage\n"...)
		b = append(number(text(text(b, p.name), "cpu"), p.length()), "NtQ"...)
		b = append(number(b, 0), '(')
		for _, d := range p.shape {
			b = number(b, d)
		}
		b = append(b, "t("...)
		stride := p.length()
		for _, d := range p.shape {
			stride /= d
			b = number(b, stride)
		}
		b = append(b, "t\x89ccollections\nOrderedDict\n)RtR"...)
	}
	b = append(b, "u.\x80\x02]("...)
	for _, p := range list {
		b = text(b, p.name)
	}
	b = append(b, "e."...)
	for _, p := range list {
		values, err := seeded(p)
		require.NoError(t, err)
		b = binary.LittleEndian.AppendUint64(b, uint64(len(values)))
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return b
}
