package benchmarks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks"
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
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// declared are the cases of each benchmark, by its name.
var declared = map[string]cases.Cases{
	sleep.Benchmark.Name:       sleep.Cases,
	network.Benchmark.Name:     network.Cases,
	clocks.Benchmark.Name:      clocks.Cases,
	reply.Benchmark.Name:       reply.Cases,
	dynamichtml.Benchmark.Name: dynamichtml.Cases,
	uploader.Benchmark.Name:    uploader.Cases,
	crudapi.Benchmark.Name:     crudapi.Cases,
	thumbnailer.Benchmark.Name: thumbnailer.Cases,
	video.Benchmark.Name:       video.Cases,
	compression.Benchmark.Name: compression.Cases,
	recognition.Benchmark.Name: recognition.Cases,
	pagerank.Benchmark.Name:    pagerank.Cases,
	mst.Benchmark.Name:         mst.Cases,
	bfs.Benchmark.Name:         bfs.Cases,
	dna.Benchmark.Name:         dna.Cases,
}

func TestCases(t *testing.T) {
	for _, b := range benchmarks.All {
		require.Contains(t, declared, b.Name, "add the Cases of its package to declared, in benchmarks/cases_test.go")
	}
	require.Len(t, declared, len(benchmarks.All))
}
