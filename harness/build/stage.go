package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
)

// staging is what of a benchmark's folder goes into a package.
type staging struct {
	code   tree              // the sources of the language, laid flat
	folder tree              // what init.sh can read; empty if there is none
	inits  []string          // the init.sh to run, by their paths in folder
	made   map[string][]byte // made from the sources, by path in the package
	notes  []string          // what may be wrong with the sources
	whole  bool              // the manifest is that of a folder written for SeBS

	outside map[string][]byte // what the manifest names outside of the folder: the hash of its content, by path
	moving  bool              // it names what may be other code each time
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
	config, err := readConfig(j.Files)
	if err != nil {
		return staging{}, err
	}
	others, variants := config.others(language), config.variants(language)
	s := staging{whole: languages[language].whole != nil && isSeBS(j.Files)}
	s.code, err = readTree(j.Files, language, func(name string) bool { return name == "init.sh" || slices.Contains(variants, name) })
	if err != nil {
		return staging{}, err
	}
	if s.notes, err = languages[language].unnamed(&s.code, j.Spec.Architecture, j.Spec.Runtime); err != nil {
		return staging{}, err
	}
	s.code.files = languages[language].choose(s.code.files, j.Spec.Architecture, j.Spec.Runtime.Version)
	if j.Spec.Variant != "" {
		if err := s.code.vary(j); err != nil {
			return staging{}, err
		}
	}
	if _, own := s.code.find("package.sh"); !own {
		if f, _, err := inspect(j.Files, "package.sh"); err == nil {
			f.name = "package.sh"
			s.code.files = append(s.code.files, f)
			s.code.sort()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return staging{}, err
		}
	}
	if err := s.findOutside(language); err != nil {
		return staging{}, err
	}
	own := path.Join(language, "init.sh")
	if _, err := fs.Lstat(j.Files, path.Join(language, j.Spec.Variant, "init.sh")); err == nil {
		own = path.Join(language, j.Spec.Variant, "init.sh")
	}
	for _, name := range []string{"init.sh", own} {
		if _, _, err := inspect(j.Files, name); err == nil {
			s.inits = append(s.inits, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return staging{}, err
		}
	}
	if generate := languages[language].generate; generate != nil {
		if s.made, err = generate(j, config, &s.code, r); err != nil {
			return staging{}, err
		}
	}
	if len(s.inits) == 0 {
		return s, nil
	}
	s.folder, err = readTree(j.Files, ".", func(name string) bool {
		variant, ok := strings.CutPrefix(name, language+"/")
		return slices.Contains(others, name) || ok && variant != j.Spec.Variant && slices.Contains(variants, variant)
	})
	return s, err
}

// findOutside finds what the function's manifest names outside of its folder.
func (s *staging) findOutside(language string) error {
	o, err := findOutside(language, &s.code)
	if err != nil {
		return err
	}
	for _, p := range o.paths {
		sum, err := sumOutside(p)
		if errors.Is(err, errTooLarge) {
			o.moving = append(o.moving, p)
			continue
		}
		if err != nil {
			return err
		}
		if s.outside == nil {
			s.outside = map[string][]byte{}
		}
		s.outside[p] = sum
	}
	s.moving = len(o.moving) > 0
	s.notes = append(s.notes, o.notes(languages[language].manifest)...)
	return nil
}

// isSeBS reports whether a benchmark's folder is one written for SeBS.
func isSeBS(files fs.FS) bool {
	_, err := fs.Stat(files, "input.py")
	return err == nil
}

// vary lays the folder of the job's variant over the sources of its language.
func (t *tree) vary(j Job) error {
	language, variant := j.Spec.Runtime.Language, j.Spec.Variant
	root := path.Join(language, variant)
	if info, err := fs.Lstat(j.Files, root); !validName(variant) || errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return fmt.Errorf("variant %s: it has no folder %s/%s to lay over its %s function", variant, language, variant, language)
	} else if err != nil {
		return err
	}
	over, err := readTree(j.Files, root, func(name string) bool { return name == "init.sh" })
	if err != nil {
		return err
	}
	if _, ok := over.find("patch.diff"); ok {
		return fmt.Errorf("variant %s: %s/patch.diff: patches are not applied here, have the folder hold the changed files", variant, root)
	}
	over.files = languages[language].choose(over.files, j.Spec.Architecture, j.Spec.Runtime.Version)
	t.files = slices.DeleteFunc(t.files, func(f source) bool { _, ok := over.find(f.name); return ok })
	t.files = append(t.files, over.files...)
	t.sort()
	return nil
}

// write stages the benchmark in the folder dir: its sources, what its init.sh
// adds, what the platform adds, and what is made from all that. scratch is a
// folder for a copy of the benchmark's folder, in which init.sh runs. failed says
// what went wrong in an init.sh that ended as if nothing had.
func (s *staging) write(ctx context.Context, dir, scratch string, j Job, r driver.Recipe, log io.Writer) (failed []string, err error) {
	if err := s.code.write(dir); err != nil {
		return nil, err
	}
	if len(s.inits) > 0 {
		if err := s.folder.write(scratch); err != nil {
			return nil, err
		}
	}
	for _, name := range s.inits {
		i := initScript{name: name, dir: dir, scratch: scratch, job: j}
		went, err := i.run(ctx, log)
		if err != nil {
			return nil, err
		}
		failed = append(failed, went...)
	}
	if s.whole {
		if err := completeManifest(dir, languages[j.Spec.Runtime.Language]); err != nil {
			return nil, err
		}
	}
	if err := overlay(dir, j.Spec.Runtime.Language, r); err != nil {
		return nil, err
	}
	return failed, addFiles(dir, s.made)
}
