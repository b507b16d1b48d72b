// Package platforms links the platforms that the build tags name: a file for
// each, with one tag and one blank import, and nothing else. Import it blank
// in a test package; without a tag it links process, with several tags
// several.
//
// The platforms themselves carry no tags, so that vetting, linting, their own
// tests, and any program that imports one directly, always see them.
package platforms

import (
	"embed"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
)

//go:embed link_*.go
var links embed.FS

// The files are the list of the tags, so that one that is misspelt is told
// instead of linking process.
func init() { //nolint:gochecknoinits // as platforms register themselves
	entries, err := links.ReadDir(".")
	if err != nil {
		panic(err) // what is embedded can be read
	}
	for _, file := range entries {
		driver.RegisterTags(strings.TrimSuffix(strings.TrimPrefix(file.Name(), "link_"), ".go"))
	}
}
