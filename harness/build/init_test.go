package build_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// What an init.sh makes is part of the package, wherever relative paths lead:
// its own files and the package's are both there.
func TestInitPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		script, text string
		want         map[string]string
	}{
		"by its argument":     {"python/init.sh", `echo x >"$1/made"`, map[string]string{"made": "x\n"}},
		"by its own place":    {"python/init.sh", `cp -r "$(dirname "${BASH_SOURCE[0]}")/templates" "$1/"`, map[string]string{"templates/page.html": "page"}},
		"its own, relative":   {"python/init.sh", `cp -r templates "$1/"`, map[string]string{"templates/page.html": "page"}},
		"made here":           {"python/init.sh", "echo x > made && mkdir folder && cp made folder/ && ln -s made link", map[string]string{"made": "x\n", "folder/made": "x\n", "link": "x\n"}},
		"the package's":       {"init.sh", "cat templates/page.html >made", map[string]string{"made": "page"}},
		"changed":             {"init.sh", "echo more >>templates/page.html", map[string]string{"templates/page.html": "pagemore\n"}},
		"for the whole":       {"init.sh", `cp -r "$(dirname "$0")/resources" "$1/made" && cp "$(dirname "$0")/resources/a" "$1/b"`, map[string]string{"made/a": "a", "b": "a"}},
		"made there":          {"init.sh", `mkdir "$1/ffmpeg" && echo x >"$1/ffmpeg/ffmpeg" && chmod 755 ffmpeg/ffmpeg`, map[string]string{"ffmpeg/ffmpeg": "x\n"}},
		"by both, in turn":    {"python/init.sh", "cat first made >both", map[string]string{"both": "1\n2\n"}},
		"replaced":            {"python/init.sh", "rm -r templates && mkdir templates && echo x >templates/page.html", map[string]string{"templates/page.html": "x\n"}},
		"with a name of ours": {"python/init.sh", `[ -z "$BASH_ENV$SEBS_RECORD" ] && bash -c '[ -z "$BASH_ENV$SEBS_RECORD" ]' && [ "$#" = 3 ] && [ "${0##*/}" = init.sh ] && echo x >made`, map[string]string{"made": "x\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := folder()
			if strings.HasPrefix(test.script, "python") {
				files["init.sh"] = &fstest.MapFile{Data: []byte("echo 1 >first; echo 2 >\"$1/made\"\n")}
			}
			files[test.script] = &fstest.MapFile{Data: []byte(test.text + "\n")}
			files["python/templates/page.html"] = &fstest.MapFile{Data: []byte("page")}
			files["resources/a"] = &fstest.MapFile{Data: []byte("a")}
			p := &platform{}
			p.build = func(_ context.Context, dir string, s driver.Spec, _ io.Writer) (driver.Package, error) {
				for name, want := range test.want {
					got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
					require.NoError(t, err)
					require.Equal(t, want, string(got))
				}
				require.NoFileExists(t, filepath.Join(dir, "init.sh"))
				return driver.Package{Kind: s.Kind}, nil
			}
			r, err := openStore(t).Package(t.Context(), job(t, p, files))
			require.NoError(t, err)
			require.Empty(t, r.Warnings)
		})
	}
}

// A script that failed is not run again: what it did, it did once.
func TestInitRunsOnce(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	files := folder()
	files["python/init.sh"] = &fstest.MapFile{Data: fmt.Appendf(nil, "echo x >>%q\ncp nothing \"$1/\"\n", mark)}
	_, err := openStore(t).Package(t.Context(), job(t, &platform{}, files))
	require.ErrorContains(t, err, "python/init.sh: exit status 1")
	ran, err := os.ReadFile(mark)
	require.NoError(t, err)
	require.Equal(t, "x\n", string(ran))
}

