package network

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Nothing, // the key is unique, the object has the times of datagrams
	Bad: func(e cases.Events) {
		e.Add("server-port", e.ClosedPort(), "datagrams")
		e.Add("server-port", 70000, "port")
		e.Add("server-address", "", "address")
		e.Add("repetitions", 0, "repetitions")
	},
}
