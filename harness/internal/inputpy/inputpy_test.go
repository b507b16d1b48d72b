package inputpy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/harness/internal/inputpy"
)

// memory is a Host that keeps everything in maps.
type memory struct {
	objects map[string]string // by "index/key" of uploads and "bucket/key" of reads
	items   map[string][]map[string]any
	refuse  error
}

func newMemory() *memory {
	return &memory{objects: map[string]string{}, items: map[string][]map[string]any{}}
}

func (m *memory) Upload(_ context.Context, index int, key, path string) error {
	if m.refuse != nil {
		return m.refuse
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m.objects[fmt.Sprintf("%d/%s", index, key)] = string(data)
	return nil
}

func (m *memory) PutItem(_ context.Context, table string, item map[string]any) error {
	m.items[table] = append(m.items[table], item)
	return nil
}

func (m *memory) Buckets() []string { return []string{"shared"} }

func (m *memory) Download(_ context.Context, bucket, key, path string) error {
	data, ok := m.objects[bucket+"/"+key]
	if !ok {
		return fmt.Errorf("object %s of bucket %s: %w", key, bucket, fs.ErrNotExist)
	}
	return os.WriteFile(path, []byte(data), 0o600)
}

func (m *memory) List(_ context.Context, bucket, prefix string) ([]string, error) {
	var keys []string
	for key := range m.objects {
		if name, ok := strings.CutPrefix(key, bucket+"/"); ok && strings.HasPrefix(name, prefix) {
			keys = append(keys, name)
		}
	}
	sort.Strings(keys)
	return keys, nil
}

// start starts a session for the folder of testdata with that name.
func start(t *testing.T, name string) *inputpy.Session {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	require.NoError(t, err)
	files, err := txtar.FS(archive)
	require.NoError(t, err)
	return open(t, inputpy.Folder{Name: name, Files: files})
}

func open(t *testing.T, f inputpy.Folder) *inputpy.Session {
	t.Helper()
	s, err := f.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// write starts a session for an input.py with that content.
func write(t *testing.T, source string) *inputpy.Session {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "950.case")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "input.py"), []byte(source), 0o600))
	return open(t, inputpy.Folder{Name: "950.case", Dir: dir})
}

var prefixes = inputpy.Names{Bucket: "shared", Inputs: []string{"901.upper-0-input"}, Outputs: []string{"901.upper-0-output"}}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func TestBuckets(t *testing.T) {
	s, host := start(t, "900.copies"), newMemory()
	d, err := s.Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, inputpy.Description{Inputs: 2, Outputs: 1, Tables: []inputpy.Table{}, Separate: true, Data: true}, d)

	payload, err := s.Generate(t.Context(), "small", inputpy.Names{
		Bucket: "shared", Inputs: []string{"in0", "in1"}, Outputs: []string{"out0"},
	}, host)
	require.NoError(t, err)
	require.JSONEq(t, `{"object": {"key": "a.txt", "size": "small"}, "bucket": {"input": "in0", "more": "in1", "output": "out0"}}`, encode(t, payload))
	require.Equal(t, map[string]string{"0/a.txt": "first\n", "0/b.txt": "second\n", "1/deep/made.bin": strings.Repeat("x", 100)}, host.objects)

	wrong, err := s.Validate(t.Context(), inputpy.Output{Payload: payload, Output: 1}, host)
	require.NoError(t, err, "no validate_output: everything is right")
	require.Empty(t, wrong)
}

func TestPrefixes(t *testing.T) {
	s, host := start(t, "901.upper"), newMemory()
	d, err := s.Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, inputpy.Description{Inputs: 1, Outputs: 1, Tables: []inputpy.Table{}, Validates: true}, d)

	payload, err := s.Generate(t.Context(), "large", prefixes, host)
	require.NoError(t, err)
	require.Contains(t, encode(t, payload), `"bucket":{"bucket":"shared","input":"901.upper-0-input","output":"901.upper-0-output"}`)
	require.Contains(t, encode(t, payload), `"seed":12345678901234567890`, "numbers keep their digits")
	words := host.objects["0/words.txt"]
	require.ElementsMatch(t, []string{"one", "two", "three", "four"}, strings.Fields(words))

	again, err := start(t, "901.upper").Generate(t.Context(), "large", prefixes, host)
	require.NoError(t, err)
	require.Equal(t, payload, again, "what input.py draws at random is the same in every run")

	host.objects["shared/right"] = strings.ToUpper(words)
	host.objects["shared/wrong"] = words
	for _, test := range []struct {
		output any
		want   string
	}{
		{map[string]any{"result": map[string]any{"key": "right"}}, ""},
		{map[string]any{"result": map[string]any{"key": "wrong"}}, "for python"},
		{map[string]any{"result": map[string]any{}}, "the output has no key"},
	} {
		wrong, err := s.Validate(t.Context(), inputpy.Output{Payload: payload, Output: test.output, Language: "python"}, host)
		require.NoError(t, err)
		require.Contains(t, wrong, test.want)
		require.Equal(t, test.want == "", wrong == "")
	}
	_, err = s.Validate(t.Context(), inputpy.Output{Payload: payload, Output: map[string]any{"result": map[string]any{"key": "none"}}}, host)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "object none of bucket shared")

	wrong, err := s.Validate(t.Context(), inputpy.Output{Payload: payload, Output: map[string]any{"result": map[string]any{"key": "none"}}}, nil)
	require.NoError(t, err, "without a host, storage is None")
	require.Empty(t, wrong)
}

