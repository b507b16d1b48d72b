package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// maxInit is how long one init.sh may take; some download resources.
const maxInit = 15 * time.Minute

// staging is what of a benchmark's folder goes into a package.
type staging struct {
	code   tree              // the sources of the language, laid flat
	folder tree              // what init.sh can read; empty if there is none
	inits  []string          // the init.sh to run, by their paths in folder
	made   map[string][]byte // made from the sources, by path in the package
}

// newStaging reads a benchmark's folder. It writes nothing.
func newStaging(j Job, r driver.Recipe) (staging, error) {
	language := j.Spec.Runtime.Language
	if !validName(language) || strings.Contains(language, "/") || language == "." {
		return staging{}, fmt.Errorf("language %q: not the name of a folder", language)
	}
	if info, err := fs.Lstat(j.Files, language); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return staging{}, fmt.Errorf("it has no folder %s with the sources of its %s function", language, language)
	} else if err != nil {
		return staging{}, err
	}
	var s staging
	var err error
	s.code, err = readTree(j.Files, language, func(name string) bool { return name == "init.sh" })
	if err != nil {
		return staging{}, err
	}
	s.code.files = languages[language].choose(s.code.files, j.Spec.Architecture, j.Spec.Runtime.Version)
	if _, own := s.code.find("package.sh"); !own {
		if f, _, err := inspect(j.Files, "package.sh"); err == nil {
			f.name = "package.sh"
			s.code.files = append(s.code.files, f)
			s.code.sort()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return staging{}, err
		}
	}
	for _, name := range []string{"init.sh", path.Join(language, "init.sh")} {
		if _, _, err := inspect(j.Files, name); err == nil {
			s.inits = append(s.inits, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return staging{}, err
		}
	}
	if generate := languages[language].generate; generate != nil {
		if s.made, err = generate(j, &s.code, r.Packages); err != nil {
			return staging{}, err
		}
	}
	if len(s.inits) == 0 {
		return s, nil
	}
	others, err := otherLanguages(j.Files, language)
	if err != nil {
		return staging{}, err
	}
	s.folder, err = readTree(j.Files, ".", func(name string) bool { return slices.Contains(others, name) })
	return s, err
}

// otherLanguages lists the languages that a benchmark's config.json names,
// except one. Whether the rest of the file is right is not the build's to say.
func otherLanguages(fsys fs.FS, except string) ([]string, error) {
	raw, err := fs.ReadFile(fsys, "config.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var config struct {
		Languages []json.RawMessage `json:"languages"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	var others []string
	for _, l := range config.Languages {
		var name string
		if json.Unmarshal(l, &name) != nil {
			var variants struct {
				Language string `json:"language"`
			}
			if json.Unmarshal(l, &variants) != nil {
				continue
			}
			name = variants.Language
		}
		if name != except && name != "" {
			others = append(others, name)
		}
	}
	return others, nil
}

// write stages the benchmark in the folder dir: its sources, what its init.sh
// adds, what the platform adds, and what is made from all that. scratch is a folder for a copy of the
// benchmark's folder, from which init.sh runs.
func (s *staging) write(ctx context.Context, dir, scratch string, j Job, r driver.Recipe, log io.Writer) error {
	if err := s.code.write(dir); err != nil {
		return err
	}
	if len(s.inits) > 0 {
		if err := s.folder.write(scratch); err != nil {
			return err
		}
	}
	for _, init := range s.inits {
		err := script{
			name: init,
			args: []string{scratch + "/" + init, dir, "false", string(j.Spec.Architecture)},
			dir:  dir,
			env:  hostEnv(),
			most: maxInit,
		}.run(ctx, log)
		if err != nil {
			return err
		}
	}
	if err := overlay(dir, j.Spec.Runtime.Language, r); err != nil {
		return err
	}
	return addFiles(dir, s.made)
}
