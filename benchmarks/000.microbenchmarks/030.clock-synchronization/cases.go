package clocks

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Nothing, // as of 020.network-benchmark; and the number of rounds depends on the times
	Bad: func(e cases.Events) {
		e.Add("server-port", e.ClosedPort(), "datagrams")
		e.Add("server-port", 70000, "port")
		e.Add("server-address", "", "address")
		e.Add("repetitions", 0, "repetitions")
	},
}
