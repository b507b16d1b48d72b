package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sebs-go/sebs/harness/driver"
)

// language is how the dependencies of a language's functions are named.
type language struct {
	manifest string // the file with dependencies
	lock     string // the file with their resolved versions; empty: none

	// names says whether a manifest names any dependency; nil: it is not known.
	names func(manifest []byte) bool

	// whole returns a manifest of a folder written for SeBS with all that SeBS
	// installs; nil: it is as it is.
	whole func(manifest []byte) ([]byte, error)

	// merge adds packages to a manifest, which is empty if there is none; nil:
	// it cannot.
	merge func(manifest []byte, packages []string) ([]byte, error)

	// generate returns the files that are made from the sources and from what
	// the platform adds, by their paths in the staged folder; nil: none. It only
	// reads.
	generate func(j Job, c config, code *tree, r driver.Recipe) (map[string][]byte, error)
}

// languages is all languages with dependencies; in any other, a function is
// its sources and the platform's files.
var languages = map[string]language{
	"python": {manifest: "requirements.txt", names: namesRequirements, merge: mergeRequirements},
	"nodejs": {manifest: "package.json", lock: "package-lock.json", names: namesPackageJSON, whole: withDevelopment, merge: mergePackageJSON, generate: generateNode},
	"java":   {manifest: "pom.xml"},
	"go":     {manifest: goManifest, lock: goLock, generate: generateGo},
	"cpp":    {generate: generateCPP},
}

// choose keeps of a language's manifests and lock files the ones for an
// architecture and version, under their plain names. Files for one of both are
// named with a suffix: requirements.txt.arm.3.11, requirements.txt.3.11,
// requirements.txt.arm, requirements.txt, the first that exists. A lock file
// has the suffix of its manifest.
func (l language) choose(files []source, arch driver.Architecture, version string) []source {
	if l.manifest == "" {
		return files
	}
	is := func(name, plain string) bool {
		return plain != "" && (name == plain || strings.HasPrefix(name, plain+"."))
	}
	has := func(name string) bool {
		return slices.ContainsFunc(files, func(f source) bool { return f.name == name })
	}
	var chosen string
	for _, suffix := range suffixes(arch, version) {
		if has(l.manifest + suffix) {
			chosen = suffix
			break
		}
	}
	var kept []source
	for _, f := range files {
		switch {
		case f.name == l.manifest+chosen:
			f.name = l.manifest
		case l.lock != "" && f.name == l.lock+chosen:
			f.name = l.lock
		case is(f.name, l.manifest), is(f.name, l.lock):
			continue
		}
		kept = append(kept, f)
	}
	t := tree{files: kept}
	t.sort()
	return t.files
}

// unnamed says that the manifest for a version names nothing while those for
// others do, so that the function may lack what it imports.
func (l language) unnamed(code *tree, arch driver.Architecture, rt driver.Runtime) ([]string, error) {
	if l.names == nil {
		return nil, nil
	}
	named := func(f source) (bool, error) {
		text, err := fs.ReadFile(code.fsys, f.path)
		return l.names(text), err
	}
	for _, suffix := range suffixes(arch, rt.Version) {
		if f, ok := code.find(l.manifest + suffix); ok {
			if ok, err := named(f); ok || err != nil {
				return nil, err
			}
			break
		}
	}
	var others []string
	for _, f := range code.files {
		if suffix, ok := strings.CutPrefix(f.name, l.manifest+"."); ok {
			ok, err := named(f)
			if err != nil {
				return nil, err
			}
			if ok {
				others = append(others, suffix)
			}
		}
	}
	if len(others) == 0 {
		return nil, nil
	}
	return []string{fmt.Sprintf("no %s names anything for %s, though there are some for %s: what they name is not installed", l.manifest, rt, strings.Join(others, ", "))}, nil
}

// suffixes lists the suffixes of manifests, the most specific first.
func suffixes(arch driver.Architecture, version string) []string {
	names := []string{"." + string(arch)}
	if arch == driver.ARM64 {
		names = append(names, ".arm")
	}
	var all []string
	for _, name := range names {
		all = append(all, name+"."+version)
	}
	all = append(all, "."+version)
	return append(append(all, names...), "")
}

// namesRequirements says whether a requirements.txt has more than comments.
func namesRequirements(manifest []byte) bool {
	for line := range strings.Lines(string(manifest)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return true
		}
	}
	return false
}

// namesPackageJSON says whether a package.json has dependencies. One that cannot
// be read is for npm to refuse.
func namesPackageJSON(manifest []byte) bool {
	var p struct {
		Dependencies, OptionalDependencies, PeerDependencies, DevDependencies map[string]json.RawMessage
	}
	return json.Unmarshal(manifest, &p) != nil || len(p.Dependencies)+len(p.OptionalDependencies)+len(p.PeerDependencies)+len(p.DevDependencies) > 0
}

// mergeRequirements appends lines to a requirements.txt, except those that it
// has already.
func mergeRequirements(manifest []byte, packages []string) ([]byte, error) {
	merged := slices.Clone(manifest)
	if len(merged) > 0 && !bytes.HasSuffix(merged, []byte("\n")) {
		merged = append(merged, '\n')
	}
	for _, p := range packages {
		if strings.ContainsAny(p, "\r\n") || strings.TrimSpace(p) == "" {
			return nil, fmt.Errorf("package %q: want one line", p)
		}
		if !hasLine(merged, p) {
			merged = append(append(merged, p...), '\n')
		}
	}
	return merged, nil
}

// hasLine says whether text has a line that is s, apart from spaces.
func hasLine(text []byte, s string) bool {
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == strings.TrimSpace(s) {
			return true
		}
	}
	return false
}

// mergePackageJSON adds dependencies, as name@version, to a package.json. A
// dependency that it has already stays as it is.
func mergePackageJSON(manifest []byte, packages []string) ([]byte, error) {
	all := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(manifest)) > 0 {
		if err := json.Unmarshal(manifest, &all); err != nil {
			return nil, err
		}
		if all == nil {
			return nil, errors.New("want an object")
		}
	}
	dependencies := map[string]string{}
	if raw, ok := all["dependencies"]; ok {
		if err := json.Unmarshal(raw, &dependencies); err != nil {
			return nil, fmt.Errorf("dependencies: %w", err)
		}
		if dependencies == nil {
			dependencies = map[string]string{}
		}
	}
	for _, p := range packages {
		name, version := p, "*"
		if i := strings.LastIndex(p, "@"); i > 0 {
			name, version = p[:i], p[i+1:]
		}
		if name == "" || name == "@" || version == "" || !utf8.ValidString(p) {
			return nil, fmt.Errorf("package %q: want name@version", p)
		}
		if _, ok := dependencies[name]; !ok {
			dependencies[name] = version
		}
	}
	raw, err := json.Marshal(dependencies)
	if err != nil {
		return nil, err
	}
	all["dependencies"] = raw
	merged, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(merged, '\n'), nil
}
