package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// config is what a build needs of a benchmark's config.json. It is read once for
// a build. Whether the rest of the file is right is not the build's to say: the
// harness has said so before.
type config struct {
	Languages    []configLanguage `json:"languages"`
	Dependencies []string         `json:"cpp_dependencies"`
}

// configLanguage is an entry of the languages: a name, or an object.
type configLanguage struct {
	Name     string
	Variants []string
}

// UnmarshalJSON reads both forms. What is neither is left out.
func (l *configLanguage) UnmarshalJSON(raw []byte) error {
	var entry struct {
		Language string   `json:"language"`
		Variants []string `json:"variants"`
	}
	if json.Unmarshal(raw, &l.Name) == nil {
		return nil
	}
	if json.Unmarshal(raw, &entry) == nil {
		l.Name, l.Variants = entry.Language, entry.Variants
	}
	return nil
}

// readConfig reads a benchmark's config.json; without one nothing is known.
func readConfig(files fs.FS) (config, error) {
	var c config
	raw, err := fs.ReadFile(files, "config.json")
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	} else if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return config{}, fmt.Errorf("config.json: %w", err)
	}
	return c, nil
}

// others lists the languages except one.
func (c config) others(language string) (names []string) {
	for _, l := range c.Languages {
		if l.Name != "" && l.Name != language {
			names = append(names, l.Name)
		}
	}
	return names
}

// variants lists the variants of a language that have folders.
func (c config) variants(language string) (names []string) {
	for _, l := range c.Languages {
		if l.Name == language {
			names = slices.DeleteFunc(slices.Clone(l.Variants), func(v string) bool { return v == "default" })
		}
	}
	return names
}
