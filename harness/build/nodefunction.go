package build

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
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
func generateNode(_ Job, _ config, code *tree, r driver.Recipe) (map[string][]byte, error) {
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

// withDevelopment moves a package.json's devDependencies to its dependencies.
// SeBS installs a folder as its author does, with them; here they are not
// installed in folders of another form.
func withDevelopment(manifest []byte) ([]byte, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(manifest, &all); err != nil {
		return nil, err
	}
	var p struct{ Dependencies, DevDependencies map[string]json.RawMessage }
	if err := json.Unmarshal(manifest, &p); err != nil {
		return nil, err
	}
	if len(p.DevDependencies) == 0 {
		return manifest, nil
	}
	maps.Copy(p.DevDependencies, p.Dependencies) // what is in both is a dependency
	raw, err := json.Marshal(p.DevDependencies)
	if err != nil {
		return nil, err
	}
	all["dependencies"] = raw
	delete(all, "devDependencies")
	merged, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(merged, '\n'), nil
}
