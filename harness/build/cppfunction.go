package build

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

// generateCPP returns the CMakeLists.txt of a C++ function and that of the
// library of its shims.
func generateCPP(j Job, c config, code *tree, r driver.Recipe) (map[string][]byte, error) {
	if _, own := code.find("CMakeLists.txt"); own {
		return nil, errors.New("its folder cpp has a CMakeLists.txt: one is made from the modules and cpp_dependencies of config.json")
	}
	sources := 0
	for _, f := range code.files {
		if strings.HasSuffix(f.name, ".cpp") || strings.HasSuffix(f.name, ".cc") {
			sources++
		}
	}
	if sources == 0 {
		return nil, errors.New("its folder cpp has no .cpp file with nlohmann::json function(const nlohmann::json &event), or rapidjson::Document function(const rapidjson::Value &event)")
	}
	given, included, err := includesOf(j.Files, code)
	if err != nil {
		return nil, err
	}
	text, err := dockerfiles.CMake(r.Packages, slices.Concat(c.Dependencies, given), included)
	if err != nil {
		return nil, err
	}
	shims, err := dockerfiles.CMakeShims(r.Packages)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"CMakeLists.txt": text, "sebs/CMakeLists.txt": shims}, nil
}

// includedSource is a line that includes a source file.
var includedSource = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*include[ \t]*"([^"\n]+\.(?:cpp|cc))"`)

// includesOf lists what the sources include: of the dependencies that SeBS gives
// to every C++ function, so that none names them; and of the sources, which SeBS
// compiles no others of than main.cpp, so that some include them.
func includesOf(files fs.FS, code *tree) (given, included []string, err error) {
	for _, f := range code.files {
		if !slices.Contains([]string{".cpp", ".cc", ".hpp", ".h"}, path.Ext(f.name)) {
			continue
		}
		text, err := fs.ReadFile(files, f.path)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range []string{"boost", "rapidjson"} {
			if bytes.Contains(text, []byte("#include <"+name+"/")) {
				given = append(given, name)
			}
		}
		for _, m := range includedSource.FindAllSubmatch(text, -1) {
			for _, place := range []string{path.Join(path.Dir(f.name), string(m[1])), path.Clean(string(m[1]))} {
				if _, ok := code.find(place); ok && !slices.Contains(included, place) {
					included = append(included, place)
				}
			}
		}
	}
	slices.Sort(included)
	return given, included, nil
}
