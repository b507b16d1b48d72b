package harness

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// writeTree writes files below a new folder and returns its path.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	tree := fstest.MapFS{}
	for name, content := range files {
		tree[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o600}
	}
	require.NoError(t, os.CopyFS(root, tree))
	return root
}

const (
	smallConfig = `{"timeout": 1, "memory": 128, "languages": ["python"]}`
	smallInput  = "def generate_input(size):\n    return {'here': __file__}\n"
)

func TestFoldersFromEnv(t *testing.T) {
	tree := writeTree(t, map[string]string{
		"benchmarks/100.web/110.page/config.json":        smallConfig,
		"benchmarks/100.web/110.page/input.py":           smallInput,
		"benchmarks/100.web/110.page/deeper/config.json": smallConfig,
		"benchmarks/100.web/110.page/deeper/input.py":    smallInput,
		"benchmarks/200.media/210.photo/config.json":     smallConfig,
		"benchmarks/200.media/210.photo/input.py":        "raise OSError('broken')\n",
		"benchmarks/200.media/220.half/config.json":      smallConfig,
		"benchmarks/wrappers/aws/python/handler.py":      "",
		"benchmarks/.git/230.hidden/config.json":         smallConfig,
		"benchmarks/.git/230.hidden/input.py":            smallInput,
		"benchmarks/300.a/b/c/310.too-deep/config.json":  smallConfig,
		"benchmarks/300.a/b/c/310.too-deep/input.py":     smallInput,
		"benchmarks-data/100.web/110.page/unused":        "",
		"one/900.alone/config.json":                      smallConfig,
		"one/900.alone/input.py":                         smallInput,
		"bad/910.config/config.json":                     `{"timeout": "1"}`,
		"bad/910.config/input.py":                        smallInput,
		"other/110.page/config.json":                     smallConfig,
		"other/110.page/input.py":                        smallInput,
		"empty/nothing":                                  "",
		"names/my case/config.json":                      smallConfig,
		"names/my case/input.py":                         smallInput,
		"names/900.a,b=c/config.json":                    smallConfig,
		"names/900.a,b=c/input.py":                       smallInput,
	})
	at := func(paths ...string) string {
		for i, path := range paths {
			if path != "" {
				paths[i] = filepath.Join(tree, path)
			}
		}
		return strings.Join(paths, string(os.PathListSeparator))
	}

	benchmarks, err := foldersFromEnv(at("benchmarks", "", "one/900.alone"))
	require.NoError(t, err)
	var names []string
	for _, b := range benchmarks {
		names = append(names, b.Name)
	}
	require.Equal(t, []string{"110.page", "210.photo", "900.alone"}, names)
	payload, err := benchmarks[0].Input(t.Context(), Test, NewStore("110.page", "r1", nil, nil))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"here": filepath.Join(tree, "benchmarks/100.web/110.page/input.py")}, payload)
	_, err = benchmarks[1].Input(t.Context(), Test, NewStore("210.photo", "r1", nil, nil))
	require.ErrorContains(t, err, "raised OSError: broken", "only the broken one fails")

	none, err := foldersFromEnv("")
	require.NoError(t, err)
	require.Empty(t, none)

	for list, want := range map[string]string{
		at("empty"):                         "no folder with config.json and input.py is there",
		at("missing"):                       "no such file or directory",
		"no/such/folder":                    "no such file or directory: a test runs in its package's folder: name an absolute path",
		at("benchmarks/200.media/220.half"): "no folder with config.json and input.py is there",
	} {
		_, err := foldersFromEnv(list)
		require.ErrorContains(t, err, want, list)
	}

	// A folder that cannot be read does not keep the others from running.
	for list, want := range map[string]map[string]string{
		at("bad", "one"):          {"910.config": `benchmark 910.config: config.json: key "timeout": want a whole number`, "900.alone": ""},
		at("benchmarks", "other"): {"110.page": "110.page have the same name: leave one out"},
		at("one", "one"):          {"900.alone": "900.alone have the same name"},
		at("names"):               {"my_case": `benchmark "my case": a folder's name has letters`, "900.a_b_c": `benchmark "900.a,b=c": a folder's name`},
	} {
		benchmarks, err := foldersFromEnv(list)
		require.NoError(t, err, list)
		for name, want := range want {
			i := slices.IndexFunc(benchmarks, func(b Benchmark) bool { return b.Name == name })
			require.GreaterOrEqual(t, i, 0, "%s: %s", list, name)
			_, err := benchmarks[i].modules(t.Context())
			if want == "" {
				require.NoError(t, err)
				continue
			}
			require.ErrorContains(t, err, want)
			functions, err := candidates(t.Context(), "sim", driver.Features{
				Runtimes: []driver.Runtime{{Language: "ruby", Version: "1"}, {Language: "python", Version: "3.11"}},
				Kinds:    []driver.Kind{driver.Archive}, Architectures: []driver.Architecture{driver.X64}, Triggers: []driver.Trigger{driver.HTTP},
			}, benchmarks[i:i+1])
			require.NoError(t, err)
			require.Len(t, functions, 1, "it can be selected, and fails under its name")
		}
	}
}

