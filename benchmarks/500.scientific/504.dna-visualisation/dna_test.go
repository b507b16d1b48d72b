package dna

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// TestGenomes pins every input.
func TestGenomes(t *testing.T) {
	for size, want := range map[harness.Size]struct {
		bases  int
		digest string
	}{
		harness.Test:  {9609, "ecf45b132b98f149284dd214eea45801d6bab2de084f8843f366351d80fd4a3f"},
		harness.Small: {154478, "2bcb6eec38c296e92ab396b9cfc58db4f09860348bd9287f92149d714cce2683"},
		harness.Large: {1235824, "afd40c5281b005d0cf796ae50fc60f066a65e1ade6f70eb3e75d3610a08ccd46"},
	} {
		_, data, err := genome(size)
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		require.Equal(t, want.digest, hex.EncodeToString(sum[:]), size)
		require.Len(t, bases(data), want.bases, size)
	}
}

// TestCompare knows squiggle's own example, and what it does with letters for
// bases that are not known.
func TestCompare(t *testing.T) {
	require.NoError(t, compare([]byte("[[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0], [0, 0.5, 0, -0.5, -1, -0.5, 0, -0.5, 0]]"), []byte("ATGC")))
	require.NoError(t, compare([]byte(" [[0,5e-1,1,1.5,2],\n[0,0,0,0.5,1]]\n"), []byte("Ng")))
	require.NoError(t, compare([]byte("[[0],[0]]"), nil))
}

// draw makes the drawing of a sequence, in a simpler way than the check's.
func draw(bases string) []byte {
	half := map[rune]float64{'A': 0.5, 'C': -0.5, 'G': 0.5, 'T': -0.5}
	whole := map[rune]float64{'G': 1, 'T': -1}
	points := [2][]float64{{0}, {0}}
	y := 0.0
	for i, base := range bases {
		points[0] = append(points[0], float64(i)+0.5, float64(i)+1)
		points[1] = append(points[1], y+half[base], y+whole[base])
		y += whole[base]
	}
	data, _ := json.Marshal(points)
	return data
}

// TestCheck rejects wrong outputs, and accepts the right one.
func TestCheck(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	in := benchtest.Input(t, Benchmark, harness.Test, store).(*payload)
	sequence := string(in.bases)
	_, another, err := genome(harness.Small)
	require.NoError(t, err)
	right := draw(sequence)
	reversed := []byte(sequence)
	for i, base := range []byte(sequence) {
		reversed[len(reversed)-1-i] = base
	}
	for _, c := range []struct {
		name   string
		output map[string]any // beside the stored object's bucket and key
		object []byte
		want   string // in the error; empty: accepted
	}{
		{name: "right", object: right},
		{name: "right, with white space", object: bytes.ReplaceAll(right, []byte(","), []byte(", "))},
		{name: "right output of another size", object: draw(string(bases(another))), want: "more than"},
		{name: "another genome of the same length", object: draw(string(bases(another)[:len(sequence)])), want: "y 1 of the drawing"},
		{name: "backwards", object: draw(string(reversed)), want: "y 1 of"},
		{name: "the last base is missing", object: draw(sequence[:len(sequence)-1]), want: "has 19217 x, want 19219"},
		{name: "a base twice", object: draw(sequence + "A"), want: "more than 19219 x"},
		{name: "a base exchanged", object: draw(sequence[:5000] + "N" + sequence[5001:]), want: "y 10001 of"},
		{name: "one y is missing", object: append(bytes.Clone(right[:bytes.LastIndexByte(right, ',')]), "]]"...), want: "has 19218 y"},
		{name: "x and y exchanged", object: func() []byte {
			var points [2][]float64
			require.NoError(t, json.Unmarshal(right, &points))
			points[0], points[1] = points[1], points[0]
			return benchtest.JSON(t, points)
		}(), want: "x 1 of the drawing is -0.5"},
		{name: "no number", object: bytes.Replace(right, []byte("0.5"), []byte("nil"), 1), want: "want a number"},
		{name: "twice", object: append(bytes.Clone(right), right...), want: "more follows"},
		{name: "truncated", object: right[:len(right)/2], want: "want a number and"},
		{name: "an object", object: []byte(`{"x": []}`), want: "byte 0"},
		{name: "empty", object: []byte{}, want: "byte 0"},
		{name: "far too long", object: bytes.Repeat([]byte(" "), 1<<20), want: "more than"},
		{name: "nothing stored", want: "not found"},
		{name: "the input's key", output: map[string]any{"key": store.Input(0) + "/plasmid.fasta"}, object: right, want: "want one under"},
		{name: "another bucket", output: map[string]any{"bucket": "other"}, object: right, want: "bucket"},
		{name: "an unknown field", output: map[string]any{"points": 3}, object: right, want: "unknown field"},
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
}

// FuzzCompare accepts nothing that is not the drawing.
func FuzzCompare(f *testing.F) {
	for _, seed := range []string{"[[0.0, 0.5, 1.0], [0, 0.5, 0]]", "[[0", "[[0,", "[]", " ", "[[0,0.5,1],[0,0.5,0]] ]", "[[0x0,0.5,1],[0,0.5,0]]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if compare(data, []byte("A")) != nil {
			return
		}
		var points [][]float64
		require.NoError(t, json.Unmarshal(data, &points))
		require.Equal(t, [][]float64{{0, 0.5, 1}, {0, 0.5, 0}}, points)
	})
}

// TestSeBSData uses the last genome of SeBS's repository, whatever the size.
func TestSeBSData(t *testing.T) {
	root := t.TempDir()
	t.Setenv("SEBS_DATA", root)
	store := benchtest.Store(t, Benchmark)
	_, err := Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "SEBS_DATA="+root)
	dir := filepath.Join(root, "500.scientific", "504.dna-visualisation")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	_, err = Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "no *.fasta")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.fasta"), []byte(">a\nA\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.fasta"), []byte(">b\r\nAT\r\nGC\r\n"), 0o644))
	in := benchtest.Input(t, Benchmark, harness.Large, store).(*payload)
	require.Equal(t, "b.fasta", in.Object.Key)
	key := store.Output(0) + "/b.json"
	benchtest.Put(t, store, key, draw("ATGC"))
	output := benchtest.JSON(t, map[string]string{"bucket": store.Bucket(), "key": key})
	require.NoError(t, Benchmark.Check(t.Context(), harness.Large, in, output, store))
}

// TestTrim has package.sh remove what drawing does not import, say so, and
// leave the rest.
func TestTrim(t *testing.T) {
	left, printed := benchtest.Trim(t, "python/package.sh",
		"bokeh/plotting.py",
		"numpy.libs/libopenblas.so",
		"numpy/f2py/main.py",
		"numpy/lib/tests/test_io.py",
		"numpy/linalg.py",
		"squiggle/__init__.py",
		"squiggle/cli.py",
		"squiggle/squiggle.py",
		"tqdm/std.py",
	)
	require.Equal(t, []string{
		"numpy/linalg.py",
		"numpy.libs/libopenblas.so",
		"squiggle/__init__.py",
		"squiggle/squiggle.py",
		"tqdm/std.py",
	}, left)
	for _, removed := range []string{"bokeh", "squiggle/cli.py", "numpy/f2py", "numpy/lib/tests"} {
		require.Regexp(t, `removed (\./)?`+removed+` \(\d+ kB\)`, printed)
	}
}
