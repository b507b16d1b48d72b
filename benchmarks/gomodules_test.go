package benchmarks_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks"
)

// TestGoModules compares the modules that functions in Go are built with to
// those that they are vetted with: the lines of go.mod.txt and go.sum.txt are
// in the go.mod and go.sum of this module.
func TestGoModules(t *testing.T) {
	found := 0
	for manifest, module := range map[string]string{"go/go.mod.txt": "../go.mod", "go/go.sum.txt": "../go.sum"} {
		text, err := os.ReadFile(module)
		require.NoError(t, err)
		lines := map[string]bool{}
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "require "), " //")
			lines[line] = true
		}
		for _, b := range benchmarks.All {
			text, err := fs.ReadFile(b.Files, manifest)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			require.NoError(t, err)
			for line := range strings.Lines(string(text)) {
				line, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "require "), " //")
				require.True(t, lines[line], "%s: %s: %s does not have %q", b.Name, manifest, module, line)
				found++
			}
		}
	}
	require.Positive(t, found)
}
