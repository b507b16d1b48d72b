package selection

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnmatched(t *testing.T) {
	names := []string{"TestPerfCost", "TestRegression", "BenchmarkInvoke", "FuzzThing", "TestColdStart"}
	for _, tt := range []struct {
		kind, alternative string
		want              string // empty: something is matched
		wrong             bool
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
		{"-run", "Invoke", `matches no test of this package; it has PerfCost, Regression, Thing, ColdStart; Invoke is a benchmark: -run '^$' -bench 'Invoke/…'`, false},
		{"-run", "Invoke/110", `; Invoke is a benchmark: -run '^$' -bench 'Invoke/…'`, true},
		{"-run", "BenchmarkInvoke/110", `; Invoke is a benchmark: -run '^$' -bench 'Invoke/…'`, true},
		{"-run", "Whatever/x", "matches no test of this package; it has", true},
		{"-run", "^TestWhatever$/x", "matches no test of this package; it has", false}, // may be a test of another package
		{"-run", "^(TestWhatever|TestOther)$/x", "matches no test of this package; it has", false},
		{"-run", "^Whatever$/x", "matches no test of this package; it has", true},
		{"-bench", "Invoek/.*/110", `(did you mean "Invoke"?); it has Invoke`, true},
		{"-bench", "PerfCost", "-bench 'PerfCost' matches no test of this package; it has Invoke; PerfCost is a test: -run 'PerfCost/…'", false},
		{"-bench", "PerfCost/110", "; PerfCost is a test: -run 'PerfCost/…'", true},
	} {
		text, wrong := unmatched(tt.kind, tt.alternative, names)
		require.Equal(t, tt.wrong, wrong, tt.alternative)
		if tt.want == "" {
			require.Empty(t, text, tt.alternative)
		} else {
			require.Contains(t, text, tt.want, tt.alternative)
		}
	}
}
