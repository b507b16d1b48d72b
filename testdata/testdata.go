// Package testdata holds real-world input files of benchmarks: photos, a book,
// genomes and a video, each with its source, licence and digest in README.md.
// It embeds itself, so a module that imports a benchmark has its inputs too.
//
// The package refuses to grow: what a program can make from a seed or from
// these files is made by the benchmark that needs it.
package testdata

import "embed"

// Files holds the folders genomes, photos, texts and videos, and README.md. It is read-only and
// safe for concurrent use.
//
//go:embed all:genomes all:photos all:texts all:videos README.md
var Files embed.FS
