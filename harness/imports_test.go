package harness_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/sebs-go/sebs"

// TestImports checks, over what is really linked, that imports point one way:
// experiments -> harness -> driver, a platform -> driver, and that nobody pays
// for a platform that no tag named.
func TestImports(t *testing.T) {
	tests := []struct {
		name    string
		tags    string
		pkg     string
		only    []string // everything outside the standard library must be one of these
		refused []string
	}{
		{name: "driver is the standard library", pkg: "/harness/driver", only: []string{module + "/harness/driver"}},
		{name: "stats is gonum", pkg: "/harness/stats", only: []string{module + "/harness/stats", "gonum.org/v1/gonum"}},
		{
			name: "results read without the harness", pkg: "/harness/results",
			only: []string{
				module + "/harness/results", module + "/harness/driver", module + "/harness/answer", module + "/harness/stats",
				module + "/harness/plain", module + "/harness/internal/figures", "gonum.org/v1/gonum",
			},
		},
		{name: "load is the system", pkg: "/harness/load", only: []string{module + "/harness/load", "golang.org/x/sys"}},
		{name: "answer is the standard library", pkg: "/harness/answer", only: []string{module + "/harness/answer"}},
		{
			name: "shims of Go functions are the standard library", pkg: "/benchmarks/wrappers/process/go/...",
			only: []string{module + "/benchmarks/wrappers/process/go", module + "/benchmarks/wrappers/answer/go"},
		},
		{
			name: "harness knows no platform and no SDK", pkg: "/harness",
			refused: []string{module + "/platforms", module + "/benchmarks$", module + "/experiments", "github.com/aws", "github.com/minio", "github.com/versity", "github.com/docker", "github.com/testcontainers", "github.com/stretchr/testify"},
		},
		{
			name: "benchmarks know no platform and no SDK", pkg: "/benchmarks",
			refused: []string{module + "/platforms", module + "/experiments", "github.com/aws", "github.com/minio", "github.com/versity"},
		},
		{
			name: "process knows neither harness nor benchmarks", pkg: "/platforms/process",
			refused: []string{module + "/harness$", module + "/benchmarks$", module + "/experiments", "github.com/docker", "github.com/testcontainers"},
		},
		{
			name: "sim needs nothing", pkg: "/platforms/sim",
			refused: []string{module + "/harness$", module + "/benchmarks$", "github.com/aws", "github.com/minio", "github.com/versity"},
		},
		{name: "no tag links process", pkg: "/platforms", refused: []string{module + "/platforms/sim"}},
		{
			name: "tag sim links sim alone", tags: "sim", pkg: "/platforms",
			refused: []string{module + "/platforms/process", "github.com/aws", "github.com/minio", "github.com/versity"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tt.tags,
				"-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", module+tt.pkg)
			out, err := cmd.Output()
			require.NoError(t, err)
			deps := strings.Fields(string(out))
			require.True(t, slices.ContainsFunc(deps, func(dep string) bool { return strings.HasPrefix(dep, module+strings.TrimSuffix(tt.pkg, "...")) }), "nothing is listed")
			for _, dep := range deps {
				if tt.only != nil {
					require.True(t, within(dep, tt.only), "%s is linked, which is not one of %v", dep, tt.only)
				}
				require.False(t, within(dep, tt.refused), "%s is linked", dep)
			}
		})
	}
}

// within reports whether a package is one of paths or below; a path that ends
// in $ means that package alone.
func within(pkg string, paths []string) bool {
	for _, p := range paths {
		if exact, ok := strings.CutSuffix(p, "$"); ok {
			if pkg == exact {
				return true
			}
			continue
		}
		if pkg == p || strings.HasPrefix(pkg, p+"/") {
			return true
		}
	}
	return false
}
