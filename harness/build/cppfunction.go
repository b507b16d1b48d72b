package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sebs-go/sebs/dockerfiles"
)

// generateCPP returns the CMakeLists.txt of a C++ function.
func generateCPP(j Job, code *tree, packages []string) (map[string][]byte, error) {
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
		return nil, errors.New("its folder cpp has no .cpp file with nlohmann::json function(const nlohmann::json &event)")
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
	text, err := dockerfiles.CMake(packages, config.Dependencies)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"CMakeLists.txt": text}, nil
}
