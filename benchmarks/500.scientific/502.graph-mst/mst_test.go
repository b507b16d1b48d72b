package mst

import (
	"encoding/json"
	"testing"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/benchmarks/internal/graphs"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark, graphs.Sources) }

// TestCheck rejects wrong outputs, and accepts the right ones.
func TestCheck(t *testing.T) {
	outputs := benchtest.Outputs(t)
	benchtest.Accepts(t, Benchmark, outputs)

	change := func(old, new string) json.RawMessage { return benchtest.Replace(t, outputs["small"], old, new) }
	benchtest.Rejects(t, Benchmark, map[string]benchtest.Wrong{
		"right output of a smaller size":     {outputs["test"], "10 vertices"},
		"right output of a larger size":      {outputs["large"], "100000 vertices"},
		"another seed":                       {outputs["seed 43"], "weight is 1525250796612"},
		"a tree without regard to weights":   {outputs["any tree"], "weight is 10691646221244"},
		"the maximal tree":                   {outputs["maximal tree"], "weight is 19923114937889"},
		"an edge is missing":                 {change(`"edges": 9999,`, `"edges": 9998,`), "9998 edges"},
		"all edges":                          {change(`"edges": 9999,`, `"edges": 99945,`), "tree has 99945 edges"},
		"a weight below the least":           {change(`1501439740378`, `1501439740377`), "the least is 1501439740378"},
		"another heaviest edge":              {change(`1310614513`, `1310614514`), "heaviest edge"},
		"a graph with five edges per vertex": {change(`"edges": 99945`, `"edges": 49985`), "49985 edges"},
		"the weight alone":                   {json.RawMessage(`1501439740378`), "decode"},
		"the weight as a string":             {change(`1501439740378`, `"1501439740378"`), "decode"},
		"nothing":                            {json.RawMessage(`null`), "0 vertices"},
		"empty":                              {nil, "decode"},
	})
}
