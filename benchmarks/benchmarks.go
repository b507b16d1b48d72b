// Package benchmarks is the table of the built-in benchmarks: the one place
// that names them all. Each has a folder of its own with its sources, its
// input and its check.
package benchmarks

import (
	sleep "github.com/sebs-go/sebs/benchmarks/000.microbenchmarks/010.sleep"
	network "github.com/sebs-go/sebs/benchmarks/000.microbenchmarks/020.network-benchmark"
	clocks "github.com/sebs-go/sebs/benchmarks/000.microbenchmarks/030.clock-synchronization"
	reply "github.com/sebs-go/sebs/benchmarks/000.microbenchmarks/040.server-reply"
	dynamichtml "github.com/sebs-go/sebs/benchmarks/100.webapps/110.dynamic-html"
	uploader "github.com/sebs-go/sebs/benchmarks/100.webapps/120.uploader"
	crudapi "github.com/sebs-go/sebs/benchmarks/100.webapps/130.crud-api"
	thumbnailer "github.com/sebs-go/sebs/benchmarks/200.multimedia/210.thumbnailer"
	video "github.com/sebs-go/sebs/benchmarks/200.multimedia/220.video-processing"
	compression "github.com/sebs-go/sebs/benchmarks/300.utilities/311.compression"
	recognition "github.com/sebs-go/sebs/benchmarks/400.inference/411.image-recognition"
	pagerank "github.com/sebs-go/sebs/benchmarks/500.scientific/501.graph-pagerank"
	mst "github.com/sebs-go/sebs/benchmarks/500.scientific/502.graph-mst"
	bfs "github.com/sebs-go/sebs/benchmarks/500.scientific/503.graph-bfs"
	dna "github.com/sebs-go/sebs/benchmarks/500.scientific/504.dna-visualisation"
	"github.com/sebs-go/sebs/harness"
)

// All are the built-in benchmarks, by number.
var All = []harness.Benchmark{
	sleep.Benchmark,
	network.Benchmark,
	clocks.Benchmark,
	reply.Benchmark,
	dynamichtml.Benchmark,
	uploader.Benchmark,
	crudapi.Benchmark,
	thumbnailer.Benchmark,
	video.Benchmark,
	compression.Benchmark,
	recognition.Benchmark,
	pagerank.Benchmark,
	mst.Benchmark,
	bfs.Benchmark,
	dna.Benchmark,
}
