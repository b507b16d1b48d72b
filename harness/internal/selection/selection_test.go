package selection

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/results"
)

// TestNames: a value that is no default is selected only if the expression names
// it, and what a platform cannot have never.
func TestNames(t *testing.T) {
	condition := results.Name{{Key: "memory", Value: "128"}, {Key: "mode", Value: "cold"}}
	python := Candidate{
		Function:   results.Name{{Key: "platform", Value: "far"}, {Key: "benchmark", Value: "110.html"}, {Key: "runtime", Value: "python-3.12"}, {Key: "variant", Value: "fast"}, {Key: "arch", Value: "x64"}},
		Conditions: []results.Name{condition},
		Default:    func(key string) bool { return key == "arch" },
	}
	for expr, want := range map[string]struct{ wants, language, memory bool }{
		"PerfCost":                               {},
		"PerfCost/python-3.12":                   {language: true},
		"PerfCost/fast":                          {},
		"PerfCost/python-3.12.*fast":             {wants: true, language: true},
		"PerfCost/python-3.12.*fast/memory=1":    {wants: true, language: true, memory: true},
		"PerfCost/far.*3.12.*fast.*x64":          {wants: true, language: true},
		"PerfCost/nodejs|PerfCost/3.12.*fast/12": {wants: true, language: true, memory: true},
	} {
		s, err := New("TestPerfCost", "-run", expr, "")
		require.NoError(t, err)
		require.True(t, s.Named())
		require.Equal(t, want.wants, s.Wants(python), expr)
		if want.wants {
			require.True(t, s.Cell(python.Function, condition), expr)
			require.Equal(t, want.language, s.NamesLanguage(python), expr)
			require.Equal(t, want.memory, s.NamesMemory(python.Function, condition), expr)
		}
		refused := python
		refused.Refused = errors.New("refused")
		require.False(t, s.Wants(refused))
	}
	s, err := New("TestPerfCost", "-run", "PerfCost/3.12.*fast", "PerfCost/.*/cold")
	require.NoError(t, err)
	require.False(t, s.Wants(python), "-skip takes it out")
	_, err = New("TestPerfCost", "-run", "PerfCost/(", "")
	require.Error(t, err)
}

// FuzzPattern checks that the split of a pattern loses nothing and that no
// pattern panics.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{"", "PerfCost/210.*python/cold", "a|b/c", "[/|]", `\/|(a|b)/c`, "((", "]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		p, err := parsePattern(expr)
		if err == nil {
			p.match("TestPerfCost", "platform=process", "mode=cold")
			p.skips("TestPerfCost")
		}
	})
}