// What input.py declares adds to the modules of config.json. It is executed
// when that is asked for, once, and not before.
func TestModulesOfFolders(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "executed")
	root := writeTree(t, map[string]string{
		"901.both/config.json": `{"timeout": 1, "memory": 128, "languages": ["python"], "trigger": ["http"], "modules": ["queue"]}`,
		"901.both/input.py": "open(" + strconv.Quote(mark) + ", 'a').write('x')\ndef buckets_count(): return 1, 0\n" +
			"def allocate_nosql(): return {'t': {'primary_key': 'k'}}\n" + smallInput,
		"902.broken/config.json": smallConfig,
		"902.broken/input.py":    "raise OSError('no disk')\n",
	})
	benchmarks, err := foldersFromEnv(root)
	require.NoError(t, err)
	require.NoFileExists(t, mark)
	require.Equal(t, []string{
		`901.both: config.json: unknown key "trigger": the keys are timeout, memory, languages, modules and cpp_dependencies; it is ignored`,
		`901.both: unknown module "queue": the modules are storage and nosql; it is ignored`,
	}, benchmarks[0].notes([]string{"python"}))
	require.Contains(t, benchmarks[0].notes([]string{"pythons"}), `901.both: config.json: no platform linked here has the language "python" (did you mean "pythons"?); it is left out`)
	for range 2 {
		modules, err := benchmarks[0].modules(t.Context())
		require.NoError(t, err)
		require.Equal(t, []driver.Module{driver.NoSQL, driver.Storage}, modules)
	}
	executed, err := os.ReadFile(mark)
	require.NoError(t, err)
	require.Equal(t, "x", string(executed))
	_, err = benchmarks[1].modules(t.Context())
	require.ErrorContains(t, err, "902.broken/input.py: importing it raised OSError: no disk")
}

func TestFindFoldersIsBounded(t *testing.T) {
	visits := 2
	_, err := findFolders(writeTree(t, map[string]string{"a/x": "", "b/x": ""}), 3, &visits)
	require.ErrorContains(t, err, "name the benchmarks' folder more closely")
}

// Names of a benchmark's own buckets are valid in every object store, begin
// with the run's prefix and differ where the benchmarks do.
func TestOwnBucketNames(t *testing.T) {
	seen := map[string]string{}
	for _, benchmark := range []string{
		"210.thumbnailer", "210-thumbnailer", "210_thumbnailer", "210.Thumbnailer", "210..thumbnailer",
		strings.Repeat("a", 60), strings.Repeat("a", 61), strings.Repeat("a.", 31), "x" + strings.Repeat("-", 60),
	} {
		s := NewStore(benchmark, "r1", nil, nil)
		for i, name := range []string{s.inputBucket(0), s.inputBucket(12), s.outputBucket(0)} {
			require.Regexp(t, `^r1-[a-z0-9]+(-[a-z0-9]+)*$`, name)
			require.LessOrEqual(t, len(name), 63)
			require.Equal(t, i == 2, strings.HasSuffix(name, "-0-output"))
			require.NotContains(t, seen, name)
			seen[name] = benchmark
		}
	}
}

func TestEmptyOutputBuckets(t *testing.T) {
	p := sim.New(driver.Run{ID: "r1", Prefix: "r1"}, sim.Options{World: sim.NewWorld()})
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	buckets, err := p.Buckets(t.Context())
	require.NoError(t, err)
	store := NewStore("900.copies", "r1", buckets, nil)
	for _, bucket := range []string{store.inputBucket(0), store.outputBucket(0), store.outputBucket(1)} {
		_, err := store.openBucket(t.Context(), bucket)
		require.NoError(t, err)
		require.NoError(t, buckets.Put(t.Context(), bucket, "a/b", strings.NewReader("x"), 1))
	}
	require.NoError(t, store.emptyOutputBuckets(t.Context()))
	for bucket, want := range map[string]int{store.inputBucket(0): 1, store.outputBucket(0): 0, store.outputBucket(1): 0} {
		count := 0
		for _, err := range buckets.List(t.Context(), bucket, "") {
			require.NoError(t, err)
			count++
		}
		require.Equal(t, want, count, bucket)
	}
}

