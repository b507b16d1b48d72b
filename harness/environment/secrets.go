package environment

import (
	"encoding/base64"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
)

// credentials are the variables that pass to an installer and are secret.
var credentials = []string{"NPM_TOKEN", "NODE_AUTH_TOKEN", "npm_config_//*"}

// leastSecret is the length from which a password is looked for as such: a
// shorter one stands in too much that is none.
const leastSecret = 6

// Secrets returns what of this process's environment no output may show: tokens,
// secret settings of platforms, and passwords in the URLs of proxies, registries
// and settings, as they are written, decoded, and encoded for a header.
func Secrets() []string { return secrets(os.Environ(), driver.AllSettings()) }

// Plain returns a text, whoever wrote it, as it may be shown and kept: as
// [plain.Text] writes it, without this process's secrets.
func Plain(text string) string { return plain.Text(text, Secrets()...) }

func secrets(environ []string, settings []driver.Setting) []string {
	secret := map[string]bool{}
	for _, s := range settings {
		secret[s.Name] = s.Secret
	}
	var all []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		isSecret, isSetting := secret[name]
		if !isSetting && !matches(name, Install.passes) {
			continue
		}
		if isSecret || matches(name, credentials) {
			all = append(all, value)
		}
		for word := range strings.FieldsSeq(value) { // some variables list URLs
			_, rest, ok := strings.Cut(word, "://")
			if !ok {
				continue
			}
			authority, _, _ := strings.Cut(rest, "/")
			at := strings.LastIndexByte(authority, '@')
			if at < 0 {
				continue
			}
			user, password, _ := strings.Cut(authority[:at], ":")
			decodedUser, decoded := decode(user), decode(password)
			all = append(all, password, decoded, base64.StdEncoding.EncodeToString([]byte(decodedUser+":"+decoded)))
			if password == "" { // a token alone
				all = append(all, user, decodedUser)
			}
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < leastSecret })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // what contains another comes first
	return slices.Compact(all)
}

func decode(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}
