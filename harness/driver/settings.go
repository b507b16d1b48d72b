package driver

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
)

// Setting is something that a platform wants to be told: its address, its
// region, where credentials are. It is an environment variable.
type Setting struct {
	// Name is the variable: SEBS_, the platform's name and a word, as
	// SEBS_OPENWHISK_ADDRESS. One without SEBS_ is a variable that the service's
	// own tools read, as AWS_REGION.
	Name     string
	Doc      string // what it is, which values it takes, and after a semicolon what holds without it: a line of the manual
	Default  string // used if it is unset or empty
	Required bool   // without it the platform cannot be opened
	Secret   bool   // its value is a secret: it is neither recorded nor shown

	// Check says what is wrong with a value, without the setting's name. nil: it
	// may be anything. It is not called for an empty one.
	Check func(value string) error
}

var settings = struct {
	sync.Mutex
	of map[string][]Setting
}{of: map[string][]Setting{}}

// RegisterSettings declares the settings of the platform called platform, in
// the order in which they are listed. Like Register it is called from the init
// of the platform's package. It panics if a name is there twice, or another
// platform's with another meaning.
func RegisterSettings(platform string, all ...Setting) {
	settings.Lock()
	defer settings.Unlock()
	for _, s := range all {
		if s.Name == "" || s.Name != strings.ToUpper(s.Name) || strings.ContainsAny(s.Name, "= ") || s.Doc == "" {
			panic(fmt.Sprintf("driver: setting %q of platform %s: want an upper-case name and a Doc", s.Name, platform))
		}
		for other, have := range settings.of {
			for _, h := range have {
				if h.Name == s.Name && (other == platform || h.Doc != s.Doc || h.Default != s.Default || h.Secret != s.Secret) {
					panic(fmt.Sprintf("driver: setting %s of platform %s registered twice", s.Name, platform))
				}
			}
		}
		settings.of[platform] = append(settings.of[platform], s)
	}
}

// Settings returns the settings of the platform called platform, empty if it
// has none or is not linked.
func Settings(platform string) []Setting {
	settings.Lock()
	defer settings.Unlock()
	return slices.Clone(settings.of[platform])
}

// AllSettings returns the settings of the linked platforms, by name, each once.
func AllSettings() []Setting {
	settings.Lock()
	defer settings.Unlock()
	byName := map[string]Setting{}
	for _, have := range settings.of {
		for _, s := range have {
			byName[s.Name] = s
		}
	}
	names := slices.Sorted(maps.Keys(byName))
	all := make([]Setting, len(names))
	for i, name := range names {
		all[i] = byName[name]
	}
	return all
}

// Value returns what the setting is set to, or its default.
func (s Setting) Value() string { return cmp.Or(os.Getenv(s.Name), s.Default) }

// Problem says what is wrong with what the setting is set to.
func (s Setting) Problem() error {
	value := os.Getenv(s.Name)
	switch {
	case value == "" && s.Required && s.Default == "":
		return fmt.Errorf("%s is not set: %s", s.Name, s.Doc)
	case value == "" || s.Check == nil:
		return nil
	}
	err := s.Check(value)
	switch {
	case err == nil:
		return nil
	case s.Secret:
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	return fmt.Errorf("%s=%s: %w", s.Name, value, err)
}

// CheckSettings says what is wrong with the settings of the platform called
// platform. Open does it, too.
func CheckSettings(platform string) error {
	var errs []error
	for _, s := range Settings(platform) {
		errs = append(errs, s.Problem())
	}
	return errors.Join(errs...)
}

// Setting returns the value of a setting that a platform has registered, its
// default if it is unset or empty. It panics if there is no such setting: what
// a platform reads, it declares.
func (r Run) Setting(name string) string {
	for _, s := range AllSettings() {
		if s.Name == name {
			return s.Value()
		}
	}
	panic("driver: setting " + name + " is not registered")
}
