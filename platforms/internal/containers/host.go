package containers

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/mount"

	"github.com/sebs-go/sebs/harness/environment"
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
	s.env = append(s.env, environment.Container.Variables()...)
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
