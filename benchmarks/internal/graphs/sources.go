package graphs

import (
	"embed"
	"io/fs"
)

//go:embed sources
var sources embed.FS

// Sources is what build.Layers adds to the folder of a benchmark of graphs: the
// file preferential of each language, which makes the graph. A Go function is a
// package of this module, compiled where it stands, so it has a copy.
var Sources = sub()

func sub() fs.FS {
	files, err := fs.Sub(sources, "sources")
	if err != nil {
		panic(err) // the path is valid
	}
	return files
}
