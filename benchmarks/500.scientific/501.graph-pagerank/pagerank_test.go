package pagerank

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// readOutputs returns what the Python function returned for each size, and for
// the size small with something wrong.
func readOutputs(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	data, err := os.ReadFile("testdata/outputs.json")
	require.NoError(t, err)
	var outputs map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(data, &outputs))
	return outputs
}

// TestCheck rejects wrong outputs, and accepts the right ones.
func TestCheck(t *testing.T) {
	outputs := readOutputs(t)
	for _, size := range harness.Sizes {
		in := benchtest.Input(t, Benchmark, size, nil)
		require.NoError(t, Benchmark.Check(t.Context(), size, in, outputs[string(size)], nil), size)
	}

	right := string(outputs["small"])
	change := func(old, new string) json.RawMessage {
		require.Equal(t, 1, strings.Count(right, old), old)
		return json.RawMessage(strings.Replace(right, old, new, 1))
	}
	in := benchtest.Input(t, Benchmark, harness.Small, nil)
	for name, c := range map[string]struct {
		output json.RawMessage
		want   string
	}{
		"right output of a smaller size":     {outputs["test"], "10 vertices"},
		"right output of a larger size":      {outputs["large"], "100000 vertices"},
		"another seed":                       {outputs["seed 43"], "rank of the first"},
		"another damping factor":             {outputs["damping 0.5"], "newest vertex"},
		"degrees in place of ranks":          {outputs["degrees"], "newest vertex"},
		"ranks in percent":                   {change(`"sum": 1.0`, `"sum": 100.0`), "sum to 100"},
		"a graph with five edges per vertex": {change(`"edges": 99945`, `"edges": 49985`), "49985 edges"},
		"a rank right to three digits":       {change(`"rank": 0.00121224`, `"rank": 0.00121324`), "rank of the first"},
		"the rank of the largest size":       {change(`"rank": 0.00121224`, `"rank": 0.00033384`), "rank of the first"},
		"a neighbour without edges":          {change(`"degree": 262}`, `"degree": 0}`), "degree 0"},
		"no neighbours":                      {json.RawMessage(`{"vertices": 10000, "edges": 99945, "sum": 1, "rank": 0.001212248093153039, "newest": {"rank": 0.000015}}`), "0 neighbours"},
		"the rank alone":                     {json.RawMessage(`0.001212248093153039`), "decode"},
		"ranks as strings":                   {change(`"sum": 1.0`, `"sum": "1.0"`), "decode"},
		"nothing":                            {json.RawMessage(`null`), "0 vertices"},
		"empty":                              {nil, "decode"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, Benchmark.Check(t.Context(), harness.Small, in, c.output, nil), c.want)
		})
	}
}
