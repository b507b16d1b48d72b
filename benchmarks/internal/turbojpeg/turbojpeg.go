// Package turbojpeg has the C++ sources that read and write JPEG, of the benchmarks
// whose functions do: libjpeg-turbo has the same results in all of them only if
// it is called the same way.
package turbojpeg

import (
	"embed"
	"io/fs"
)

//go:embed sources
var sources embed.FS

// Sources is what build.Layers adds to a benchmark's folder: cpp/jpeg.hpp and
// cpp/jpeg.cpp.
var Sources = sub()

func sub() fs.FS {
	files, err := fs.Sub(sources, "sources")
	if err != nil {
		panic(err) // the path is valid
	}
	return files
}
