package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/nearest"
)

// Config is what a benchmark's config.json says.
type Config struct {
	Timeout         time.Duration   // of one call: whole seconds, 1 s to 24 h
	Memory          int             // MB, 1 to 1,048,576: the least with which the benchmark runs
	Languages       []Language      // at least one, in the file's order
	Modules         []driver.Module // the stores used, sorted
	CPPDependencies []string        // libraries of a C++ function, in the file's order
}

// Language is one language of a benchmark.
type Language struct {
	Name string // its folder's name: "python", "nodejs"

	// Variants are folders of the language's folder, laid over it: "pytorch" is
	// python/pytorch over python. "default" is the language's folder alone.
	Variants []string // as the file names them; empty: the default only
}

// maxConfig bounds a config.json, in bytes.
const maxConfig = 1 << 20

// ReadConfig reads and parses the config.json of a benchmark's folder.
func ReadConfig(files fs.FS) (Config, error) {
	data, err := configFile(files)
	if err != nil {
		return Config{}, err
	}
	return ParseConfig(data)
}

// configFile reads the config.json of a benchmark's folder.
func configFile(files fs.FS) ([]byte, error) {
	f, err := build.Regular(files).Open("config.json")
	if err != nil {
		if inner, _ := fs.Glob(files, "*/config.json"); len(inner) == 1 { // its only error is one of the pattern
			folder := path.Dir(inner[0])
			return nil, fmt.Errorf("config.json: %w: it is in the folder %s: pass what fs.Sub(…, %q) returns", err, folder, folder)
		}
		return nil, fmt.Errorf("config.json: %w: a benchmark's folder needs one", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	return data, nil
}

// ParseConfig decodes a config.json strictly. The error names the key and what
// it must hold; unknown and repeated keys are errors. timeout, memory and
// languages are required.
func ParseConfig(data []byte) (Config, error) {
	return parseConfig(data, func(unknown error) error { return unknown })
}

// parseConfig is ParseConfig, but that an unknown key or module is an error only
// if the function returns one, and is ignored otherwise.
func parseConfig(data []byte, unknown func(error) error) (Config, error) {
	values, err := configObject(data)
	if err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	var c Config
	decode := map[string]func(json.RawMessage) error{
		"timeout": func(v json.RawMessage) error {
			n, err := configNumber(v, 24*60*60, "seconds")
			c.Timeout = time.Duration(n) * time.Second
			return err
		},
		"memory": func(v json.RawMessage) (err error) {
			c.Memory, err = configNumber(v, 1<<20, "MB")
			return err
		},
		"languages":        func(v json.RawMessage) (err error) { c.Languages, err = configLanguages(v, unknown); return err },
		"modules":          func(v json.RawMessage) (err error) { c.Modules, err = configModules(v, unknown); return err },
		"cpp_dependencies": func(v json.RawMessage) (err error) { c.CPPDependencies, err = configNames(v); return err },
	}
	for _, v := range values {
		set, ok := decode[v.key]
		if !ok {
			err := unknown(fmt.Errorf("config.json: unknown key %q%s: the keys are timeout, memory, languages, modules and cpp_dependencies",
				v.key, nearest.Hint(v.key, slices.Sorted(maps.Keys(decode)))))
			if err != nil {
				return Config{}, err
			}
			continue
		}
		if err := set(v.value); err != nil {
			return Config{}, fmt.Errorf("config.json: key %q: %w", v.key, err)
		}
	}
	for _, key := range []string{"timeout", "memory", "languages"} {
		if !slices.ContainsFunc(values, func(v configValue) bool { return v.key == key }) {
			return Config{}, fmt.Errorf("config.json: key %q is missing: want for example %s", key,
				`{"timeout": 60, "memory": 256, "languages": ["python"], "modules": []}`)
		}
	}
	return c, nil
}

// Has reports whether the benchmark is written in a language.
func (c Config) Has(language string) bool {
	return slices.ContainsFunc(c.Languages, func(l Language) bool { return l.Name == language })
}

// variants returns the variants of a language as a driver.Spec names them,
// empty for the default; none if the benchmark is not written in the language.
func (c Config) variants(language string) []string {
	i := slices.IndexFunc(c.Languages, func(l Language) bool { return l.Name == language })
	if i < 0 {
		return nil
	}
	if len(c.Languages[i].Variants) == 0 {
		return []string{""}
	}
	names := slices.Clone(c.Languages[i].Variants)
	for j, name := range names {
		if name == "default" {
			names[j] = ""
		}
	}
	slices.Sort(names) // the default is the first
	return names
}

// configValue is one key of a JSON object with its undecoded value.
type configValue struct {
	key   string
	value json.RawMessage
}

// configObject splits a JSON object into its keys, in order, each once.
func configObject(data []byte) ([]configValue, error) {
	if len(data) > maxConfig {
		return nil, fmt.Errorf("the file has more than %d bytes", maxConfig)
	}
	if !json.Valid(data) {
		var v any
		err := json.Unmarshal(data, &v)
		if at := (*json.SyntaxError)(nil); errors.As(err, &at) {
			return nil, fmt.Errorf("not valid JSON: line %d: %w", 1+bytes.Count(data[:at.Offset], []byte("\n")), err)
		}
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("want a JSON object, got %s", configExcerpt(data))
	}
	var values []configValue
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // a valid object's keys are strings
		if slices.ContainsFunc(values, func(v configValue) bool { return v.key == key }) {
			return nil, fmt.Errorf("key %q is there twice: remove one", key)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		values = append(values, configValue{key, value})
	}
	return values, nil
}

// configNumber decodes a whole number from 1 to limit.
func configNumber(v json.RawMessage, limit int, unit string) (int, error) {
	var n int
	if err := json.Unmarshal(v, &n); err != nil || string(v) == "null" || n < 1 || n > limit {
		return 0, fmt.Errorf("want a whole number of %s from 1 to %d, got %s", unit, limit, configExcerpt(v))
	}
	return n, nil
}

// configName is what languages, variants and libraries may be called: part of
// a path and of a function's name.
var configName = regexp.MustCompile(`^[a-z][a-z0-9+_.-]{0,39}$`)

// configNames decodes a list of names, each once.
func configNames(v json.RawMessage) ([]string, error) {
	var names []string
	if err := json.Unmarshal(v, &names); err != nil || string(v) == "null" {
		return nil, fmt.Errorf("want a list of names, got %s", configExcerpt(v))
	}
	for i, name := range names {
		if !configName.MatchString(name) {
			return nil, fmt.Errorf("%q is not a name: want a lower-case letter, then letters, digits and any of + _ . -", name)
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("%q is there twice: remove one", name)
		}
	}
	return names, nil
}

// configLanguages decodes a list of languages: names, or objects with the keys
// language and variants.
func configLanguages(v json.RawMessage, unknown func(error) error) ([]Language, error) {
	var entries []json.RawMessage
	if err := json.Unmarshal(v, &entries); err != nil || len(entries) == 0 {
		return nil, fmt.Errorf(`want a list of at least one language, for example ["python", "nodejs"], got %s`, configExcerpt(v))
	}
	var languages []Language
	for _, entry := range entries {
		l, err := configLanguage(entry, unknown)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(languages, func(other Language) bool { return other.Name == l.Name }) {
			return nil, fmt.Errorf("language %q is there twice: remove one", l.Name)
		}
		languages = append(languages, l)
	}
	return languages, nil
}

func configLanguage(v json.RawMessage, unknown func(error) error) (Language, error) {
	var l Language
	if v[0] == '{' {
		values, err := configObject(v)
		if err != nil {
			return Language{}, err
		}
		for _, part := range values {
			switch part.key {
			case "language":
				v = part.value
			case "variants":
				if l.Variants, err = configNames(part.value); err != nil {
					return Language{}, fmt.Errorf("variants: %w", err)
				}
				for _, name := range l.Variants {
					if strings.ContainsAny(name, "+_.-") { // which the names of functions do not keep apart
						return Language{}, fmt.Errorf("variants: %q is not a variant's name: want a lower-case letter, then letters and digits", name)
					}
				}
			default:
				if err := unknown(fmt.Errorf("unknown key %q%s of a language: the keys are language and variants", part.key, nearest.Hint(part.key, []string{"language", "variants"}))); err != nil {
					return Language{}, err
				}
			}
		}
	}
	if err := json.Unmarshal(v, &l.Name); err != nil || !configName.MatchString(l.Name) {
		return Language{}, fmt.Errorf(`want a language's name, or {"language": "python", "variants": ["default"]}, got %s`, configExcerpt(v))
	}
	return l, nil
}

// configModules decodes a list of modules and sorts it.
func configModules(v json.RawMessage, unknown func(error) error) ([]driver.Module, error) {
	names, err := configNames(v)
	if err != nil {
		return nil, err
	}
	var modules []driver.Module
	for _, name := range names {
		m := driver.Module(name)
		if m != driver.Storage && m != driver.NoSQL {
			if err := unknown(fmt.Errorf("unknown module %q%s: the modules are %s and %s", name,
				nearest.Hint(name, words([]driver.Module{driver.Storage, driver.NoSQL})), driver.Storage, driver.NoSQL)); err != nil {
				return nil, err
			}
			continue
		}
		modules = append(modules, m)
	}
	slices.Sort(modules)
	return modules, nil
}

// configExcerpt shortens a JSON value for an error.
func configExcerpt(v []byte) string {
	text := strings.Join(strings.Fields(string(v)), " ")
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	if text == "" {
		return "nothing"
	}
	return text
}
