package build

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
)

// nodeShims are what a Node.js function imports by the name of a file beside
// it, as ./storage.
var nodeShims = []string{"storage", "nosql"}

// generateNode returns, for each shim of the platform, the module by which a
// function imports it. Shims are CommonJS whatever package.json says of the
// files that end in .js, as theirs end in .cjs; so the module is of the kind
// that package.json says.
func generateNode(_ Job, code *tree, r driver.Recipe) (map[string][]byte, error) {
	var manifest struct {
		Type string `json:"type"`
	}
	if f, ok := code.find("package.json"); ok {
		text, err := fs.ReadFile(code.fsys, f.path)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &manifest); err != nil {
			return nil, fmt.Errorf("package.json: %w", err)
		}
	}
	made := map[string][]byte{}
	for _, shim := range nodeShims {
		if r.Files[shim+".cjs"] == nil {
			continue
		}
		text := "module.exports = require('./NAME.cjs');\n"
		if manifest.Type == "module" {
			text = "import shim from './NAME.cjs';\n\nexport default shim;\nexport const { NAME } = shim;\n"
		}
		made[shim+".js"] = []byte(strings.ReplaceAll(text, "NAME", shim))
	}
	return made, nil
}
