// Package benchmarks is the table of the built-in benchmarks: the one place
// that names them all. Each has a folder of its own with its sources, its
// input and its check.
package benchmarks

import (
	dynamichtml "github.com/sebs-go/sebs/benchmarks/100.webapps/110.dynamic-html"
	thumbnailer "github.com/sebs-go/sebs/benchmarks/200.multimedia/210.thumbnailer"
	"github.com/sebs-go/sebs/harness"
)

// All are the built-in benchmarks, by number.
var All = []harness.Benchmark{
	dynamichtml.Benchmark,
	thumbnailer.Benchmark,
}
