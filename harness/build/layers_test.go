package build_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
)

func TestLayers(t *testing.T) {
	own := fstest.MapFS{"config.json": {Data: []byte("{}")}, "python/function.py": {Data: []byte("own")}, "go/function.go": {}}
	shared := fstest.MapFS{"python/graph.py": {Data: []byte("shared")}, "cpp/lib/graph.hpp": {Data: []byte("shared")}}
	all := build.Layers(own, shared)
	require.NoError(t, fstest.TestFS(all, "config.json", "python/function.py", "python/graph.py", "go/function.go", "cpp/lib/graph.hpp"))
	for _, name := range []string{"none", "python/none", "../config.json"} {
		_, err := all.Open(name)
		require.Error(t, err, name)
	}

	// What two parts have is nobody's: it is refused where it is looked at.
	for name, other := range map[string]fstest.MapFS{
		"a file twice":          {"python/function.py": {Data: []byte("other")}},
		"a file and a folder":   {"python/function.py/x": {}},
		"a folder and a file":   {"python": {}},
		"a file deep in folder": {"python/graph.py": {}},
	} {
		err := fs.WalkDir(build.Layers(own, shared, other), ".", func(_ string, _ fs.DirEntry, err error) error { return err })
		require.ErrorContains(t, err, "in two of the folders", name)
	}
}

// A benchmark with shared sources is built of all of them, and another file
// among them is another package.
func TestLayersAreStaged(t *testing.T) {
	s := openStore(t)
	shared := fstest.MapFS{"python/graph.py": {Data: []byte("G = 1\n")}}
	first, err := s.Package(t.Context(), job(t, &platform{}, build.Layers(folder(), shared)))
	require.NoError(t, err)
	require.FileExists(t, first.Dir+"/graph.py")
	require.FileExists(t, first.Dir+"/function.py")
	shared["python/graph.py"].Data = []byte("G = 2\n")
	second, err := s.Package(t.Context(), job(t, &platform{}, build.Layers(folder(), shared)))
	require.NoError(t, err)
	require.NotEqual(t, first.Digest, second.Digest)
}
