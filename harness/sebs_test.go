package harness_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// sebsTree returns a folder of inputpy's testdata as a file system that holds
// the folder.
func sebsTree(t *testing.T, name string) fs.FS {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("internal", "inputpy", "testdata", name+".txtar"))
	require.NoError(t, err)
	tree := fstest.MapFS{}
	for _, f := range archive.Files {
		tree[name+"/"+f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o600}
	}
	return tree
}

// sebsDir writes a folder of inputpy's testdata below a group's folder and
// returns its path.
func sebsDir(t *testing.T, name string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "sebs", "benchmarks", "900.group")
	require.NoError(t, os.CopyFS(root, sebsTree(t, name)))
	return filepath.Join(root, name)
}

// memoryStore returns the store of a benchmark, and what is behind it.
func memoryStore(t *testing.T, name string) (*harness.Store, driver.Buckets, driver.Tables) {
	t.Helper()
	p := sim.New(driver.Run{ID: "r1", Prefix: "r1"}, sim.Options{World: sim.NewWorld()})
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	buckets, err := p.Buckets(t.Context())
	require.NoError(t, err)
	tables, err := p.Tables(t.Context())
	require.NoError(t, err)
	return harness.NewStore(name, "r1", buckets, tables), buckets, tables
}

// keys lists a bucket.
func keys(t *testing.T, buckets driver.Buckets, bucket string) []string {
	t.Helper()
	var keys []string
	for object, err := range buckets.List(t.Context(), bucket, "") {
		require.NoError(t, err)
		keys = append(keys, object.Key)
	}
	return keys
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// A folder without modules whose generate_input wants a bucket for each input
// and output has them, under names that any object store takes.
func TestSeBSBuckets(t *testing.T) {
	b, err := harness.SeBS(os.DirFS(sebsDir(t, "900.copies")))
	require.NoError(t, err)
	require.Equal(t, "900.copies", b.Name)
	store, buckets, _ := memoryStore(t, b.Name)
	payload, err := b.Input(t.Context(), harness.Small, store)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"object": {"key": "a.txt", "size": "small"},
		"bucket": {"input": "r1-900-copies-0-input", "more": "r1-900-copies-1-input", "output": "r1-900-copies-0-output"}
	}`, toJSON(t, payload))
	require.Equal(t, []string{"a.txt", "b.txt"}, keys(t, buckets, "r1-900-copies-0-input"))
	require.Equal(t, []string{"deep/made.bin"}, keys(t, buckets, "r1-900-copies-1-input"))
	require.Empty(t, keys(t, buckets, "r1-900-copies-0-output"), "it exists, for the function to write to")

	require.NoError(t, b.Check(t.Context(), harness.Small, payload, json.RawMessage(`{"key": 1}`), store), "there is no validate_output")
	require.ErrorContains(t, b.Check(t.Context(), harness.Small, payload, json.RawMessage(`{"key"`), store), "the output is not JSON")
}

// A folder of an embedded file system is copied out; its local imports work.
func TestSeBSPrefixes(t *testing.T) {
	b, err := harness.SeBS(sebsTree(t, "901.upper"))
	require.NoError(t, err)
	require.Equal(t, "901.upper", b.Name)
	store, buckets, _ := memoryStore(t, b.Name)
	payload, err := b.Input(t.Context(), harness.Test, store)
	require.NoError(t, err)
	require.Contains(t, toJSON(t, payload), `"bucket":{"bucket":"r1-benchmarks","input":"901.upper-0-input","output":"901.upper-0-output"}`)
	require.Equal(t, []string{"901.upper-0-input/words.txt"}, keys(t, buckets, "r1-benchmarks"))
	words, err := store.Get(t.Context(), "901.upper-0-input/words.txt", 100)
	require.NoError(t, err)

	put := func(key, text string) {
		require.NoError(t, store.Put(t.Context(), key, strings.NewReader(text), int64(len(text))))
	}
	put("901.upper-0-output/right", strings.ToUpper(string(words)))
	put("901.upper-0-output/wrong", string(words))
	for output, want := range map[string]string{
		`{"key": "901.upper-0-output/right"}`: "",
		`{"key": "901.upper-0-output/wrong"}`: "for python",
		`{"key": "901.upper-0-output/none"}`:  "input.py: validate_output raised StorageError: read 901.upper-0-output/none of bucket r1-benchmarks: ",
		`{"key": null}`:                       "the output has no key",
		`"901.upper-0-output/right"`:          "input.py: validate_output raised AttributeError",
		`null`:                                "raised AttributeError",
	} {
		err := b.Check(t.Context(), harness.Test, payload, json.RawMessage(output), store)
		if want == "" {
			require.NoError(t, err, output)
			continue
		}
		require.ErrorContains(t, err, want, output)
		require.NotContains(t, err.Error(), "\n", "the detail of a failed invocation has one line")
	}
}

func TestSeBSTables(t *testing.T) {
	b, err := harness.SeBS(os.DirFS(sebsDir(t, "902.cart")))
	require.NoError(t, err)
	store, _, tables := memoryStore(t, b.Name)
	payload, err := b.Input(t.Context(), harness.Test, store)
	require.NoError(t, err)
	require.JSONEq(t, `{"cart": "c1"}`, toJSON(t, payload))

	var items []string
	for item, err := range store.Query(t.Context(), "carts", "c1") {
		require.NoError(t, err)
		items = append(items, toJSON(t, item))
	}
	require.Len(t, items, 2)
	require.JSONEq(t, `{"cart": "c1", "product": "p1", "price": 4.5, "count": 2, "tags": ["a", null]}`, items[0])
	require.JSONEq(t, `{"cart": "c1", "product": "p2", "price": 3}`, items[1])
	name, err := tables.Get(t.Context(), store.TableName("names"), "1", "")
	require.NoError(t, err)
	require.Equal(t, "Ann", name["name"])
}

// An output is right if it is right in one of the benchmark's languages. The
// handler may have returned it with the key "result" or without.
func TestSeBSLanguages(t *testing.T) {
	b, err := harness.SeBS(os.DirFS(sebsDir(t, "903.nothing")))
	require.NoError(t, err)
	payload, err := b.Input(t.Context(), harness.Small, harness.NewStore(b.Name, "r1", nil, nil))
	require.NoError(t, err)
	for output, want := range map[string]string{"10": "", "20": "", "30": "python on "} {
		err := b.Check(t.Context(), harness.Small, payload, json.RawMessage(output), nil)
		require.Equal(t, want == "", err == nil, "%s: %v", output, err)
		if want != "" {
			require.ErrorContains(t, err, want)
		}
	}
}

// input returns a benchmark of a folder that has no more than an input.py.
func inputOnly(t *testing.T, source string) harness.Benchmark {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "950.case")
	require.NoError(t, os.CopyFS(dir, fstest.MapFS{
		"config.json": {Data: []byte(`{"timeout": 1, "memory": 128, "languages": ["python"], "modules": []}`)},
		"input.py":    {Data: []byte(source)},
	}))
	b, err := harness.SeBS(os.DirFS(dir))
	require.NoError(t, err)
	return b
}

func TestSeBSResultOfEitherForm(t *testing.T) {
	b := inputOnly(t, `
def generate_input(size):
    return {}


def validate_output(data_dir, input_config, output, language, storage=None):
    assert output["result"] == {"value": 3, "result": 4}, output
    assert output["value"] == 3, output
`)
	require.NoError(t, b.Check(t.Context(), harness.Test, map[string]any{}, json.RawMessage(`{"value": 3, "result": 4}`), nil))
	require.ErrorContains(t, b.Check(t.Context(), harness.Test, map[string]any{}, json.RawMessage(`{"value": 4}`), nil), "assertion failed")
}

// Checks are called concurrently and keep to their contexts.
func TestSeBSChecksAtOnce(t *testing.T) {
	b := inputOnly(t, `
import threading


def generate_input(size):
    return {}


def validate_output(data_dir, input_config, output, language, storage=None):
    if output["result"] == "hang":
        threading.Event().wait()
    if output["result"] % 2:
        return "%d is odd" % output["result"]
`)
	ctx, cancel := context.WithCancel(t.Context())
	hanging := make(chan error)
	go func() { hanging <- b.Check(ctx, harness.Test, nil, json.RawMessage(`"hang"`), nil) }()
	cancel()
	require.ErrorIs(t, <-hanging, context.Canceled)

	var wait sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wait.Go(func() { errs[i] = b.Check(t.Context(), harness.Test, nil, json.RawMessage(fmt.Sprint(i)), nil) })
	}
	wait.Wait()
	for i, err := range errs {
		if i%2 == 0 {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, fmt.Sprintf("%d is odd", i))
		}
	}
}

// What is wrong with an input.py is the error of Input, not of SeBS: one
// broken folder does not keep the others from running.
func TestSeBSBroken(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"raises at import": {"raise OSError('no disk')\n", "950.case/input.py: importing it raised OSError: no disk"},
		"raises":           {"def generate_input(size):\n    return 1 / 0\n", "950.case/input.py: generate_input raised ZeroDivisionError: division by zero"},
		"missing module":   {"import nothing_of_that_name\n", "install what has it for the python3 that PATH finds"},
		"outside its bucket": {
			"def buckets_count():\n    return 1, 0\n\n\ndef generate_input(a, b, c, d, e):\n    e(0, '../900.other-0-input/a', __file__)\n",
			"the key '../900.other-0-input/a' leaves its bucket",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := inputOnly(t, test.source)
			store, _, _ := memoryStore(t, b.Name)
			_, err := b.Input(t.Context(), harness.Test, store)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestSeBSRefuses(t *testing.T) {
	config := &fstest.MapFile{Data: []byte(`{"timeout": 1, "memory": 128, "languages": ["python"]}`)}
	input := &fstest.MapFile{Data: []byte("def generate_input(size):\n    return {}\n")}
	disk := func(files fstest.MapFS) fs.FS {
		dir := filepath.Join(t.TempDir(), "950.case")
		require.NoError(t, os.CopyFS(dir, files))
		return os.DirFS(dir)
	}
	for name, test := range map[string]struct {
		files fs.FS
		want  string
	}{
		"no input.py":    {disk(fstest.MapFS{"config.json": config}), "950.case: stat input.py: no such file or directory: a folder of SeBS has config.json and input.py"},
		"no config.json": {disk(fstest.MapFS{"input.py": input}), "950.case: stat config.json: no such file"},
		"no folder":      {os.DirFS(filepath.Join(t.TempDir(), "none")), "no such file or directory"},
		"bad config":     {disk(fstest.MapFS{"config.json": {Data: []byte(`{"timeout": 1, "memroy": 3}`)}, "input.py": input}), `benchmark 950.case: config.json: key "memory" is missing: want for example {"timeout": 60, "memory": 256, "languages": ["python"], "modules": []} (config.json: unknown key "memroy"`},
		"no name":        {fstest.MapFS{"config.json": config, "input.py": input}, "the file system has no name for the benchmark"},
		"bad name":       {fstest.MapFS{"my case/config.json": config, "my case/input.py": input}, `benchmark "my case": a folder's name has letters`},
		"nothing":        {fstest.MapFS{}, "found 0 folders"},
		"two folders":    {fstest.MapFS{"a/config.json": config, "a/input.py": input, "b/config.json": config, "b/input.py": input}, `found 2 folders with config.json and input.py ["a" "b"]: want one`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := harness.SeBS(test.files)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// data_dir is the benchmark's folder in a data repository: the one that
// SEBS_DATA names, or the one beside the benchmarks.
func TestSeBSData(t *testing.T) {
	dir := sebsDir(t, "900.copies")
	uploaded := func() []string {
		b, err := harness.SeBS(os.DirFS(dir))
		require.NoError(t, err)
		store, buckets, _ := memoryStore(t, b.Name)
		_, err = b.Input(t.Context(), harness.Test, store)
		require.NoError(t, err)
		return keys(t, buckets, "r1-900-copies-0-input")
	}
	require.Equal(t, []string{"a.txt", "b.txt"}, uploaded(), "the folder's own data")

	failing := inputOnly(t, "import os\n\n\ndef generate_input(data_dir, size):\n    return {'key': os.listdir(data_dir)[0]}\n")
	store, _, _ := memoryStore(t, failing.Name)
	_, err := failing.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "raised IndexError: list index out of range")
	require.ErrorContains(t, err, "its data_dir is empty: there is no data for 950.case; if it needs any, name a checkout of SeBS's data repository in SEBS_DATA")

	readme := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(readme, "900.other", "950.case"), fstest.MapFS{"README.md": {}, ".gitattributes": {}}))
	t.Setenv("SEBS_DATA", readme)
	failing = inputOnly(t, "import glob\n\n\ndef generate_input(data_dir, size):\n    return {'key': glob.glob(data_dir + '/*.txt')[0]}\n")
	_, err = failing.Input(t.Context(), harness.Test, store)
	require.ErrorContains(t, err, "its data_dir is empty: "+readme+"/900.other/950.case; if it needs any, name a checkout")
	t.Setenv("SEBS_DATA", "")

	beside := filepath.Join(dir, "..", "..", "..", "benchmarks-data", "900.group", "900.copies")
	require.NoError(t, os.CopyFS(beside, fstest.MapFS{"beside.txt": {}}))
	require.Equal(t, []string{"beside.txt"}, uploaded())

	named := t.TempDir()
	t.Setenv("SEBS_DATA", named)
	require.Equal(t, []string{"beside.txt"}, uploaded(), "SEBS_DATA has nothing for this benchmark")
	require.NoError(t, os.CopyFS(filepath.Join(named, "900.other", "900.copies"), fstest.MapFS{"named.txt": {}}))
	require.Equal(t, []string{"named.txt"}, uploaded())

	t.Setenv("SEBS_DATA", filepath.Join(named, "none"))
	_, err = harness.SeBS(os.DirFS(dir))
	require.ErrorContains(t, err, "benchmark 900.copies: SEBS_DATA: ")
	require.ErrorContains(t, err, "is not a folder: name a checkout")
}

func ExampleSeBS() {
	dir := filepath.Join("internal", "inputpy", "testdata", "904.greet")
	b, err := harness.SeBS(os.DirFS(dir))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	store := harness.NewStore(b.Name, "example", nil, nil)
	payload, err := b.Input(ctx, harness.Small, store)
	fmt.Println(b.Name, payload, err)
	fmt.Println(b.Check(ctx, harness.Small, payload, json.RawMessage(`"hello, hello"`), store))
	fmt.Println(b.Check(ctx, harness.Small, payload, json.RawMessage(`"hello"`), store))
	// Output:
	// 904.greet map[times:2] <nil>
	// <nil>
	// want 2 greetings, got 'hello'
}
