package benchmarks_test

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks"
	"github.com/sebs-go/sebs/benchmarks/internal/graphs"
	"github.com/sebs-go/sebs/benchmarks/internal/roundtrips"
	"github.com/sebs-go/sebs/benchmarks/internal/turbojpeg"
)

// Sources that several benchmarks need are shared: build.Layers. What is there
// twice all the same is here, with the reason.
//
// Shorter pieces may be repeated, as the readers of an event's fields and the
// ends of what a tool printed are: a function is one file that can be read
// whole, and copied to begin another one.
var duplicates = map[string]string{
	"go/preferential.go": "a Go function is a package of this module, compiled and vetted where it stands",
}

// shortest is how many lines in a row make a duplicate: those that have text,
// without indentation.
const shortest = 25

func TestDuplicates(t *testing.T) {
	type place struct{ benchmark, file string }
	found := map[string][]place{} // by the lines
	for _, b := range benchmarks.All {
		require.NoError(t, fs.WalkDir(b.Files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".py", ".js", ".mjs", ".java", ".go", ".cpp", ".hpp"}, path.Ext(name)) {
				return err
			}
			text, err := fs.ReadFile(b.Files, name)
			lines := written(string(text))
			for i := range len(lines) - shortest + 1 {
				key := strings.Join(lines[i:i+shortest], "\n")
				found[key] = append(found[key], place{b.Name, name})
			}
			return err
		}))
	}
	repeated := map[string]map[string]bool{} // benchmarks by file
	for _, places := range found {
		for _, p := range places {
			if p.benchmark == places[0].benchmark || shared(p.file) {
				continue
			}
			for _, q := range []place{places[0], p} {
				if repeated[q.file] == nil {
					repeated[q.file] = map[string]bool{}
				}
				repeated[q.file][q.benchmark] = true
			}
		}
	}
	for _, file := range slices.Sorted(maps.Keys(repeated)) {
		where := strings.Join(slices.Sorted(maps.Keys(repeated[file])), ", ")
		why := duplicates[file]
		t.Logf("%s of %s: %s", file, where, why)
		require.NotEmpty(t, why, "%s has %d lines or more in common in %s: share them (build.Layers), or give the reason in this file", file, shortest, where)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(duplicates)), slices.Collect(maps.Keys(repeated)), "a reason for what is no longer there twice")
}

// written returns the lines of a source that have text.
func written(source string) (lines []string) {
	for line := range strings.Lines(source) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// shared reports whether a file is in no benchmark's own folder.
func shared(name string) bool {
	for _, part := range []fs.FS{graphs.Sources, roundtrips.Sources, turbojpeg.Sources} {
		if _, err := fs.Stat(part, name); err == nil {
			return true
		}
	}
	return false
}
