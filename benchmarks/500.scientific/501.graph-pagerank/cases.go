package pagerank

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
	"github.com/sebs-go/sebs/benchmarks/internal/graphs"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	MaxPackage: 10,
	Bad:        graphs.Bad,
}
