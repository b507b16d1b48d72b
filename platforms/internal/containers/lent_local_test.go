//go:build local

package containers_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

// The host's certificates and settings, with what must not get out of a build.
const (
	certificates = "certificates-of-this-company"
	password     = "s3cret-of-the-index"
	token        = "t0ken-of-npm"
)

// wheel returns a package of Python's that consists of one module.
func wheel(t *testing.T, name, source string) []byte {
	t.Helper()
	var all bytes.Buffer
	w := zip.NewWriter(&all)
	for path, content := range map[string]string{
		name + ".py":                     source,
		name + "-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n",
		name + "-1.0.dist-info/WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		name + "-1.0.dist-info/RECORD":   "",
	} {
		f, err := w.Create(path)
		require.NoError(t, err)
		_, err = io.WriteString(f, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return all.Bytes()
}

// index serves an index of packages to the engine's containers, for a user who
// knows the password, and returns its host and port.
func index(t *testing.T, e *containers.Engine) string {
	t.Helper()
	bridge, err := e.NetworkInspect(t.Context(), "bridge", network.InspectOptions{})
	require.NoError(t, err)
	subnet, err := netip.ParsePrefix(bridge.IPAM.Config[0].Subnet)
	require.NoError(t, err)
	l, err := net.Listen("tcp", net.JoinHostPort(subnet.Masked().Addr().Next().String(), "0")) // its gateway: this machine
	require.NoError(t, err)
	const file = "sebs_fake-1.0-py3-none-any.whl"
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, ok := r.BasicAuth(); !ok || given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="index"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/simple/sebs-fake/":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<html><body><a href="/`+file+`">`+file+`</a></body></html>`)
		case "/" + file:
			_, _ = w.Write(wheel(t, "sebs_fake", "answer = 42\n"))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return l.Addr().String()
}

// What the host lends reaches the build, and is in nothing that comes of it.
func TestInstallWithSettingsOfTheHost(t *testing.T) {
	without(t)
	// A small image for the function, in a language whose image gets no additions.
	t.Setenv("SEBS_IMAGES", "debian:12.11-slim="+makeImage(t, connect(t), small))
	e := connect(t)
	run := newRun(t, e)
	home := staged(t, map[string]string{
		"corp.pem": certificates, ".npmrc": "//npm.example/:_authToken=" + token + "\n", ".aws/credentials": "aws-secret",
	})
	require.NoError(t, os.Chmod(filepath.Join(home, ".npmrc"), 0o600))
	address := index(t, e)
	host, _, err := net.SplitHostPort(address)
	require.NoError(t, err)
	t.Setenv("HOME", home)
	t.Setenv("SSL_CERT_FILE", filepath.Join(home, "corp.pem"))
	t.Setenv("PIP_INDEX_URL", "http://me:"+password+"@"+address+"/simple")
	t.Setenv("PIP_TRUSTED_HOST", host)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "aws-secret")
	t.Setenv("SEBS_CACHE", "/sebs-secret")

	dir := staged(t, map[string]string{
		"requirements.txt":     "sebs-fake==1.0\n",
		"function/function.py": "import sebs_fake\n",
		"package.sh": `
			echo "bundle: $(cat "$PIP_CERT") $(cat "$SSL_CERT_FILE")"
			echo "npm: $(cat ~/.npmrc)"
			env; ls -a ~; grep -rs aws-secret /etc/sebs ~ || echo "no keys of clouds"`,
	})
	var log watched
	require.NoError(t, install(t.Context(), t, e, run, dir, &log), "%s", &log)
	require.Contains(t, log.String(), "bundle: "+certificates+" "+certificates)
	require.Contains(t, log.String(), "npm: //npm.example/:_authToken="+token)
	require.Contains(t, log.String(), "no keys of clouds")
	require.NotContains(t, log.String(), "-secret\n", "nothing else of the environment")

	files := tree(t, dir)
	require.Equal(t, "answer = 42\n", files[".python_packages/lib/site-packages/sebs_fake.py"])
	s := driver.Spec{Benchmark: "000.lent-" + run.ID, Runtime: driver.Runtime{Language: "go", Version: "1.26"}, Architecture: e.Architecture(), Kind: driver.Image}
	id, _, err := e.Assemble(t.Context(), "local", s, dir, t.Output())
	require.NoError(t, err)
	t.Cleanup(func() { removeImage(t, e, id) })
	all := inside(t, e, id)
	require.Contains(t, all, "answer = 42", "it is looked into")
	for _, secret := range []string{certificates, password, token, "aws-secret", "corp.pem", host} {
		for name, content := range files {
			require.NotContains(t, content, secret, name)
		}
		require.NotContains(t, all, secret)
	}
}

// Wheels in a folder of the host are found where the build looks for them.
func TestInstallFromAFolderOfWheels(t *testing.T) {
	without(t)
	e := connect(t)
	run := newRun(t, e)
	wheels := t.TempDir()
	require.NoError(t, os.Chmod(wheels, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(wheels, "sebs_fake-1.0-py3-none-any.whl"), wheel(t, "sebs_fake", "answer = 43\n"), 0o644))
	t.Setenv("PIP_FIND_LINKS", wheels)
	t.Setenv("PIP_NO_INDEX", "1")
	dir := staged(t, map[string]string{"requirements.txt": "sebs-fake\n"})
	var log watched
	require.NoError(t, install(t.Context(), t, e, run, dir, &log), "%s", &log)
	require.Equal(t, "answer = 43\n", tree(t, dir)[".python_packages/lib/site-packages/sebs_fake.py"])
}
