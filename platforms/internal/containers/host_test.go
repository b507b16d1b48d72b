package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/mount"
	"github.com/stretchr/testify/require"
)

// onlyEnvironment leaves of the environment nothing but a home folder.
func onlyEnvironment(t *testing.T) (home string) {
	t.Helper()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		t.Setenv(name, "") // so that it comes back
		require.NoError(t, os.Unsetenv(name))
	}
	home, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Setenv("HOME", home)
	return home
}

// lentAs returns where a file of this machine is in the container.
func lentAs(s settings, path string) string {
	for _, m := range s.mounts {
		if m.Source == path {
			return m.Target
		}
	}
	return ""
}

func TestHostSettingsOfNothing(t *testing.T) {
	onlyEnvironment(t)
	s := hostSettings()
	for _, v := range s.env { // the system's certificates at most
		require.Regexp(t, `^(SSL_CERT_FILE|PIP_CERT|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_CAINFO|CARGO_HTTP_CAINFO|NODE_EXTRA_CA_CERTS)=/etc/sebs/certificates\.crt$`, v)
	}
}

func TestHostSettings(t *testing.T) {
	home := onlyEnvironment(t)
	path := func(name string) string { return filepath.Join(home, name) }
	for _, name := range []string{"corp.pem", "node.pem", "own.conf", "wheels/x.whl", ".npmrc", ".netrc", ".config/pip/pip.conf", ".m2/settings.xml", ".ssh/id_rsa", ".aws/credentials", ".docker/config.json"} {
		write(t, path(name), name)
	}
	for name, value := range map[string]string{
		"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "10.0.0.0/8",
		"PIP_INDEX_URL": "https://index.example/simple", "npm_config_registry": "https://npm.example", "GOPROXY": "https://go.example",
		"SSL_CERT_FILE": path("corp.pem"), "NODE_EXTRA_CA_CERTS": path("node.pem"),
		"PIP_CONFIG_FILE": path("own.conf"), "PIP_FIND_LINKS": path("wheels"),
		"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CA_BUNDLE": path("corp.pem"), "GOOGLE_APPLICATION_CREDENTIALS": path("own.conf"),
		"AZURE_CLIENT_SECRET": "secret", "SEBS_CACHE": "/cache", "SEBS_IMAGES": "a=b", "GITHUB_TOKEN": "secret", "DOCKER_AUTH_CONFIG": "{}", "PATH": "/bin",
	} {
		t.Setenv(name, value)
	}
	s := hostSettings()
	env := map[string]string{}
	for _, v := range s.env {
		name, value, _ := strings.Cut(v, "=")
		require.NotContains(t, env, name, "twice")
		env[name] = value
	}
	bundle := lentAs(s, path("corp.pem"))
	require.Equal(t, "/etc/sebs/certificates.crt", bundle)
	require.Equal(t, map[string]string{
		"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "10.0.0.0/8",
		"PIP_INDEX_URL": "https://index.example/simple", "npm_config_registry": "https://npm.example", "GOPROXY": "https://go.example",
		"SSL_CERT_FILE": bundle, "PIP_CERT": bundle, "REQUESTS_CA_BUNDLE": bundle, "CURL_CA_BUNDLE": bundle, "GIT_SSL_CAINFO": bundle, "CARGO_HTTP_CAINFO": bundle,
		"NODE_EXTRA_CA_CERTS": lentAs(s, path("node.pem")),
		"PIP_CONFIG_FILE":     lentAs(s, path("own.conf")),
		"PIP_FIND_LINKS":      lentAs(s, path("wheels")),
	}, env, "and nothing else of the environment")
	for name, target := range map[string]string{
		".npmrc": "/etc/sebs/home/.npmrc", ".netrc": "/etc/sebs/home/.netrc",
		".config/pip/pip.conf": "/etc/sebs/home/.config/pip/pip.conf", ".m2/settings.xml": "/etc/sebs/home/.m2/settings.xml",
		".ssh/id_rsa": "", ".aws/credentials": "", ".docker/config.json": "",
	} {
		require.Equal(t, target, lentAs(s, path(name)), name)
	}
	for _, m := range s.mounts {
		require.Equal(t, mount.TypeBind, m.Type)
		require.True(t, m.ReadOnly, m.Source)
		require.True(t, strings.HasPrefix(m.Target, "/etc/sebs/") || m.Target == "/etc/pip.conf", m.Target)
	}
}

func TestHostSettingsThatAreNotThere(t *testing.T) {
	home := onlyEnvironment(t)
	t.Setenv("PIP_CONFIG_FILE", filepath.Join(home, "none.conf"))
	t.Setenv("PIP_CONSTRAINT", "relative.txt")
	t.Setenv("PIP_FIND_LINKS", "https://wheels.example/all")
	t.Setenv("NODE_EXTRA_CA_CERTS", filepath.Join(home, "none.pem"))
	require.NoError(t, os.Symlink(filepath.Join(home, "none"), filepath.Join(home, ".npmrc")))
	s := hostSettings()
	all := strings.Join(s.env, "\n")
	require.NotContains(t, all, "none")
	require.NotContains(t, all, "PIP_CONSTRAINT")
	require.Contains(t, all, "PIP_FIND_LINKS=https://wheels.example/all")
	for _, m := range s.mounts {
		_, err := os.Stat(m.Source)
		require.NoError(t, err, "the engine would make a folder of it")
	}
}

// What is a link on this machine is lent as what it leads to, since a mount
// does not follow it.
func TestHostSettingsFollowLinks(t *testing.T) {
	home := onlyEnvironment(t)
	write(t, filepath.Join(home, "dotfiles/npmrc"), "x")
	require.NoError(t, os.Symlink("dotfiles/npmrc", filepath.Join(home, ".npmrc")))
	require.Equal(t, "/etc/sebs/home/.npmrc", lentAs(hostSettings(), filepath.Join(home, "dotfiles/npmrc")))
}
