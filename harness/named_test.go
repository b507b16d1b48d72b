package harness

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnmatched(t *testing.T) {
	names := []string{"TestPerfCost", "TestRegression", "BenchmarkInvoke", "FuzzThing", "TestColdStart"}
	for _, tt := range []struct {
		kind, alternative string
		want              string // empty: something is matched
		misspelt          bool
	}{
		{"-run", "PerfCost/110", "", false},
		{"-run", "Perf", "", false},
		{"-run", ".", "", false},
		{"-run", "^$", "", false},
		{"-run", "", "", false},
		{"-run", "(", "", false}, // which go test refuses
		{"-run", "PerfCots/110.*python", `-run 'PerfCots/110.*python' matches no test of this package (did you mean "PerfCost"?); it has PerfCost, Regression, Thing, ColdStart`, true},
		{"-run", "^TestPrefCost$/110", `(did you mean "PerfCost"?)`, true},
		{"-run", "TestRegresion", `(did you mean "Regression"?)`, true},
		{"-run", "perfcost", `(did you mean "PerfCost"?)`, true},
		{"-run", "cold/110", `(did you mean "ColdStart"?)`, true},
		{"-run", "^TestPrefCost$", `(did you mean "PerfCost"?)`, false}, // may be a test of another package
		{"-run", "TestConfig", "-run 'TestConfig' matches no test of this package; it has", false},
		{"-run", "Invoke", "matches no test", false},
		{"-bench", "Invoek/.*/110", `(did you mean "Invoke"?); it has Invoke`, true},
		{"-bench", "PerfCost", "-bench 'PerfCost' matches no test of this package; it has Invoke", false},
	} {
		text, misspelt := unmatched(tt.kind, tt.alternative, names)
		require.Equal(t, tt.misspelt, misspelt, tt.alternative)
		if tt.want == "" {
			require.Empty(t, text, tt.alternative)
		} else {
			require.Contains(t, text, tt.want, tt.alternative)
		}
	}
}
