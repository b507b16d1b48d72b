package sleep

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Fractions: []string{"sleep"},
}