// An init.sh that ends well although something failed makes a package that says
// so, and that is built again the next time.
func TestInitWentWrong(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "none") {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "content\n")
	}))
	t.Cleanup(server.Close)
	const gone = "http://127.0.0.1:1" // nobody listens
	tools := map[string]bool{}
	for _, tool := range []string{"curl", "wget", "git"} {
		_, err := exec.LookPath(tool)
		tools[tool] = err == nil
	}
	for name, test := range map[string]struct {
		tool, text string
		want       []string // nil: nothing
	}{
		"nothing":                {"", "true", nil},
		"handled":                {"", "if ! false; then false || true; fi; [ -d none ] && echo x; false || echo x", nil},
		"in the middle":          {"", "echo a\ncp none \"$1\"\necho b", []string{"python/init.sh went on after what failed, so that something may be missing: line 2: cp none /"}},
		"in a function":          {"", "get() {\n  false\n  echo x\n}\nget", []string{"line 2: false (exit status 1)"}},
		"in a subshell":          {"", "(\nfalse\ntrue\n)", []string{"line 2: false"}},
		"many":                   {"", strings.Repeat("false\n", 9) + "true", []string{"line 5: false (exit status 1); and 4 more"}},
		"curl":                   {"curl", "curl -s " + gone + "/a/file.tar -o \"$1/file\"\ntrue", []string{"line 1: curl 127.0.0.1:1/a/file.tar (exit status 7)"}},
		"curl in a list":         {"curl", "curl -s " + gone + "/file && tar xf file\ntrue", []string{"line 1: curl 127.0.0.1:1/file (exit status 7)"}},
		"curl, ignored":          {"curl", "curl -s " + gone + "/file || true", []string{"line 1: curl 127.0.0.1:1/file (exit status 7)"}},
		"an error page":          {"curl", "curl -s " + server.URL + "/none -o \"$1/file\"\ntrue", []string{"/none (exit status 22)"}},
		"a mirror":               {"curl", "curl -s " + gone + "/file -o \"$1/file\" || curl -s " + server.URL + "/other/file -o \"$1/file\"", nil},
		"tried again":            {"curl", "curl -s " + gone + "/file\ncurl -s " + server.URL + "/file -o \"$1/file\"", nil},
		"another is no mirror":   {"curl", "curl -s " + gone + "/file -o \"$1/file\"\ncurl -s " + server.URL + "/other -o \"$1/other\"", []string{"/file (exit status 7)"}},
		"nothing secret":         {"curl", "curl -s 'http://user:pass@127.0.0.1:1/file?token=pass#pass' || true", []string{"curl 127.0.0.1:1/file (exit"}},
		"wget":                   {"wget", "wget -q -t 1 " + gone + "/file -P \"$1\"\ntar -xf \"$1\"/file*\nrm -f \"$1\"/file", []string{"line 1: wget 127.0.0.1:1/file (exit status 4); line 2: tar"}},
		"git":                    {"git", "git clone -q " + gone + "/repository x || echo none\ngit rev-parse x 2>/dev/null || true", []string{"line 1: git 127.0.0.1:1/repository (exit status 128)"}},
		"a tool that is missing": {"", "PATH=/none\nwget -q http://a/b || true", []string{"wget a/b (exit status 127)"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.tool != "" && !tools[test.tool] {
				t.Skipf("%s is not installed", test.tool)
			}
			files := folder()
			files["python/init.sh"] = &fstest.MapFile{Data: []byte(test.text + "\n")}
			s, j := openStore(t), job(t, &platform{}, files)
			for range 2 {
				r, err := s.Package(t.Context(), j)
				require.NoError(t, err)
				require.False(t, r.Reused)
				if test.want == nil {
					require.Empty(t, r.Warnings)
					break
				}
				require.Len(t, r.Warnings, 1)
				require.NotContains(t, r.Warnings[0], "pass@")
				require.NotContains(t, r.Warnings[0], "token")
				for _, want := range test.want {
					require.Contains(t, r.Warnings[0], want)
				}
				require.NoError(t, s.Verify(t.Context(), r.Digest), "it is in the store, for this run")
			}
		})
	}
}

