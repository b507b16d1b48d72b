package endtoend_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/leftout"
)

// secrets are what a user's home and shell hold, by where it is: no text of
// them may be anywhere in what a run leaves or prints.
type secrets map[string]string

// plant returns a new secret.
func (s secrets) plant(where string) string {
	s[where] = fmt.Sprintf("Planted-%02d-%s", len(s), strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, where))
	return s[where]
}

// registries is a proxy behind which are the registries of pip and npm, all of
// which ask for credentials.
type registries struct {
	s secrets

	mu     sync.Mutex
	served map[string]int // by host
}

func (r *registries) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	basic := func(password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+password))
	}
	want := map[string]string{
		"index.example": basic(r.s["PIP_INDEX_URL"]), "netrc.example": basic(r.s[".netrc"]), "npm.example": "Bearer " + r.s[".npmrc"],
	}[req.Host]
	if req.Header.Get("Proxy-Authorization") != basic(r.s["HTTP_PROXY"]) {
		http.Error(w, "who is asking?", http.StatusProxyAuthRequired)
		return
	}
	if want == "" || req.Header.Get("Authorization") != want {
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	r.mu.Lock()
	r.served[req.Host]++
	r.mu.Unlock()
	switch req.Host + req.URL.Path {
	case "index.example/simple/tiny/":
		fmt.Fprint(w, `<a href="/files/tiny-1.2-py3-none-any.whl">tiny-1.2-py3-none-any.whl</a>`)
	case "index.example/files/tiny-1.2-py3-none-any.whl":
		_, _ = w.Write(tinyWheel())
	case "npm.example/tiny":
		fmt.Fprint(w, `{"name": "tiny", "dist-tags": {"latest": "1.2.0"}, "versions": {"1.2.0": {"name": "tiny", "version": "1.2.0",
			"dist": {"tarball": "http://npm.example/tiny.tgz"}}}}`)
	case "npm.example/tiny.tgz":
		_, _ = w.Write(tinyPackage())
	default:
		http.NotFound(w, req)
	}
}

func tinyWheel() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"tiny.py":                      "VALUE = 1\n",
		"tiny-1.2.dist-info/METADATA":  "Metadata-Version: 2.1\nName: tiny\nVersion: 1.2\n",
		"tiny-1.2.dist-info/WHEEL":     "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"tiny-1.2.dist-info/RECORD":    "tiny.py,,\ntiny-1.2.dist-info/METADATA,,\ntiny-1.2.dist-info/WHEEL,,\ntiny-1.2.dist-info/RECORD,,\n",
		"tiny-1.2.dist-info/INSTALLER": "",
	} {
		if w, err := z.Create(name); err == nil {
			_, _ = io.WriteString(w, text)
		}
	}
	_ = z.Close()
	return b.Bytes()
}

func tinyPackage() []byte {
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for name, text := range map[string]string{"package/package.json": `{"name": "tiny", "version": "1.2.0"}`, "package/index.js": "exports.value = 1;\n"} {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg})
		_, _ = io.WriteString(w, text)
	}
	_ = w.Close()
	_ = g.Close()
	return b.Bytes()
}

// home makes a home folder and an environment with a secret in every place
// where users have one.
func (s secrets) home(t *testing.T, proxy string) (env []string) {
	t.Helper()
	home := t.TempDir()
	for name, text := range map[string]string{
		".netrc":                  "machine netrc.example login me password %s\n",
		".config/pip/pip.conf":    "[global]\nextra-index-url = http://netrc.example/simple http://me:%s@conf.example/simple\nno-cache-dir = true\n",
		".npmrc":                  "registry=http://npm.example/\n//npm.example/:_authToken=%s\n",
		".m2/settings.xml":        "<settings><servers><server><id>central</id><password>%s</password></server></servers></settings>\n",
		".git-credentials":        "https://me:%s@git.example\n",
		".gitconfig":              "[http]\n\textraHeader = Authorization: Bearer %s\n",
		".aws/credentials":        "[default]\naws_secret_access_key = %s\n",
		".azure/accessTokens":     "%s",
		".docker/config.json":     `{"auths": {"registry.example": {"auth": "%s"}}}`,
		".config/gcloud/adc.json": `{"client_secret": "%s"}`,
		".ssh/id_ed25519":         "%s",
		".pypirc":                 "[pypi]\npassword = %s\n",
	} {
		path := filepath.Join(home, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, text, s.plant(name)), 0o600))
	}
	// Or else go leaves a process behind that writes there while the test removes it.
	require.NoError(t, os.MkdirAll(filepath.Join(home, ".config/go/telemetry"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".config/go/telemetry/mode"), []byte("off"), 0o644))
	env = []string{"HOME=" + home, "PIP_TRUSTED_HOST=index.example netrc.example conf.example", "NO_PROXY=", "no_proxy=", "PIP_CONFIG_FILE=", "PIP_NO_INDEX="}
	for name, text := range map[string]string{
		"HTTP_PROXY":                    "http://me:%s@" + strings.TrimPrefix(proxy, "http://"),
		"PIP_INDEX_URL":                 "http://me:%s@index.example/simple",
		"AWS_SECRET_ACCESS_KEY":         "%s",
		"AWS_SESSION_TOKEN":             "%s",
		"AZURE_CLIENT_SECRET":           "%s",
		"CLOUDSDK_AUTH_ACCESS_TOKEN":    "%s",
		"GITHUB_TOKEN":                  "%s",
		"NPM_TOKEN":                     "%s",
		"NODE_AUTH_TOKEN":               "%s",
		"DATABASE_URL":                  "postgres://me:%s@db.example/x",
		"A_VARIABLE_THAT_NOBODY_KNOWS":  "%s",
		"npm_config_//more.example/:_a": "%s",
	} {
		env = append(env, name+"="+fmt.Sprintf(text, s.plant(name)))
	}
	env = append(env, "http_proxy="+fmt.Sprintf("http://me:%s@%s", s["HTTP_PROXY"], strings.TrimPrefix(proxy, "http://")))
	return env
}

