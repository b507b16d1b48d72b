package bfs

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
	"github.com/sebs-go/sebs/benchmarks/internal/graphs"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Without("path"), // a vertex may have several parents that are equally near
	Bad:    graphs.Bad,
}
