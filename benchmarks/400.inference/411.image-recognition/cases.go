package recognition

import (
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: withoutScores,
	Bad: func(e cases.Events) {
		photo, model := e.Object("object.inputs.0", 1), e.Object("object.model", 0)
		e.AddObjects("object.inputs", 1, map[string][]byte{"cut": photo[:len(photo)/2], "header": photo[:500], "noise": cases.Noise},
			func(name string) any { return []any{name} })
		e.AddObjects("object.model", 0, map[string][]byte{"cut": model[:len(model)/2], "noise": cases.Noise}, nil)
		e.Add("object.inputs", []any{}, "inputs")
	},
	MaxPackage: 250, // AWS Lambda's limit
}

// withoutScores leaves the scores out: decoders and filters of photos move them by
// some percent.
func withoutScores(result any) any {
	object, ok := result.(map[string]any)
	if !ok {
		return result
	}
	predictions, ok := object["predictions"].([]any)
	if !ok {
		return result
	}
	var all []any
	for _, p := range predictions {
		all = append(all, cases.Without("score")(p))
	}
	return all
}
