package build

import (
	"bufio"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// dependencySet is what was found to be installed.
type dependencySet map[Dependency]bool

// maxMetadata bounds how much of a metadata file is read.
const maxMetadata = 8 << 20

// add adds the dependency whose metadata is the file name, if it is one: the
// METADATA of a Python distribution, or the package.json of a Node.js package.
// The name of a Java library says what it is, and a Go program names all that are in it. full is the file's path on this
// machine.
func (s dependencySet) add(name, full string) error {
	if path.Base(name) == "handler" {
		s.addModules(full)
		return nil
	}
	if d, ok := parseJar(name); ok {
		s[d] = true
		return nil
	}
	parse := metadataParser(name)
	if parse == nil {
		return nil
	}
	f, err := os.Open(full)
	if err != nil {
		return err
	}
	defer f.Close()
	d, ok, err := parse(io.LimitReader(f, maxMetadata))
	if err != nil {
		return err
	}
	if ok {
		s[d] = true
	}
	return nil
}

// parseJar reads the name lib/group.artifact-version.jar.
func parseJar(name string) (Dependency, bool) {
	dir, base := path.Split(name)
	stem, ok := strings.CutSuffix(base, ".jar")
	if !ok || path.Base(dir) != "lib" {
		return Dependency{}, false
	}
	for i := 1; i+1 < len(stem); i++ {
		if stem[i] == '-' && '0' <= stem[i+1] && stem[i+1] <= '9' {
			return Dependency{Name: stem[:i], Version: stem[i+1:]}, true
		}
	}
	return Dependency{}, false
}

// addModules adds the modules that a program was built from, if it is one in Go.
func (s dependencySet) addModules(program string) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return // it is no Go program
	}
	for _, m := range info.Deps {
		if m.Path != goModule && m.Path != goFunction {
			s[Dependency{Name: m.Path, Version: m.Version}] = true
		}
	}
}

// sorted lists the dependencies by name and version, never nil.
func (s dependencySet) sorted() []Dependency {
	all := make([]Dependency, 0, len(s))
	for d := range s {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Dependency) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Version, b.Version)
	})
	return all
}

// metadataParser returns how to read the metadata in the file name, or nil if
// there is none in it. A parser says false for content that names no
// dependency; its error is one of reading.
func metadataParser(name string) func(io.Reader) (Dependency, bool, error) {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	switch {
	case base == "METADATA" && strings.HasSuffix(dir, ".dist-info"):
		return parseDistInfo
	case base == "package.json" && isNodePackage(dir):
		return parsePackageJSON
	}
	return nil
}

// isNodePackage says whether dir is a package's folder: node_modules/name or
// node_modules/@scope/name.
func isNodePackage(dir string) bool {
	parent, base := path.Split(dir)
	parent = strings.TrimSuffix(parent, "/")
	if strings.HasPrefix(path.Base(parent), "@") {
		parent = path.Dir(parent)
	}
	return path.Base(parent) == "node_modules" && !strings.HasPrefix(base, ".") && !strings.HasPrefix(base, "@")
}

// parseDistInfo reads the header of a METADATA file.
func parseDistInfo(r io.Reader) (Dependency, bool, error) {
	var d Dependency
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return Dependency{}, false, err
		}
		key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if !ok { // the end of the header, or of the file
			break
		}
		switch strings.ToLower(key) {
		case "name":
			d.Name = strings.TrimSpace(value)
		case "version":
			d.Version = strings.TrimSpace(value)
		}
		if err != nil || d.Name != "" && d.Version != "" {
			break
		}
	}
	return d, d.Name != "" && d.Version != "", nil
}

// parsePackageJSON reads a package.json.
func parsePackageJSON(r io.Reader) (Dependency, bool, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return Dependency{}, false, err
	}
	var d Dependency
	if json.Unmarshal(raw, &d) != nil {
		return Dependency{}, false, nil
	}
	return d, d.Name != "" && d.Version != "", nil
}
