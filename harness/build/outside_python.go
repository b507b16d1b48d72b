package build

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// requirement is a name with extras and, perhaps, a version.
var requirement = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)$`)

// exactly is a version of which there is one.
var exactly = regexp.MustCompile(`^\(?===?\s*[^,*\s]+\)?$`)

// maxNested bounds how deeply files of requirements name others.
const maxNested = 10

// outsidePython reads requirements.txt and the files that it names.
func outsidePython(code *tree, o *outside) error {
	f, ok := code.find("requirements.txt")
	if !ok {
		return nil
	}
	text, err := code.read(f)
	if err != nil || !namesRequirements(text) {
		return err
	}
	for constraint := range strings.FieldsSeq(os.Getenv("PIP_CONSTRAINT")) {
		if filepath.IsAbs(constraint) {
			o.paths = append(o.paths, constraint)
		}
	}
	return requirements(code, o, ".", string(text), maxNested)
}

// requirements reads a file of requirements. from is its folder: in the
// function's, or an absolute path.
func requirements(code *tree, o *outside, from, text string, depth int) error {
	const manifest = "requirements.txt"
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\\\n", " ")
	for line := range strings.Lines(text) {
		if i := strings.Index(" "+strings.ReplaceAll(line, "\t", " "), " #"); i >= 0 {
			line = line[:i]
		}
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		option, value, isOption := pipOption(line)
		switch {
		case isOption && (option == "-r" || option == "--requirement" || option == "-c" || option == "--constraint"):
			if err := nested(code, o, from, value, option == "-c" || option == "--constraint", depth); err != nil {
				return err
			}
			continue
		case isOption && (option == "-e" || option == "--editable"):
			line = value
			if requirement.MatchString(line) && !strings.ContainsAny(line, "/:.") { // a folder
				line = "./" + line
			}
		case isOption && (option == "-f" || option == "--find-links"):
			if !strings.Contains(value, "://") || strings.HasPrefix(value, "file:") {
				if err := o.address(manifest, from, value, false); err != nil {
					return err
				}
			}
			continue
		case isOption:
			continue
		}
		hashed := strings.Contains(line, "--hash")
		line, _, _ = strings.Cut(line, " --")
		_, ref, named := strings.Cut(line, " @ ")
		if before, after, ok := strings.Cut(line, "@"); ok && !named {
			ref, named = after, !strings.ContainsAny(before, "/:+") && strings.Contains(after, ":")
		}
		switch {
		case named:
			line = strings.TrimSpace(ref)
		case !strings.ContainsAny(line[:strings.IndexAny(line+";", ";")], "/\\") && !strings.HasPrefix(line, ".") && !isArchive(line):
			o.version(line, hashed)
			continue
		}
		line, _, _ = strings.Cut(line, " ;")
		line, _, _ = strings.Cut(line, "; ")
		if filepath.IsAbs(from) && !strings.Contains(line, ":") && !filepath.IsAbs(line) {
			line = filepath.Join(from, line)
		}
		if i := strings.IndexByte(line, '['); i > 0 && strings.HasSuffix(line, "]") && !strings.Contains(line, "://") { // ./folder[extra]
			line = line[:i]
		}
		if err := o.address(manifest, from, strings.TrimSpace(line), hashed); err != nil {
			return err
		}
	}
	return nil
}

// pipOption divides a line that is an option of pip.
func pipOption(line string) (option, value string, ok bool) {
	if !strings.HasPrefix(line, "-") {
		return "", "", false
	}
	i := strings.IndexAny(line, " \t=")
	if i < 0 {
		if !strings.HasPrefix(line, "--") && len(line) > 2 { // -rfile
			return line[:2], line[2:], true
		}
		return line, "", true
	}
	return line[:i], strings.Trim(strings.TrimSpace(line[i+1:]), `"'`), true
}

// isArchive reports whether a word is the name of a package's file.
func isArchive(word string) bool {
	for _, suffix := range []string{".whl", ".tar.gz", ".zip", ".tar.bz2"} {
		if strings.HasSuffix(word, suffix) {
			return true
		}
	}
	return false
}

// nested reads a file of requirements or of constraints that another names.
func nested(code *tree, o *outside, from, name string, constraints bool, depth int) error {
	if depth == 0 {
		return fmt.Errorf("requirements.txt: files that name others more than %d deep", maxNested)
	}
	if strings.Contains(name, "://") && !strings.HasPrefix(name, "file:") {
		o.moving = append(o.moving, name)
		return nil
	}
	if filepath.IsAbs(from) && !filepath.IsAbs(name) && !strings.HasPrefix(name, "file:") {
		name = filepath.Join(from, name)
	}
	before := len(o.paths)
	if err := o.address("requirements.txt", from, name, false); err != nil {
		return err
	}
	if len(o.paths) > before {
		file := o.paths[len(o.paths)-1]
		info, err := os.Stat(file)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxText {
			return nil // pip says so
		}
		text, err := os.ReadFile(file)
		if err != nil || constraints {
			return nil
		}
		return requirements(code, o, filepath.Dir(file), string(text), depth-1)
	}
	inside := path.Join(from, filepath.ToSlash(name))
	f, ok := code.find(inside)
	if !ok || constraints {
		return nil
	}
	text, err := code.read(f)
	if err != nil {
		return err
	}
	return requirements(code, o, path.Dir(inside), string(text), depth-1)
}

// version adds a requirement that leaves the version open.
func (o *outside) version(line string, hashed bool) {
	line, _, _ = strings.Cut(line, ";")
	m := requirement.FindStringSubmatch(strings.TrimSpace(line))
	if m != nil && !hashed && !exactly.MatchString(strings.TrimSpace(m[3])) {
		o.ranges = append(o.ranges, m[1])
	}
}
