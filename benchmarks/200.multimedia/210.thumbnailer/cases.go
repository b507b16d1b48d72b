package thumbnailer

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Without("key"), // filters and encoders differ: Check compares pictures
	Bad: func(e cases.Events) {
		photo := e.Object("object.key", 0)
		e.AddObjects("object.key", 0, map[string][]byte{"cut": photo[:len(photo)/2], "header": photo[:500], "noise": cases.Noise}, nil)
		e.Add("object.width", 0, "width")
		e.Add("object.height", 0, "height")
	},
	MaxPackage: 16,
}
