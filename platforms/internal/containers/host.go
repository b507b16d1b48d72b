package containers

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/mount"
)

// settings are what builds in containers need of the host: proxies, private
// indexes and certificate authorities. They are mounted and passed to the
// container of a build, and so are in no image and no result.
type settings struct {
	env    []string
	mounts []mount.Mount
}

// borrowed is where the host's files are in a container.
const borrowed = "/etc/sebs"

// certificateVariables name a bundle of all certificates that a tool trusts.
var certificateVariables = []string{
	"SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO",
}

// extraCertificates names certificates that Node.js trusts beside its own: no
// bundle for others.
const extraCertificates = "NODE_EXTRA_CA_CERTS"

// bundles are where systems keep the certificates that they trust.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
}

// passed are the variables that go to a build as they are.
var passed = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_NO_INDEX", "PIP_PREFER_BINARY",
	"NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_STRICT_SSL", "npm_config_strict_ssl",
	"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GOINSECURE",
}

// lent are the variables that name files or folders, which are mounted.
var lent = []string{"PIP_FIND_LINKS", "PIP_CONSTRAINT", "PIP_CONFIG_FILE", "NPM_CONFIG_USERCONFIG", "npm_config_userconfig"}

// homeFiles are the settings in the user's home folder that builds use.
var homeFiles = []string{".pip/pip.conf", ".config/pip/pip.conf", ".npmrc", ".m2/settings.xml", ".netrc"}

// hostSettings returns what this machine lends to a build.
func hostSettings() settings {
	var s settings
	lend := func(from, to string) bool {
		path, err := filepath.EvalSymlinks(from)
		if err != nil || !filepath.IsAbs(path) {
			return false
		}
		s.mounts = append(s.mounts, mount.Mount{Type: mount.TypeBind, Source: path, Target: to, ReadOnly: true})
		return true
	}
	if lend(hostBundle(), borrowed+"/certificates.crt") {
		for _, name := range certificateVariables {
			s.env = append(s.env, name+"="+borrowed+"/certificates.crt")
		}
		if own := os.Getenv(extraCertificates); filepath.IsAbs(own) && lend(own, borrowed+"/extra.crt") {
			s.env = append(s.env, extraCertificates+"="+borrowed+"/extra.crt")
		} else {
			s.env = append(s.env, extraCertificates+"="+borrowed+"/certificates.crt")
		}
	}
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			s.env = append(s.env, name+"="+value)
		}
	}
	for i, name := range lent {
		value := os.Getenv(name)
		if to := borrowed + "/lent-" + strconv.Itoa(i); filepath.IsAbs(value) && lend(value, to) {
			s.env = append(s.env, name+"="+to)
		} else if strings.Contains(value, "://") {
			s.env = append(s.env, name+"="+value)
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, name := range homeFiles {
			lend(filepath.Join(home, name), borrowed+"/home/"+name)
		}
	}
	lend("/etc/pip.conf", "/etc/pip.conf")
	return s
}

// hostBundle returns the bundle of certificates that this machine trusts: what
// one of the variables names, or the system's.
func hostBundle() string {
	var candidates []string
	for _, name := range certificateVariables {
		candidates = append(candidates, os.Getenv(name))
	}
	for _, path := range append(candidates, bundles...) {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && filepath.IsAbs(path) {
			return path
		}
	}
	return ""
}
