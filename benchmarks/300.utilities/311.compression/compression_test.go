package compression

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// TestDocument pins the names and contents of every tree.
func TestDocument(t *testing.T) {
	for size, want := range map[harness.Size]struct {
		files, bytes int
		digest       string
	}{
		harness.Test:  {8, 679723, "42200850fec72468a4ed9517c6093408e1657bb6c3bc29b9830f7feec763a3d1"},
		harness.Small: {32, 3291346, "32803ef47fa89d7e3c16eb9ca75339da6a5bff62fe5ecc78dc0f92236116abe5"},
		harness.Large: {128, 13737838, "48a3f07e116b5438c4a6e6b2af5bb281cb4d125a79a34ebe1f42f879e14b840b"},
	} {
		name, tree, err := document(size)
		require.NoError(t, err)
		require.Equal(t, "opticks-"+string(size), name)
		sum, total := sha256.New(), 0
		for _, name := range slices.Sorted(maps.Keys(tree)) {
			fmt.Fprintf(sum, "%s %d\n%s", name, len(tree[name]), tree[name])
			total += len(tree[name])
		}
		require.Equal(t, want.files, len(tree), size)
		require.Equal(t, want.bytes, total, size)
		require.Equal(t, want.digest, hex.EncodeToString(sum.Sum(nil)), size)
	}
}

// pack makes an archive of a tree under a prefix, after a change of the tree.
func pack(t *testing.T, tree map[string][]byte, prefix string, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: prefix + name, Method: method})
		require.NoError(t, err)
		_, err = f.Write(tree[name])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// TestCheck rejects wrong outputs, and accepts the right one.
