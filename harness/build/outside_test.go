package build

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// folderOf makes a tree of files.
func folderOf(t *testing.T, files map[string]string) *tree {
	t.Helper()
	all := fstest.MapFS{}
	for name, text := range files {
		all["x/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	code, err := readTree(all, "x", func(string) bool { return false })
	require.NoError(t, err)
	return &code
}

func TestOutside(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	outer := filepath.Join(t.TempDir(), "outer.txt")
	require.NoError(t, os.WriteFile(outer, []byte("-e lib\n../other\nopen>1\n"), 0o600))
	above := filepath.Dir(filepath.Dir(outer))
	tests := []struct {
		name, language string
		files          map[string]string
		want           outside
		fails          string
	}{
		{name: "exact", language: "python", files: map[string]string{"requirements.txt": "# a\na==1.0\nb[x]===2 ; python_version < '3'\nc == 1.0.post1\nd (==1)\n--index-url https://me@index.example\n"}},
		{name: "open", language: "python", files: map[string]string{"requirements.txt": "a\nb>=1\nc~=1.2 # d\nd==1.*\ne[x]\nf; python_version<'3'\n"},
			want: outside{ranges: []string{"a", "b", "c", "d", "e", "f"}}},
		{name: "hashed", language: "python", files: map[string]string{"requirements.txt": "a>=1 \\\n  --hash=sha256:abc\nhttps://host.example/x.whl#sha256=abc\n"}},
		{name: "paths", language: "python", files: map[string]string{"requirements.txt": "/abs/one\n-e /abs/two\n--editable=/abs/three\nfile:///abs/four\nname @ file:///abs/five%20b\nname@file:///abs/six\n/abs/seven[extra]\n/abs/eight.whl\n-f /abs/nine\n./inside\n-e inside\ninside/deep\nx-1.0-py3-none-any.whl\n"},
			want: outside{paths: []string{"/abs/eight.whl", "/abs/five b", "/abs/four", "/abs/nine", "/abs/one", "/abs/seven", "/abs/six", "/abs/three", "/abs/two"}}},
		{name: "addresses", language: "python", files: map[string]string{"requirements.txt": "git+https://host.example/a.git\n-e git+ssh://git@host.example/b.git@main#egg=b\nc @ git+https://host.example/c.git@" + hash + "\nd @ https://host.example/d.zip\n"},
			want: outside{moving: []string{"git+https://host.example/a.git", "git+ssh://git@host.example/b.git@main#egg=b", "https://host.example/d.zip"}}},
		{name: "leads out", language: "python", files: map[string]string{"requirements.txt": "-r ../more.txt\n"}, fails: "requirements.txt names ../more.txt, which is outside of the function's folder"},
		{name: "a library beside", language: "python", files: map[string]string{"requirements.txt": "-e ../../lib\n"}, fails: "put it there, or name it by an absolute path"},
		{name: "nested", language: "python", files: map[string]string{"requirements.txt": "-r deep/more.txt\n-c deep/limits.txt\n", "deep/more.txt": "../beside\nopen\n-r ../last.txt\n", "last.txt": "/abs/x\n", "deep/limits.txt": "a<3\n"},
			want: outside{paths: []string{"/abs/x"}, ranges: []string{"open"}}},
		{name: "nested outside", language: "python", files: map[string]string{"requirements.txt": "-r " + outer + "\n"},
			want: outside{paths: []string{filepath.Join(above, "other"), filepath.Join(filepath.Dir(outer), "lib"), outer}, ranges: []string{"open"}}},
		{name: "a circle", language: "python", files: map[string]string{"requirements.txt": "-r requirements.txt\n"}, fails: "more than 10 deep"},
		{name: "none", language: "python", files: map[string]string{"function.py": ""}},

		{name: "exact", language: "nodejs", files: map[string]string{"package.json": `{"dependencies": {"a": "1.2.3", "b": "=1.2.3-rc.1", "c": "npm:other@1.0.0", "d": "npm:@team/other@1.0.0"}}`}},
		{name: "open", language: "nodejs", files: map[string]string{"package.json": `{"dependencies": {"a": "^1.2.3", "b": "*", "c": "latest", "d": "~1", "e": "npm:other@^1"}, "optionalDependencies": {"f": ">=1 <3"}}`},
			want: outside{ranges: []string{"a", "b", "c", "d", "e", "f"}}},
		{name: "locked", language: "nodejs", files: map[string]string{"package.json": `{"dependencies": {"a": "^1.2.3", "b": "user/repo", "c": "https://host.example/c.tgz"}}`,
			"package-lock.json": `{"packages": {"node_modules/a": {"version": "1.2.4"}, "node_modules/b": {"resolved": "git+ssh://git@github.com/user/repo.git#` + hash + `"}, "node_modules/c": {"integrity": "sha512-x"}}}`}},
		{name: "paths", language: "nodejs", files: map[string]string{"package.json": `{"dependencies": {"a": "file:/abs/a", "b": "link:/abs/b", "c": "/abs/c", "d": "file:inside", "e": "./inside", "f": "file:///abs/f"}}`},
			want: outside{paths: []string{"/abs/a", "/abs/b", "/abs/c", "/abs/f"}}},
		{name: "leads out", language: "nodejs", files: map[string]string{"package.json": `{"dependencies": {"a": "file:../lib"}}`}, fails: "package.json names file:../lib"},
		{name: "addresses", language: "nodejs", files: map[string]string{"package.json": `{"dependencies": {"a": "user/repo", "b": "github:user/repo#main", "c": "git+https://host.example/c.git", "d": "git+https://host.example/d.git#` + hash + `", "e": "https://host.example/e.tgz"}}`},
			want: outside{moving: []string{"a user/repo", "b github:user/repo#main", "git+https://host.example/c.git", "https://host.example/e.tgz"}}},

		{name: "all", language: "java", files: map[string]string{"pom.xml": `<project><properties><v>1.2</v><lib>/abs/lib</lib></properties><dependencies>
			<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency>
			<dependency><groupId>g</groupId><artifactId>b</artifactId><version>[1,2)</version></dependency>
			<dependency><groupId>g</groupId><artifactId>c</artifactId><version>1-SNAPSHOT</version></dependency>
			<dependency><groupId>g</groupId><artifactId>d</artifactId><version>1</version><scope>system</scope><systemPath>${lib}/d.jar</systemPath></dependency>
			<dependency><groupId>g</groupId><artifactId>e</artifactId><version>1</version><scope>system</scope><systemPath>${project.basedir}/lib/e.jar</systemPath></dependency>
			<dependency><groupId>g</groupId><artifactId>f</artifactId><version>1</version><scope>system</scope><systemPath>${env.HOME}/f.jar</systemPath></dependency>
			</dependencies></project>`},
			want: outside{paths: []string{"/abs/lib/d.jar"}, moving: []string{"g:c:1-SNAPSHOT", "g:f ${env.HOME}/f.jar"}, ranges: []string{"g:b"}}},
		{name: "nothing is outside", language: "go", files: map[string]string{"go.mod.txt": "require a v1\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.language+" "+tt.name, func(t *testing.T) {
			t.Setenv("PIP_CONSTRAINT", "")
			got, err := findOutside(tt.language, folderOf(t, tt.files))
			if tt.fails != "" {
				require.ErrorContains(t, err, tt.fails)
				return
			}
			require.NoError(t, err)
			require.ElementsMatch(t, tt.want.paths, got.paths, "paths")
			require.ElementsMatch(t, tt.want.moving, got.moving, "moving")
			require.ElementsMatch(t, tt.want.ranges, got.ranges, "ranges")
		})
	}
}

// The digest follows the content of what is outside of the folder, and not what
// installing it leaves there.
func TestDigestOfOutside(t *testing.T) {
	lib := t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(lib, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(lib, name), []byte(text), 0o644))
	}
	put("setup.py", "1")
	put("deep/module.py", "1")
	digest := func(requirements string) string {
		j := Job{Platform: "fake", Files: fstest.MapFS{"python/requirements.txt": {Data: []byte(requirements)}}, Spec: driver.Spec{
			Benchmark: "000.fake", Runtime: driver.Runtime{Language: "python", Version: "3.11"}, Architecture: driver.X64, Kind: driver.Archive,
		}}
		s, err := newStaging(j, driver.Recipe{})
		require.NoError(t, err)
		d, err := s.digest(j, driver.Recipe{})
		require.NoError(t, err)
		return d
	}
	for _, line := range []string{lib, "-e " + lib, "lib @ file://" + lib, "file:" + lib} {
		before := digest(line)
		require.Equal(t, before, digest(line))
		put("build/lib/module.py", t.Name()+line)
		put("lib.egg-info/PKG-INFO", line)
		put("deep/__pycache__/x.pyc", line)
		require.Equal(t, before, digest(line), "what an installation leaves")
		put("deep/module.py", line)
		require.NotEqual(t, before, digest(line), line)
	}
	before := digest(lib + "/none")
	put("none/setup.py", "")
	require.NotEqual(t, before, digest(lib+"/none"), "it was not there")
	t.Setenv("PIP_CONSTRAINT", filepath.Join(lib, "limits.txt"))
	put("limits.txt", "a<2")
	before = digest("a>1")
	put("limits.txt", "a<3")
	require.NotEqual(t, before, digest("a>1"))
}
