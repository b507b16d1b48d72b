package interpreter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var errUnknown = errors.New("it does not say what it is")

// parseLines reads path, version, ABI and prefix, each on a line.
func parseLines(_, printed string) (Interpreter, error) {
	said := strings.Split(strings.TrimSpace(printed), "\n")
	if len(said) != 4 {
		return Interpreter{}, errUnknown
	}
	return Interpreter{Path: said[0], Version: said[1], ABI: said[2], Prefix: said[3]}, nil
}

// parseJava reads the properties of a Java virtual machine. One without a
// compiler is none that can build functions.
func parseJava(_, printed string) (Interpreter, error) {
	properties := map[string]string{}
	for line := range strings.Lines(printed) {
		if name, value, ok := strings.Cut(line, " = "); ok {
			properties[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	if properties["java.home"] == "" {
		return Interpreter{}, errUnknown
	}
	home, err := filepath.EvalSymlinks(properties["java.home"])
	if err != nil {
		return Interpreter{}, err
	}
	if _, err := os.Stat(filepath.Join(home, "bin", "javac")); err != nil {
		return Interpreter{}, fmt.Errorf("a Java without compiler: %w", err)
	}
	return Interpreter{
		Path:    filepath.Join(home, "bin", "java"),
		Prefix:  home,
		Version: properties["java.version"],
		ABI:     properties["os.arch"] + "-" + properties["java.vm.name"] + "-" + properties["java.runtime.version"],
	}, nil
}

// parseGo reads what go env prints.
func parseGo(_, printed string) (Interpreter, error) {
	said := strings.Split(strings.TrimSpace(printed), "\n")
	if len(said) != 4 {
		return Interpreter{}, errUnknown
	}
	root, err := filepath.EvalSymlinks(said[0])
	if err != nil {
		return Interpreter{}, err
	}
	return Interpreter{
		Path:    filepath.Join(root, "bin", "go"),
		Prefix:  root,
		Version: strings.TrimPrefix(said[1], "go"),
		ABI:     said[2] + "-" + said[3],
	}, nil
}

// parseCPP reads what g++ -v prints. Clang under its name is another compiler.
func parseCPP(path, printed string) (Interpreter, error) {
	i := Interpreter{Path: path}
	for line := range strings.Lines(printed) {
		if target, ok := strings.CutPrefix(line, "Target: "); ok {
			i.ABI = strings.TrimSpace(target)
		} else if version, ok := strings.CutPrefix(line, "gcc version "); ok {
			i.Version, _, _ = strings.Cut(version, " ")
			// The packager's own name of the build, as another build of the
			// same version is another compiler.
			i.ABI += " " + strings.TrimSpace(version)
		}
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Interpreter{}, err
	}
	i.Path, i.Prefix = real, filepath.Dir(filepath.Dir(real))
	return i, nil
}