func TestTables(t *testing.T) {
	s, host := start(t, "902.cart"), newMemory()
	d, err := s.Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, inputpy.Description{Tables: []inputpy.Table{
		{Name: "carts", Primary: "cart", Secondary: "product"}, {Name: "names", Primary: "id"},
	}}, d)
	payload, err := s.Generate(t.Context(), "test", inputpy.Names{}, host)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"cart": "c1"}, payload)
	require.Equal(t, map[string][]map[string]any{
		"carts": {
			{"cart": "c1", "product": "p1", "price": 4.5, "count": 2, "tags": []any{"a", nil}},
			{"cart": "c1", "product": "p2", "price": 3},
		},
		"names": {{"id": "1", "name": "Ann"}},
	}, host.items)
}

func TestNothing(t *testing.T) {
	s := start(t, "903.nothing")
	d, err := s.Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, inputpy.Description{Tables: []inputpy.Table{}, Validates: true}, d)
	payload, err := s.Generate(t.Context(), "small", inputpy.Names{}, newMemory())
	require.NoError(t, err)
	wrong, err := s.Validate(t.Context(), inputpy.Output{
		Payload: payload, Output: map[string]any{"result": 10}, Language: "cpp", Architecture: "arm64",
	}, nil)
	require.NoError(t, err)
	require.Equal(t, "cpp on arm64: got 10, want 20", wrong)
}

// Whatever way generate_input is written, it gets what its parameters are for.
func TestForms(t *testing.T) {
	for signature, want := range map[string]string{
		"a, b, c, d, e":                     `["data", "small", ["p"], ["q"]]`,
		"a, b, c, d, e, f, g":               `["data", "small", "shared", ["p"], ["q"]]`,
		"a, b, c, input_buckets, o, u, n":   `["data", "small", "shared", ["p"], ["q"]]`,
		"a, b, c, d, e, f":                  `["data", "small", "shared", ["p"], ["q"]]`,
		"a, b, input_buckets, d, e, f":      `["data", "small", ["p"], ["q"]]`,
		"a, b, c, d, e, f, g=None":          `["data", "small", "shared", ["p"], ["q"]]`,
		"a, b, c, d, e, f, g, h=1":          `["data", "small", "shared", ["p"], ["q"]]`,
		"a, b, c, d, e, f, g, *, h=1":       `["data", "small", "shared", ["p"], ["q"]]`,
		"*a":                                `["data", "small", "shared", ["p"], ["q"]]`,
		"a, *b":                             `["data", "small", "shared", ["p"], ["q"]]`,
		"**a":                               `["data", "small", "shared", ["p"], ["q"]]`,
		"size, **a":                         `["small", "data", "shared", ["p"], ["q"]]`,
		"size":                              `["small"]`,
		"data_dir, size, *, input_paths":    `["data", "small", ["p"]]`,
		"":                                  `[]`,
		"size, upload_func, scale=3":        `["small", 3]`,
		"*, output_buckets, size, data_dir": `[["q"], "small", "data"]`,
	} {
		t.Run(signature, func(t *testing.T) {
			names := strings.NewReplacer("=None", "", "=1", "", "=3", "", "*, ", "").Replace(signature)
			names = strings.ReplaceAll(strings.ReplaceAll(names, "**a", "*a.values()"), " **", " *")
			s := write(t, `
def flat(*values):
    return [v if isinstance(v, (str, int)) and "data" not in str(v) else "data" if isinstance(v, str) else v for v in values if v is not None and not callable(v)]


def buckets_count():
    return [1, 1]


def generate_input(`+signature+`):
    return {"got": flat(`+names+`)}
`)
			payload, err := s.Generate(t.Context(), "small", inputpy.Names{Bucket: "shared", Inputs: []string{"p"}, Outputs: []string{"q"}}, newMemory())
			require.NoError(t, err)
			got := encode(t, payload["got"])
			if strings.Contains(signature, "h=1") {
				want = strings.Replace(want, `["q"]]`, `["q"], 1]`, 1)
			}
			require.JSONEq(t, want, got)
		})
	}
}

