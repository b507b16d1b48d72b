package build

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const goodManifest = `{"format": "1", "digest": "d", "platform": "p", "benchmark": "b", "runtime": "r", "architecture": "x64", "kind": "archive",
"builder": "", "built": "2026-01-01T00:00:00Z", "dir": "code", "archive": "code.zip", "size": 1, "dependencies": [],
"files": [{"path": "code/a", "size": 1, "sha256": "00"}, {"path": "code/b", "size": 0, "link": "a"}]}`

func TestParseManifest(t *testing.T) {
	m, err := parseManifest([]byte(goodManifest))
	require.NoError(t, err)
	require.Len(t, m.Files, 2)
	for name, c := range map[string]struct{ old, new, want string }{
		"empty":          {goodManifest, "", "EOF"},
		"cut":            {`"files"`, "", "invalid character"},
		"unknown key":    {`"size": 1, "dep`, `"sizes": 1, "dep`, "unknown field"},
		"wrong type":     {`"size": 1, "dep`, `"size": "1", "dep`, "string"},
		"format":         {`"format": "1"`, `"format": "0"`, `format "0"`},
		"dir leads out":  {`"dir": "code"`, `"dir": "../code"`, "leads out"},
		"no dir":         {`"dir": "code"`, `"dir": ""`, "no dir"},
		"archive out":    {`"code.zip"`, `"/code.zip"`, "leads out"},
		"file leads out": {`"code/a"`, `"../a"`, "malformed"},
		"out of order":   {`"code/a"`, `"code/c"`, "out of order"},
		"twice":          {`"code/a"`, `"code/b"`, "out of order"},
		"negative size":  {`"size": 0`, `"size": -1`, "malformed"},
		"two values":     {`"link": "a"}]}`, `"link": "a"}]} {}`, "more than one"},
	} {
		require.Contains(t, goodManifest, c.old, name)
		_, err := parseManifest([]byte(strings.Replace(goodManifest, c.old, c.new, 1)))
		require.ErrorContains(t, err, c.want, name)
	}
}

// What is parsed is within the entry, and is the same when it is written and
// parsed again.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(goodManifest))
	f.Add([]byte(`{"format":"1","dir":".","files":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parseManifest(raw)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			require.NotContains(t, strings.Split(file.Path, "/"), "..")
			require.False(t, strings.HasPrefix(file.Path, "/"))
		}
		again, err := json.Marshal(m)
		require.NoError(t, err)
		same, err := parseManifest(again)
		require.NoError(t, err)
		twice, err := json.Marshal(same)
		require.NoError(t, err)
		require.JSONEq(t, string(again), string(twice))
	})
}

func TestMergeFails(t *testing.T) {
	for _, c := range []struct{ manifest, pkg, want string }{
		{"[]", "a@1", "array"},
		{"null", "a@1", "object"},
		{"{", "a@1", "unexpected end"},
		{`{"dependencies": []}`, "a@1", "dependencies"},
		{`{"dependencies": {"a": 1}}`, "a@1", "dependencies"},
		{"{}", "", "name@version"},
		{"{}", "a@", "name@version"},
	} {
		_, err := mergePackageJSON([]byte(c.manifest), []string{c.pkg})
		require.ErrorContains(t, err, c.want, c.manifest)
	}
	for _, p := range []string{"", " ", "a\n-r /etc/passwd"} {
		_, err := mergeRequirements(nil, []string{p})
		require.ErrorContains(t, err, "want one line")
	}
}

// Merging adds the package, keeps the rest, and does nothing the second time.
func FuzzMergePackageJSON(f *testing.F) {
	f.Add([]byte(`{"name": "f", "dependencies": {"sharp": "^0.33"}}`), "@scope/name@1.0.0")
	f.Add([]byte(``), "uuid")
	f.Add([]byte(`{"dependencies": null}`), "a@b@c")
	f.Fuzz(func(t *testing.T, raw []byte, pkg string) {
		once, err := mergePackageJSON(raw, []string{pkg})
		if err != nil {
			return
		}
		var before, after map[string]json.RawMessage
		if strings.TrimSpace(string(raw)) != "" && json.Valid(raw) {
			require.NoError(t, json.Unmarshal(raw, &before))
		}
		require.NoError(t, json.Unmarshal(once, &after))
		for key := range before {
			require.Contains(t, after, key)
		}
		var dependencies map[string]string
		require.NoError(t, json.Unmarshal(after["dependencies"], &dependencies))
		require.NotEmpty(t, dependencies)
		twice, err := mergePackageJSON(once, []string{pkg})
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}

func TestDependencies(t *testing.T) {
	for name, c := range map[string]struct {
		file, content string
		want          Dependency
	}{
		"wheel":           {"code/.python_packages/lib/site-packages/Pillow-10.3.0.dist-info/METADATA", "Metadata-Version: 2.1\r\nName: pillow\r\nVersion: 10.3.0\r\n\r\nName: no\r\n", Dependency{"pillow", "10.3.0"}},
		"body":            {"a-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\n\nVersion: 2\n", Dependency{}},
		"no name":         {"a-1.dist-info/METADATA", "Version: 2\n", Dependency{}},
		"other METADATA":  {"a/METADATA", "Name: a\nVersion: 2\n", Dependency{}},
		"node":            {"code/node_modules/uuid/package.json", `{"name": "uuid", "version": "10.0.0", "x": []}`, Dependency{"uuid", "10.0.0"}},
		"node scope":      {"node_modules/@img/sharp/package.json", `{"name": "@img/sharp", "version": "0.33.5"}`, Dependency{"@img/sharp", "0.33.5"}},
		"node nested":     {"node_modules/a/node_modules/b/package.json", `{"name": "b", "version": "1"}`, Dependency{"b", "1"}},
		"node inner file": {"node_modules/a/dist/package.json", `{"name": "b", "version": "1"}`, Dependency{}},
		"node scope only": {"node_modules/@img/package.json", `{"name": "b", "version": "1"}`, Dependency{}},
		"node not JSON":   {"node_modules/a/package.json", `{`, Dependency{}},
		"own manifest":    {"package.json", `{"name": "b", "version": "1"}`, Dependency{}},
	} {
		parse := metadataParser(c.file)
		if parse == nil {
			require.Zero(t, c.want, name)
			continue
		}
		d, ok, err := parse(strings.NewReader(c.content))
		require.NoError(t, err, name)
		require.Equal(t, c.want != Dependency{}, ok, name)
		if ok {
			require.Equal(t, c.want, d, name)
		}
	}
}

func FuzzDistInfo(f *testing.F) {
	f.Add("Metadata-Version: 2.1\nName: pillow\nVersion: 10.3.0\n\nbody")
	f.Add("Name:a\r\nVERSION: 1")
	f.Fuzz(func(t *testing.T, text string) {
		d, ok, err := parseDistInfo(strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, ok, d.Name != "" && d.Version != "")
		if ok {
			require.Contains(t, text, d.Name)
			require.NotContains(t, d.Name+d.Version, "\n")
		}
	})
}
