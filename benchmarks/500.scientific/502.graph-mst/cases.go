package mst

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
	"github.com/sebs-go/sebs/benchmarks/internal/graphs"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Bad: graphs.Bad,
}
