package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

// generateCPP returns the CMakeLists.txt of a C++ function.
func generateCPP(j Job, code *tree, r driver.Recipe) (map[string][]byte, error) {
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
	raw, err := fs.ReadFile(j.Files, "config.json")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var config struct {
		Dependencies []string `json:"cpp_dependencies"`
	}
	if err == nil {
		if err := json.Unmarshal(raw, &config); err != nil {
			return nil, fmt.Errorf("config.json: %w", err)
		}
	}
	given, err := givenCPP(j.Files, code)
	if err != nil {
		return nil, err
	}
	text, err := dockerfiles.CMake(r.Packages, append(config.Dependencies, given...))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"CMakeLists.txt": text}, nil
}

// givenCPP lists the dependencies that SeBS gives to every C++ function, which
// so none names, as far as the sources include them.
func givenCPP(files fs.FS, code *tree) ([]string, error) {
	var given []string
	for _, f := range code.files {
		if !slices.Contains([]string{".cpp", ".cc", ".hpp", ".h"}, path.Ext(f.name)) {
			continue
		}
		text, err := fs.ReadFile(files, f.path)
		if err != nil {
			return nil, err
		}
		for _, name := range []string{"boost", "rapidjson"} {
			if bytes.Contains(text, []byte("#include <"+name+"/")) {
				given = append(given, name)
			}
		}
	}
	return given, nil
}