// requireNone checks that a text holds no secret, in no encoding that tools use.
func (s secrets) requireNone(t *testing.T, where string, content []byte) {
	t.Helper()
	for from, secret := range s {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte("me:" + secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if i := bytes.Index(content, []byte(form)); i >= 0 {
				t.Errorf("%s has the secret of %s: …%q…", where, from, content[max(0, i-80):min(len(content), i+40)])
			}
		}
	}
}

// requireNoneBelow checks all files of a folder, and those in archives.
func (s secrets) requireNoneBelow(t *testing.T, dir string) (files int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		s.requireNone(t, path, content)
		if z, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err == nil {
			for _, f := range z.File {
				r, err := f.Open()
				require.NoError(t, err)
				packed, err := io.ReadAll(r)
				require.NoError(t, err)
				s.requireNone(t, path+" "+f.Name, packed)
			}
		}
		return nil
	}))
	return files
}

// TestSecrets runs functions that install dependencies from registries which
// ask for credentials, with scripts that print all that they know, and functions
// that fail and tell: no secret is in results, logs, packages or messages, and
// nothing of what they print is obeyed by a terminal.
func TestSecrets(t *testing.T) {
	s := secrets{}
	registry := &registries{s: s, served: map[string]int{}}
	server := httptest.NewServer(registry)
	defer server.Close()
	env := s.home(t, server.URL)
	dir, results, cache, temp := folders(t, "secrets.txtar"), t.TempDir(), t.TempDir(), t.TempDir()
	// Settings of a project are used and are no part of its package.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "940.installs", "nodejs", ".npmrc"),
		[]byte("//more.example/:_authToken="+s.plant("the project's .npmrc")+"\n"), 0o600))
	languages := []string{"python"}
	if exec.CommandContext(t.Context(), "node", "-e", "0").Run() == nil && exec.CommandContext(t.Context(), "npm", "--version").Run() == nil {
		languages = append(languages, "nodejs")
	}
	cmd := command(t, "Regression/benchmark=94[0-9].*("+strings.Join(languages, "|")+")")
	cmd.Env = append(os.Environ(), "CI=true", "SEBS_BENCHMARKS="+dir, "SEBS_RESULTS="+results, "SEBS_CACHE="+cache, "TMPDIR="+temp)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "some of them fail")
	for _, language := range languages {
		require.Regexp(t, `PASS: TestRegression/.*940\.installs,runtime=`+language, string(out))
		host := map[string]string{"python": "index.example", "nodejs": "npm.example"}[language]
		require.Positive(t, registry.served[host], "%s was not used:\n%s", host, out)
	}
	require.Positive(t, registry.served["netrc.example"], "%s", out)
	for _, failed := range []string{"941.package-fails", "942.input-raises", "943.function-raises", "944.function-crashes", "945.no-such-package"} {
		require.Regexp(t, "FAIL: TestRegression/.*"+failed, string(out))
	}

	s.requireNone(t, "the output", out)
	require.Greater(t, s.requireNoneBelow(t, results), 10)
	require.Greater(t, s.requireNoneBelow(t, cache), 10)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)

	require.Contains(t, string(out), `\x1b[31m`, "it is shown as text")
	require.Contains(t, string(out), "[hidden]", "and what is masked as such")
	requirePlain(t, "the output", out)
	require.NoError(t, filepath.WalkDir(results, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".log") || strings.HasSuffix(path, ".txt") {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			requirePlain(t, path, content)
		}
		return err
	}))
	if len(languages) == 1 {
		t.Skip(leftout.Mark + "npm's credentials, since node or npm does not work: apt-get install nodejs npm")
	}
}

// requirePlain checks that a terminal would show a text as it is.
func requirePlain(t *testing.T, where string, text []byte) {
	t.Helper()
	require.True(t, utf8.Valid(text), where)
	for i, r := range string(text) {
		if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) {
			require.Fail(t, where, "%q in …%q…", r, text[max(0, i-60):min(len(text), i+60)])
		}
	}
}
