package selection

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/results"
)

// TestUnmatchedParts: what matches nothing is named although something else is
// selected, and nothing else is.
func TestUnmatchedParts(t *testing.T) {
	var cells []Candidate
	for _, benchmark := range []string{"010.sleep", "110.html"} {
		c := Candidate{Function: results.Name{{Key: "platform", Value: "far"}, {Key: "benchmark", Value: benchmark}, {Key: "runtime", Value: "python-3.12"}}}
		for _, mode := range []string{"cold", "warm"} {
			c.Conditions = append(c.Conditions, results.Name{{Key: "memory", Value: "128"}, {Key: "mode", Value: mode}})
		}
		cells = append(cells, c)
	}
	const clod = `"clod" matches no value (did you mean "cold"?); mode: cold, warm`
	for _, tt := range []struct {
		kind, expr string
		want       []string
	}{
		{"-run", "PerfCost", nil},
		{"-run", "PerfCost/010/(warm|cold)", nil},
		{"-run", "PerfCost/010/(warm|clod)", []string{"-run: " + clod}},
		{"-run", "PerfCost/010/(?:warm|clod)$", []string{"-run: " + clod}},
		{"-run", "PerfCost/010/mode=(warm|clod)", []string{`-run: "mode=clod" matches no value (did you mean "mode=cold"?); mode: cold, warm`}},
		{"-run", "PerfCost/010/warm|PerfCost/010/clod", []string{"-run: " + clod}},
		{"-run", "PerfCost/010/warm|Other/clod", nil},
		{"-run", "PerfCost/(010.*python|110.*python)/warm", nil},
		{"-run", "PerfCost/(010|110.*java)/warm", nil}, // which is no literal
		{"-run", "PerfCost/sleep.runtime/warm", nil},   // beyond one value
		{"-run", "PerfCost/(010|sleep.runtime)/warm", nil},
		{"-bench", "PerfCost/.*/(010|110)/python/.*/(warm|clod)", []string{"-bench: " + clod}},
	} {
		s, err := New("TestPerfCost", tt.kind, tt.expr, "")
		require.NoError(t, err)
		require.Equal(t, tt.want, s.Unmatched(Offer{Cells: cells}), tt.expr)
	}
}
