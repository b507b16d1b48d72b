package harness_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/driver"
)

func TestParseConfig(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want harness.Config
	}{
		"without modules": {
			`{"timeout": 60, "memory": 256, "languages": ["python", "nodejs"]}`,
			harness.Config{Timeout: time.Minute, Memory: 256, Languages: []harness.Language{{Name: "python"}, {Name: "nodejs"}}},
		},
		"all keys": {
			`{"timeout": 10, "memory": 1024, "languages": ["cpp", {"language": "python", "variants": ["default", "pypy"]}],
			  "modules": ["storage", "nosql"], "cpp_dependencies": ["sdk", "libjpeg-turbo"]}`,
			harness.Config{
				Timeout: 10 * time.Second, Memory: 1024,
				Languages:       []harness.Language{{Name: "cpp"}, {Name: "python", Variants: []string{"default", "pypy"}}},
				Modules:         []driver.Module{driver.NoSQL, driver.Storage},
				CPPDependencies: []string{"sdk", "libjpeg-turbo"},
			},
		},
		"no modules": {
			`{"timeout": 1, "memory": 1, "languages": ["java"], "modules": []}`,
			harness.Config{Timeout: time.Second, Memory: 1, Languages: []harness.Language{{Name: "java"}}},
		},
		"a language that no platform here has": {
			`{"timeout": 10, "memory": 128, "languages": ["python", "rust"], "modules": []}`,
			harness.Config{Timeout: 10 * time.Second, Memory: 128, Languages: []harness.Language{{Name: "python"}, {Name: "rust"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := harness.ParseConfig([]byte(test.file))
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestParseConfigRefuses(t *testing.T) {
	const rest = `"memory": 128, "languages": ["python"]}`
	for name, test := range map[string]struct{ file, want string }{
		"empty":                {``, `config.json: not valid JSON: line 1: unexpected end`},
		"cut off":              {`{"timeout": 60,`, `config.json: not valid JSON`},
		"a comma too many":     {"{\"timeout\": 60,\n\"memory\": 128,\n}", `config.json: not valid JSON: line 3: invalid character`},
		"two objects":          {`{} {}`, `config.json: not valid JSON`},
		"a list":               {`[1, 2]`, `want a JSON object, got [1, 2]`},
		"null":                 {`null`, `want a JSON object, got null`},
		"unknown key":          {`{"timeout": 60, "Memory": 128, ` + rest, `unknown key "Memory" (did you mean "memory"?): the keys are timeout, memory, languages, modules and cpp_dependencies`},
		"repeated key":         {`{"timeout": 60, "timeout": 6, ` + rest, `key "timeout" is there twice`},
		"missing timeout":      {`{` + rest, `key "timeout" is missing: want for example`},
		"missing memory":       {`{"timeout": 60, "languages": ["python"]}`, `key "memory" is missing`},
		"missing languages":    {`{"timeout": 60, "memory": 128}`, `key "languages" is missing`},
		"text for a number":    {`{"timeout": "60", ` + rest, `key "timeout": want a whole number of seconds from 1 to 86400, got "60"`},
		"fraction":             {`{"timeout": 1.5, ` + rest, `got 1.5`},
		"zero":                 {`{"timeout": 0, ` + rest, `from 1 to 86400, got 0`},
		"negative":             {`{"timeout": -1, ` + rest, `got -1`},
		"null timeout":         {`{"timeout": null, ` + rest, `got null`},
		"too large":            {`{"timeout": 86401, ` + rest, `got 86401`},
		"larger than an int":   {`{"timeout": 123456789012345678901234567890, ` + rest, `key "timeout": want a whole number`},
		"too much memory":      {`{"timeout": 1, "memory": 1048577, "languages": ["python"]}`, `key "memory": want a whole number of MB from 1 to 1048576, got 1048577`},
		"no language":          {`{"timeout": 1, "memory": 1, "languages": []}`, `key "languages": want a list of at least one language`},
		"language as text":     {`{"timeout": 1, "memory": 1, "languages": "python"}`, `got "python"`},
		"language twice":       {`{"timeout": 1, "memory": 1, "languages": ["python", {"language": "python"}]}`, `language "python" is there twice`},
		"language with a path": {`{"timeout": 1, "memory": 1, "languages": ["../python"]}`, `want a language's name`},
		"language as number":   {`{"timeout": 1, "memory": 1, "languages": [3]}`, `want a language's name, or {"language": "python"`},
		"language without one": {`{"timeout": 1, "memory": 1, "languages": [{"variants": ["pypy"]}]}`, `want a language's name`},
		"key of a language":    {`{"timeout": 1, "memory": 1, "languages": [{"language": "python", "version": "3"}]}`, `unknown key "version" of a language`},
		"variants as text":     {`{"timeout": 1, "memory": 1, "languages": [{"language": "python", "variants": "pypy"}]}`, `variants: want a list of names, got "pypy"`},
		"variant with a dash":  {`{"timeout": 1, "memory": 1, "languages": [{"language": "python", "variants": ["py-py"]}]}`, `variants: "py-py" is not a variant's name`},
		"variant twice":        {`{"timeout": 1, "memory": 1, "languages": [{"language": "python", "variants": ["pypy", "pypy"]}]}`, `variants: "pypy" is there twice`},
		"unknown module":       {`{"timeout": 1, "modules": ["redis"], ` + rest, `key "modules": unknown module "redis": the modules are storage and nosql`},
		"module twice":         {`{"timeout": 1, "modules": ["nosql", "nosql"], ` + rest, `"nosql" is there twice`},
		"null modules":         {`{"timeout": 1, "modules": null, ` + rest, `want a list of names, got null`},
		"library with a space": {`{"timeout": 1, "cpp_dependencies": ["a b"], ` + rest, `key "cpp_dependencies": "a b" is not a name`},
		"large":                {`{"timeout": 1, "modules": [` + strings.Repeat(" ", 1<<20) + `], ` + rest, `more than 1048576 bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := harness.ParseConfig([]byte(test.file))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "config.json: ")
		})
	}
}

func TestReadConfigMissing(t *testing.T) {
	_, err := harness.ReadConfig(fstest.MapFS{})
	require.ErrorContains(t, err, "config.json")
	require.ErrorContains(t, err, "a benchmark's folder needs one")

	_, err = harness.ReadConfig(fstest.MapFS{"hello/config.json": {Data: []byte(`{}`)}})
	require.ErrorContains(t, err, `it is in the folder hello: pass what fs.Sub(…, "hello") returns`)
}

// What is accepted is within its ranges, and nothing makes the parser panic.
func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"timeout": 60, "memory": 256, "languages": ["python", {"language": "nodejs", "variants": ["bun"]}], "modules": ["storage"], "cpp_dependencies": ["sdk"]}`))
	f.Add([]byte(`{"timeout": 1e2, "memory": null, "languages": [{}]}`))
	f.Add([]byte(`{"languages": [[]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := harness.ParseConfig(data)
		if err != nil {
			require.Equal(t, harness.Config{}, c)
			return
		}
		require.GreaterOrEqual(t, c.Timeout, time.Second)
		require.LessOrEqual(t, c.Timeout, 24*time.Hour)
		require.GreaterOrEqual(t, c.Memory, 1)
		require.NotEmpty(t, c.Languages)
		for _, l := range c.Languages {
			require.NotContains(t, l.Name, "/")
			require.NotEmpty(t, l.Name)
		}
	})
}
