package reply

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Nothing,     // the server's message is another for each call
	Unread: []string{"sleep"}, // for the record
	Bad: func(e cases.Events) {
		e.Add("port", e.ClosedPort(), "connect to")
		e.Add("port", 70000, "port")
		e.Add("ip-address", "", "address")
	},
}
