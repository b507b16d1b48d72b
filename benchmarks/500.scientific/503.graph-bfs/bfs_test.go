package bfs

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
		"right output of a smaller size":       {outputs["test"], "10 vertices"},
		"right output of a larger size":        {outputs["large"], "100000 vertices"},
		"another seed":                         {outputs["seed 43"], "layer 1"},
		"a search from another vertex":         {outputs["from the newest vertex"], "5 layers"},
		"a vertex in the layer before":         {change(`"vertices": 272`, `"vertices": 273`), "layer 1"},
		"another vertex in a layer":            {change(`16486195`, `16486196`), "layer 3"},
		"the last layer is missing":            {change(`, {"vertices": 2637, "sum": 16486195}`, ``), "3 layers"},
		"a path without an edge":               {change(`[8825, 740, 12, 0]`, `[8825, 741, 12, 0]`), "no edge joins"},
		"a path that skips a layer":            {change(`[8825, 740, 12, 0]`, `[8825, 740, 0]`), "3 vertices"},
		"a path that stays in a layer":         {change(`[8825, 740, 12, 0]`, `[8825, 740, 740, 0]`), "not in layer 1"},
		"a path that begins before the last":   {change(`[8825, 740, 12, 0]`, `[740, 740, 12, 0]`), "not in layer 3"},
		"a path to another vertex":             {change(`[8825, 740, 12, 0]`, `[8825, 740, 12, 1]`), "ends at vertex 1"},
		"a path of vertices that do not exist": {change(`[8825, 740, 12, 0]`, `[10000, -1, 12, 0]`), "not in layer"},
		"no path":                              {change(`[8825, 740, 12, 0]`, `[]`), "0 vertices"},
		"a graph with five edges per vertex":   {change(`"edges": 99945`, `"edges": 49985`), "49985 edges"},
		"nothing":                              {json.RawMessage(`null`), "0 vertices"},
		"empty":                                {nil, "decode"},
	})
}
