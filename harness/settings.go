package harness

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/nearest"
)

// The settings of platforms are environment variables, as the parameters are.
// Platforms declare them; what begins with SEBS_ and is neither is refused.

// elsewhere are settings of several platforms that do not have a platform's name
// in theirs: they may be set where none of these platforms is linked.
var elsewhere = []string{"SEBS_IMAGES", "SEBS_MB_PER_CPU", "SEBS_REGISTRY"}

// checkVariables refuses a variable of SeBS that nothing reads: it is misspelt.
// One with the name of a platform in it that is not linked here is left alone.
func checkVariables(environ []string) error {
	known := slices.Clone(parameterNames)
	for _, s := range driver.AllSettings() {
		known = append(known, s.Name)
	}
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(strings.ToUpper(name), "SEBS_") || slices.Contains(known, name) || slices.Contains(elsewhere, name) || ofUnlinked(name) {
			continue
		}
		return fmt.Errorf("%s: there is no such parameter%s; there are %s", name, nearest.Hint(name, append(known, elsewhere...)), strings.Join(known, ", "))
	}
	return nil
}

// ofUnlinked reports whether a variable is a setting of a platform that is not
// linked here.
func ofUnlinked(name string) bool {
	linked := driver.Platforms()
	return slices.ContainsFunc(driver.Tags(), func(tag string) bool {
		return !slices.Contains(linked, tag) && strings.HasPrefix(name, "SEBS_"+strings.ToUpper(tag)+"_")
	})
}

// withheld is what is recorded in the place of a secret.
const withheld = "(a secret)"

// variables returns the parameters and settings that are set, without secrets:
// those in settings and in what they say, as a password in a URL.
func variables() map[string]string {
	set := map[string]string{}
	for _, name := range slices.Concat(parameterNames, elsewhere) {
		if v := os.Getenv(name); v != "" {
			set[name] = environment.Plain(v)
		}
	}
	for _, s := range driver.AllSettings() {
		if v := os.Getenv(s.Name); v != "" {
			set[s.Name] = environment.Plain(v)
			if s.Secret {
				set[s.Name] = withheld
			}
		}
	}
	return set
}

// settingNeeds says of each setting of a platform whether it is set, and what it
// is.
func settingNeeds(platform string) []driver.Need {
	var all []driver.Need
	for _, s := range driver.Settings(platform) {
		need := driver.Need{What: s.Name, OK: true, Found: "not set: " + s.Doc}
		switch v := os.Getenv(s.Name); {
		case v != "" && s.Secret:
			need.Found = "set, a secret"
		case v != "":
			need.Found = environment.Plain(v)
		}
		if err := s.Problem(); err != nil {
			need.OK, need.Found, need.Remedy = false, environment.Plain(err.Error()), "set it to what it takes: "+s.Doc
		}
		all = append(all, need)
	}
	return all
}
