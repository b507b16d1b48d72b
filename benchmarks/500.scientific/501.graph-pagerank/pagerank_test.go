package pagerank

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
		"another seed":                       {outputs["seed 43"], "rank of vertex 0"},
		"another damping factor":             {outputs["damping 0.5"], "rank of vertex 0"},
		"degrees in place of ranks":          {outputs["degrees"], "rank of vertex 0"},
		"ranks in percent":                   {change(`"sum": 1.0`, `"sum": 100.0`), "sum to 100"},
		"a graph with five edges per vertex": {change(`"edges": 99945`, `"edges": 49985`), "49985 edges"},
		"a rank right to three digits":       {change(`7.261285133713638e-05`, `7.262285133713638e-05`), "rank of vertex 3000"},
		"a rank that is no number":           {change(`[0.0011621432059431634`, `["NaN"`), "decode"},
		"nine ranks":                         {change(`[0.0011621432059431634, `, `[`), "9 ranks"},
		"no ranks":                           {json.RawMessage(`{"vertices": 10000, "edges": 99945, "sum": 1}`), "0 ranks"},
		"the rank alone":                     {json.RawMessage(`0.0011621432059431634`), "decode"},
		"nothing":                            {json.RawMessage(`null`), "0 vertices"},
		"empty":                              {nil, "decode"},
	})
}
