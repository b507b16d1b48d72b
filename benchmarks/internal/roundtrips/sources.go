package roundtrips

import (
	"embed"
	"io/fs"
)

//go:embed sources
var sources embed.FS

// Sources is what build.Layers adds to the folder of a benchmark of datagrams:
// the file roundtrips of each language.
var Sources = sub()

func sub() fs.FS {
	files, err := fs.Sub(sources, "sources")
	if err != nil {
		panic(err) // the path is valid
	}
	return files
}
