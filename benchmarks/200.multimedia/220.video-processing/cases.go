package video

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Without("key"), // filters and encoders differ: Check compares pictures
	Bad: func(e cases.Events) {
		video := e.Object("object.key", 0)
		e.AddObjects("object.key", 0, map[string][]byte{"cut": video[:len(video)/2], "header": video[:100], "noise": cases.Noise}, nil)
		e.Add("object.op", "transcode", "transcode")
		e.Add("object.duration", 0, "duration")
	},
	Fractions: []string{"duration"},
}