func TestCheck(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	in := benchtest.Input(t, Benchmark, harness.Test, store)
	prefix := store.Input(0) + "/opticks-test/"
	const chapter = "volume-01/chapter-3.txt"
	tree := func(size harness.Size, change func(map[string][]byte)) map[string][]byte {
		_, tree, err := document(size)
		require.NoError(t, err)
		change(tree)
		return tree
	}
	same := func(map[string][]byte) {}
	right := pack(t, tree(harness.Test, same), prefix, zip.Deflate)
	deflated := func(change func(map[string][]byte)) []byte {
		return pack(t, tree(harness.Test, change), prefix, zip.Deflate)
	}
	for _, c := range []struct {
		name   string
		object []byte
		change map[string]any // in the output
		want   string         // in the error; empty: accepted
	}{
		{name: "right", object: right},
		{name: "right, with folders", object: deflated(func(m map[string][]byte) { m["volume-01/"] = nil })},
		{name: "right output of another size", object: pack(t, tree(harness.Small, func(m map[string][]byte) {
			maps.DeleteFunc(m, func(name string, _ []byte) bool { return name > "volume-01/~" && name < "volume-04/figures" })
		}), prefix, zip.Deflate), want: "not in the input"},
		{name: "another volume under the same names", object: deflated(func(m map[string][]byte) {
			other := tree(harness.Small, same)
			for i := range chapters {
				m[fmt.Sprintf("volume-01/chapter-%d.txt", i+1)] = other[fmt.Sprintf("volume-02/chapter-%d.txt", i+1)]
			}
		}), want: "differs"},
		{name: "a file is missing", object: deflated(func(m map[string][]byte) { delete(m, chapter) }), want: "lacks"},
		{name: "a file is empty", object: deflated(func(m map[string][]byte) { m[chapter] = nil }), want: "differs"},
		{name: "a file is cut off", object: deflated(func(m map[string][]byte) { m[chapter] = m[chapter][:1000] }), want: "differs"},
		{name: "a file is longer", object: deflated(func(m map[string][]byte) { m[chapter] = append(bytes.Clone(m[chapter]), '\n') }), want: "differs"},
		{name: "one byte changed", object: deflated(func(m map[string][]byte) {
			m[chapter] = bytes.Clone(m[chapter])
			m[chapter][5000] ^= 1
		}), want: "differs"},
		{name: "the archive in itself", object: deflated(func(m map[string][]byte) { m["archive.zip"] = nil }), want: "not in the input"},
		{name: "names without their folder", object: pack(t, tree(harness.Test, same), "", zip.Deflate), want: "not in the input"},
		{name: "not compressed", object: pack(t, tree(harness.Test, same), prefix, zip.Store), want: "more than"},
		{name: "no files", object: pack(t, nil, "", zip.Deflate), want: "lacks"},
		{name: "truncated", object: right[:len(right)/2], want: "zip"},
		{name: "damaged", object: func() []byte {
			b := bytes.Clone(right)
			b[len(b)/3] ^= 1
			return b
		}(), want: "archive's"},
		{name: "empty", object: []byte{}, want: "zip"},
		{name: "nothing stored", want: "not found"},
		{name: "another bucket", object: right, change: map[string]any{"bucket": "x"}, want: "bucket"},
		{name: "an input's key", object: right, change: map[string]any{"key": prefix + chapter}, want: "want one under"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := store.Output(0) + "/" + c.name
			if c.object != nil {
				benchtest.Put(t, store, key, c.object)
			}
			output := map[string]any{"bucket": store.Bucket(), "key": key}
			maps.Copy(output, c.change)
			err := Benchmark.Check(t.Context(), harness.Test, in, benchtest.JSON(t, output), store)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
	for _, output := range []string{`null`, `[]`, `"x"`, ``} {
		require.Error(t, Benchmark.Check(t.Context(), harness.Test, in, json.RawMessage(output), store), output)
	}
}

// TestSeBSData uses the tree of SeBS's repository, whatever the size.
func TestSeBSData(t *testing.T) {
	root := t.TempDir()
	t.Setenv("SEBS_DATA", root)
	store := benchtest.Store(t, Benchmark)
	_, err := Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "SEBS_DATA="+root)

	dir := filepath.Join(root, "300.utilities", "311.compression", "acmart-master")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "samples"), 0o755))
	_, err = Benchmark.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "empty")

	tree := map[string][]byte{
		"acmart.dtx":         bytes.Repeat([]byte("% \\iffalse\n"), 100),
		"samples/sample.tex": bytes.Repeat([]byte("\\documentclass{acmart}\n"), 100),
		"samples/empty.bib":  {},
	}
	for name, data := range tree {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644))
	}
	in := benchtest.Input(t, Benchmark, harness.Large, store).(*payload)
	require.Equal(t, "acmart-master", in.Object.Key)
	prefix := store.Input(0) + "/acmart-master/"
	var keys []string
	for o, err := range store.List(t.Context(), prefix) {
		require.NoError(t, err)
		keys = append(keys, o.Key[len(prefix):])
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(tree)), keys)

	key := store.Output(0) + "/acmart-master.zip"
	benchtest.Put(t, store, key, pack(t, tree, prefix, zip.Deflate))
	output := benchtest.JSON(t, map[string]string{"bucket": store.Bucket(), "key": key})
	require.NoError(t, Benchmark.Check(t.Context(), harness.Large, in, output, store))
	delete(tree, "samples/empty.bib")
	benchtest.Put(t, store, key, pack(t, tree, prefix, zip.Deflate))
	require.ErrorContains(t, Benchmark.Check(t.Context(), harness.Large, in, output, store), "empty.bib")
}

// FuzzCompare compares archives that functions may send with a tree: only one
// that holds it passes.
func FuzzCompare(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	file, err := w.Create("in/a.txt")
	require.NoError(f, err)
	_, err = file.Write([]byte("hello"))
	require.NoError(f, err)
	require.NoError(f, w.Close())
	want := contents{}
	want.add("in/a.txt", []byte("hello"))
	require.NoError(f, want.compare(b.Bytes()))
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, archive []byte) {
		if want.compare(archive) != nil {
			return
		}
		r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		require.NoError(t, err)
		held, err := fs.ReadFile(r, "in/a.txt")
		require.NoError(t, err)
		require.Equal(t, "hello", string(held))
	})
}
