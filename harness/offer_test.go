package harness

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/selection"
)

// limited is a platform with three sizes of memory, whose HTTP gateway ends
// calls early, and whose Java functions are images on one architecture. The
// default of Python is this machine's.
func limited(asked *[]string) driver.Features {
	return driver.Features{
		Runtimes: []driver.Runtime{
			{Language: "python", Version: "3.11"}, {Language: "python", Version: "3.12"}, {Language: "java", Version: "17"},
		},
		Kinds:         []driver.Kind{driver.Archive, driver.Image},
		Architectures: []driver.Architecture{driver.ARM64, driver.X64},
		Triggers:      []driver.Trigger{driver.HTTP, driver.SDK},
		Memory:        driver.MemorySizes{Sizes: []int{512, 2048, 4096}},
		Limits:        map[driver.Trigger]driver.Limits{driver.HTTP: {MaxTimeout: time.Minute}},
		Prefers: func(_ context.Context, language string) string {
			*asked = append(*asked, language)
			return "3.12" // of Java there is none
		},
		Refuses: func(s driver.Spec) error {
			if s.Runtime.Language == "java" && (s.Kind != driver.Image || s.Architecture != driver.X64) {
				return errors.New("Java functions are images for x64")
			}
			return nil
		},
	}
}

// TestLimitedPlatform: what runs by default is what the platform can have, and
// nothing is asked about a language that is not selected.
func TestLimitedPlatform(t *testing.T) {
	benchmark := testBenchmark("110.dynamic-html", `"python", "java"`) // which wants 128 MB
	for name, tt := range map[string]struct {
		expr  string
		want  []string // functions
		asked []string
	}{
		"defaults": {"PerfCost", []string{
			"benchmark=110.dynamic-html,runtime=python-3.12,arch=arm64,package=archive,trigger=http",
			"benchmark=110.dynamic-html,runtime=java-17,arch=x64,package=image,trigger=http",
		}, []string{"python", "java"}},
		"a language": {"PerfCost/python", []string{
			"benchmark=110.dynamic-html,runtime=python-3.12,arch=arm64,package=archive,trigger=http",
		}, []string{"python"}},
		"another version": {"PerfCost/python-3.11", []string{
			"benchmark=110.dynamic-html,runtime=python-3.11,arch=arm64,package=archive,trigger=http",
		}, []string{"python"}},
		"an architecture that one has": {"PerfCost/.*arm64", []string{
			"benchmark=110.dynamic-html,runtime=python-3.12,arch=arm64,package=archive,trigger=http",
		}, []string{"python"}},
		"what none has":   {"PerfCost/java.*archive", nil, nil},
		"another trigger": {"PerfCost/java.*sdk", []string{"benchmark=110.dynamic-html,runtime=java-17,arch=x64,package=image,trigger=sdk"}, []string{"java"}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked, got []string
			functions, err := candidates(t.Context(), "far", limited(&asked), []Benchmark{benchmark})
			require.NoError(t, err)
			sel, err := selection.New("TestPerfCost", "-run", tt.expr, "")
			require.NoError(t, err)
			for _, f := range functions {
				conditions := Conditions{}.expand(parameters{}, f.memory())
				require.Equal(t, "memory=512,size=test,mode=sequential", conditions[0].name(), "the next size that there is")
				if sel.Wants(candidate{f, conditions}.names()) {
					got = append(got, strings.TrimPrefix(f.name(), "platform=far,"))
				}
			}
			require.Equal(t, tt.want, got)
			require.Equal(t, tt.asked, asked)
		})
	}
}

// TestRefused: what a platform cannot have is told with what it can.
func TestRefused(t *testing.T) {
	var asked []string
	benchmark := testBenchmark("110.dynamic-html", `"python", "java"`)
	functions, err := candidates(t.Context(), "far", limited(&asked), []Benchmark{benchmark})
	require.NoError(t, err)
	var all []candidate
	for _, f := range functions {
		all = append(all, candidate{f, Conditions{}.expand(parameters{}, f.memory())})
	}
	o := Conditions{}.offer(all, []Benchmark{benchmark})
	for expr, want := range map[string][]string{
		"PerfCost/python/memory=100":  {"platform far has no functions with 100 MB, it has 512, 2048, 4096 MB: set SEBS_MEMORY=512"},
		"PerfCost/python/memory=8192": {"platform far has no functions with 8192 MB, it has 512, 2048, 4096 MB"},
		"PerfCost/python/memory=2048": {"cells of that memory: set SEBS_MEMORY=2048"},
		"PerfCost/java.*archive":      {"trigger=http: not supported by this platform: Java functions are images for x64", "trigger=sdk: not supported"},
	} {
		sel, err := selection.New("TestPerfCost", "-run", expr, "")
		require.NoError(t, err)
		text := sel.Explain(o)
		for _, line := range want {
			require.Contains(t, text, line, expr)
		}
	}

	f := functions[0]
	conditions := f.under(Conditions{}.expand(parameters{Memory: []int{512, 100}}, f.memory()))
	require.NoError(t, conditions[0].refused)
	require.ErrorIs(t, conditions[1].refused, driver.ErrUnsupported)
	p := &plan{functions: []*plannedFunction{{function: f, conditions: conditions}}}
	require.NoError(t, p.unmeasured(), "one cell can be had")
	p.functions[0].conditions = conditions[1:]
	require.ErrorContains(t, p.unmeasured(), "memory=100: not supported by this platform, which has 512, 2048, 4096 MB")
	for expr, named := range map[string]bool{"PerfCost/python": false, "PerfCost/.*/memory=1": true, "PerfCost/.*/sequential": false} {
		sel, err := selection.New("TestPerfCost", "-run", expr, "")
		require.NoError(t, err)
		require.Equal(t, named, sel.NamesMemory(f.pairs(), conditions[1].pairs()), expr)
	}
}