// A manifest that names nothing for a version is told where others name
// something, also when the package is found in the store.
func TestUnnamedDependencies(t *testing.T) {
	for name, test := range map[string]struct {
		runtime string
		files   map[string]string
		want    string
	}{
		"empty":            {"python-3.11", map[string]string{"requirements.txt": "# none\n\n", "requirements.txt.3.6": "pillow==7.0.0\n"}, "no requirements.txt names anything for python-3.11, though there are some for 3.6: what they name is not installed"},
		"none":             {"python-3.11", map[string]string{"requirements.txt.3.7": "a\n", "requirements.txt.arm.3.8": "a\n"}, "for 3.7, arm.3.8"},
		"all empty":        {"python-3.11", map[string]string{"requirements.txt": "", "requirements.txt.3.6": "# nothing\n"}, ""},
		"its own":          {"python-3.11", map[string]string{"requirements.txt": "", "requirements.txt.3.11": "a==1\n", "requirements.txt.3.6": "a==1\n"}, ""},
		"for all":          {"python-3.11", map[string]string{"requirements.txt": "a==1\n", "requirements.txt.3.6": "b\n"}, ""},
		"no others":        {"python-3.11", map[string]string{"requirements.txt": ""}, ""},
		"Node.js":          {"nodejs-20", map[string]string{"package.json": "{}", "package.json.16": `{"dependencies": {"ms": "2.1.3"}}`}, "no package.json names anything for nodejs-20, though there are some for 16"},
		"Node.js, for all": {"nodejs-20", map[string]string{"package.json": `{"devDependencies": {"ms": "2.1.3"}}`, "package.json.16": `{"dependencies": {"ms": "2.1.3"}}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := folder()
			s := spec(t, test.runtime)
			for name, text := range test.files {
				files[s.Runtime.Language+"/"+name] = &fstest.MapFile{Data: []byte(text)}
			}
			store, j := openStore(t), job(t, &platform{}, files)
			j.Spec = s
			for _, reused := range []bool{false, true} {
				r, err := store.Package(t.Context(), j)
				require.NoError(t, err)
				require.Equal(t, reused, r.Reused)
				if test.want == "" {
					require.Empty(t, r.Warnings)
					continue
				}
				require.Len(t, r.Warnings, 1)
				require.Contains(t, r.Warnings[0], test.want)
			}
		})
	}
}

// npm installs the devDependencies of a folder written for SeBS, as SeBS's
// installer has it do, and those of no other.
func TestDevelopmentDependencies(t *testing.T) {
	const manifest = `{"name": "f", "dependencies": {"a": "1"}, "devDependencies": {"a": "2", "b": "3"}}`
	for name, test := range map[string]struct{ sebs, manifest, want string }{
		"of SeBS":     {"input.py", manifest, `{"name": "f", "dependencies": {"a": "1", "b": "3"}}`},
		"of another":  {"input.txt", manifest, manifest},
		"none":        {"input.py", `{"name": "f"}`, `{"name": "f"}`},
		"no manifest": {"input.py", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"nodejs/function.js": {}, test.sebs: {}}
			if test.manifest != "" {
				files["nodejs/package.json"] = &fstest.MapFile{Data: []byte(test.manifest)}
			}
			p := &platform{}
			p.build = func(_ context.Context, dir string, s driver.Spec, _ io.Writer) (driver.Package, error) {
				got, err := os.ReadFile(filepath.Join(dir, "package.json"))
				if test.want == "" {
					require.ErrorIs(t, err, os.ErrNotExist)
				} else {
					require.JSONEq(t, test.want, string(got))
				}
				return driver.Package{Kind: s.Kind}, nil
			}
			j := job(t, p, files)
			j.Spec = spec(t, "nodejs-20")
			_, err := openStore(t).Package(t.Context(), j)
			require.NoError(t, err)
		})
	}
}