// A session of checks ends by itself when no check follows.
func TestChecksEnd(t *testing.T) {
	root := writeTree(t, map[string]string{
		"950.case/config.json": smallConfig,
		"950.case/input.py":    smallInput + "\n\ndef validate_output(output):\n    import os\n    return os.getcwd()\n",
	})
	benchmarks, err := foldersFromEnv(root)
	require.NoError(t, err)
	check := func() string {
		err := benchmarks[0].Check(t.Context(), Test, nil, json.RawMessage("1"), nil)
		require.Error(t, err)
		return err.Error()
	}
	first := check()
	require.Equal(t, first, check(), "the same session")
	require.Eventually(t, func() bool {
		_, err := os.Stat(first)
		return os.IsNotExist(err)
	}, 30*idle, idle/10)
	require.NotEqual(t, first, check())
}

// Every key that a config.json has in a branch of SeBS, with a value of each
// kind, and what becomes of it. Read from 565 files in 33 branches.
func TestKeysOfSeBS(t *testing.T) {
	const told = `config.json: unknown key `
	for _, key := range []struct{ name, value, becomes string }{
		{"timeout", `900`, ""},
		{"memory", `768`, ""},
		{"languages", `["python", "nodejs", "java", "cpp"]`, ""},
		{"languages", `[{"language": "python", "variants": ["default", "pypy"]}, "nodejs"]`, ""},
		{"modules", `["storage"]`, ""},
		{"modules", `["nosql"]`, ""},
		{"modules", `["storage", "queue"]`, `unknown module "queue"`},
		{"cpp_dependencies", `["sdk", "runtime", "torch", "opencv", "libjpeg-turbo", "igraph", "boost", "hiredis", "rapidjson"]`, ""},
		{"cpp_dependencies", `[]`, ""},
		{"trigger", `"queue"`, told},
		{"trigger", `["http"]`, told},
		{"trigger", `{"type": "DB", "params": {"tableName": "t", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]}}`, told},
		{"entrypoint", `true`, told},
		{"deployment", `{"package": {"build_dependencies": {"cpp": {"common": ["boost"], "aws": ["sdk"]}}}, "image": null}`, told},
		{"container-image", `"who/what:latest"`, told},
		{"type", `"app"`, told},
		{"resources", `[]`, told},
		{"wsk_sequence", `["a", "b"]`, told},
	} {
		t.Run(key.name+" "+key.value, func(t *testing.T) {
			keys := map[string]string{"timeout": `10`, "memory": `128`, "languages": `["python"]`}
			keys[key.name] = key.value
			var pairs []string
			for name, value := range keys {
				pairs = append(pairs, strconv.Quote(name)+": "+value)
			}
			_, notes, err := sebsConfig(fstest.MapFS{"config.json": {Data: []byte("{" + strings.Join(pairs, ", ") + "}")}})
			require.NoError(t, err)
			if key.becomes == "" {
				require.Empty(t, notes)
				return
			}
			require.Len(t, notes, 1)
			require.Contains(t, notes[0], key.becomes)
			require.Contains(t, notes[0], "; it is ignored")
		})
	}
	// A key of ours that is misspelt has its hint, also where it is needed.
	_, notes, err := sebsConfig(fstest.MapFS{"config.json": {Data: []byte(`{"timeout": 1, "memory": 128, "languages": ["python"], "cpp-dependencies": []}`)}})
	require.NoError(t, err)
	require.Contains(t, notes[0], `unknown key "cpp-dependencies" (did you mean "cpp_dependencies"?)`)
	_, _, err = sebsConfig(fstest.MapFS{"config.json": {Data: []byte(`{"timeout": 1, "memory": 128, "lnguages": ["python"]}`)}})
	require.ErrorContains(t, err, `key "languages" is missing`)
	require.ErrorContains(t, err, `unknown key "lnguages" (did you mean "languages"?)`)
}