// Whatever way validate_output is written, it gets what its parameters are for.
func TestValidateForms(t *testing.T) {
	for signature, want := range map[string]string{
		"a, b, c, d, e":      "['str', {'p': 1}, {'o': 2}, 'java', 'Storage']",
		"a, b, c, d, e=None": "['str', {'p': 1}, {'o': 2}, 'java', 'Storage']",
		"a, b, c, d, e, f":   "['str', {'p': 1}, {'o': 2}, 'java', 'x64', 'Storage']",
		"data_dir, input_config, output, language, architecture":               "['str', {'p': 1}, {'o': 2}, 'java', 'x64']",
		"data_dir, input_config, output, architecture, language, storage=None": "['str', {'p': 1}, {'o': 2}, 'x64', 'java', 'Storage']",
		"input_config, output": "[{'p': 1}, {'o': 2}]",
		"output, **rest":       "[{'o': 2}, 'str', {'p': 1}, 'java', 'x64', 'Storage']",
	} {
		t.Run(signature, func(t *testing.T) {
			names := strings.ReplaceAll(strings.ReplaceAll(signature, "=None", ""), "**rest", "*rest.values()")
			s := write(t, `
def generate_input(size):
    return {}


def validate_output(`+signature+`):
    return repr([type(v).__name__ if type(v).__name__ == "Storage" or "/" in str(v) else v for v in [`+names+`]])
`)
			wrong, err := s.Validate(t.Context(), inputpy.Output{
				Payload: map[string]int{"p": 1}, Output: map[string]int{"o": 2}, Language: "java", Architecture: "x64",
			}, newMemory())
			require.NoError(t, err)
			require.Equal(t, want, wrong)
		})
	}
}

// validate_output finds the object store's methods under SeBS's names.
func TestStorage(t *testing.T) {
	s := write(t, `
import os


def generate_input(size):
    return {}


def validate_output(data_dir, input_config, output, language, storage):
    assert storage.exists_bucket("shared") and not storage.exists_bucket("other")
    assert storage.list_buckets() == ["shared"] and storage.list_buckets("oth") == []
    assert storage.list_bucket("shared") == ["a/1", "a/2", "b"]
    assert storage.list_bucket("shared", "a/") == ["a/1", "a/2"]
    assert storage.download_stream("shared", "b") == b"bee"
    storage.download_directory("shared", "a/", "tree")
    storage.download_bucket("shared", "all")
    assert sorted(os.listdir("tree/a")) == ["1", "2"] and sorted(os.listdir("all")) == ["a", "b"]
    storage.download(bucket_name="shared", key="b", filepath="b")
    with open("b") as f:
        assert f.read() == "bee"
    try:
        storage.upload("shared", "b", "c")
    except AttributeError as error:
        return str(error)
`)
	host := newMemory()
	host.objects = map[string]string{"shared/a/1": "", "shared/a/2": "", "shared/b": "bee"}
	wrong, err := s.Validate(t.Context(), inputpy.Output{}, host)
	require.NoError(t, err)
	require.Equal(t, "storage has no upload for validate_output: it has download, download_bucket, download_directory, download_stream, exists_bucket, list_bucket, list_buckets", wrong)
}

func TestVerdicts(t *testing.T) {
	for statement, want := range map[string]string{
		"return None":                "",
		"return True":                "",
		"return ''":                  "",
		"return False":               "validate_output returned False",
		"return 'it is off'":         "it is off",
		"assert 1 == 2, 'not equal'": "assertion failed: not equal",
		"return 'x' * 100000":        strings.Repeat("x", 4096),
	} {
		t.Run(statement, func(t *testing.T) {
			s := write(t, "def generate_input(size):\n    return {}\n\n\ndef validate_output(input_config, output):\n    "+statement+"\n")
			wrong, err := s.Validate(t.Context(), inputpy.Output{}, nil)
			require.NoError(t, err)
			require.Equal(t, want, wrong)
		})
	}
}

// A refused upload is the error of Generate, also where input.py ignores it.
func TestHostError(t *testing.T) {
	refused := errors.New("the disk is full")
	for name, body := range map[string]string{
		"raised":  "    upload_func(0, 'a', __file__)\n",
		"ignored": "    try:\n        upload_func(0, 'a', __file__)\n    except Exception:\n        pass\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := write(t, "def buckets_count():\n    return 1, 0\n\n\ndef generate_input(size, upload_func):\n"+body+"    return {}\n")
			host := newMemory()
			host.refuse = refused
			_, err := s.Generate(t.Context(), "test", prefixes, host)
			require.ErrorIs(t, err, refused)
			require.ErrorContains(t, err, "input.py: generate_input raised StorageError: the disk is full")
		})
	}
}
