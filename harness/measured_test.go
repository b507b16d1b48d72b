package harness_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/results"
)

// TestAcross is the experiment that the tests below run in a child process.
func TestAcross(t *testing.T) {
	c := harness.Conditions{Modes: []harness.Mode{harness.Cold, harness.Warm}, Axes: []harness.Axis{{Name: "step", Values: []string{"s1", "s2"}}}}
	c.After = func(t *testing.T, m *harness.Measured) {
		cold, warm := m.Cell("mode", "cold", "step", "s1"), m.Cell("mode", "warm", "step", "s1")
		require.Len(t, m.Cells(), 4)
		require.Equal(t, harness.Cold, cold.Mode())
		require.Equal(t, "s1", cold.Value("step"))
		require.Equal(t, "001.fast", m.Value("benchmark"))
		difference := m.Compare(warm, cold, results.ClientTime)
		require.Greater(t, difference.Ratio.Value, 2.0, "a start takes 5 ms, and the first call 20 ms")
		require.Less(t, difference.P, 0.01)
		m.Row("difference", map[string]float64{"ratio": difference.Ratio.Value, "startup_ns": cold.Metric(results.StartupTime).Median.Value})
	}
	harness.Cells(t, models[:1], c, nil)
}

// TestAsked is an experiment whose hook asks for a cell that there cannot be.
func TestAsked(t *testing.T) {
	c := harness.Conditions{Modes: []harness.Mode{harness.Warm}}
	c.After = func(_ *testing.T, m *harness.Measured) { m.Cell("memory", "100") }
	harness.Cells(t, models[:1], c, nil)
}

// TestMistyped is an experiment whose hook asks for a metric that there is not.
func TestMistyped(t *testing.T) {
	c := harness.Conditions{Modes: []harness.Mode{harness.Warm}}
	c.After = func(_ *testing.T, m *harness.Measured) { m.Cells()[0].Metric("client_nss") }
	harness.Cells(t, models[:1], c, nil)
}

// TestTooEarly is an experiment whose body asks for a metric before it has called.
func TestTooEarly(t *testing.T) {
	harness.Cells(t, models[:1], harness.Conditions{Modes: []harness.Mode{harness.Warm}}, func(_ context.Context, _ *testing.T, cell *harness.Cell) {
		cell.Metric(results.ClientTime)
	})
}

// TestSpoils is an experiment whose hook changes the statistics that it is given.
func TestSpoils(t *testing.T) {
	c := harness.Conditions{Modes: []harness.Mode{harness.Warm}}
	c.After = func(t *testing.T, m *harness.Measured) {
		cell := m.Cells()[0]
		want := cell.Summary()
		s := cell.Summary()
		s.Counted, s.Metrics[0].Median.Value, s.Metrics[0].Quantiles[0].Value = -5, -5, -5
		s.Condition["mode"], s.Function["benchmark"], s.Warnings = "x", "x", append(s.Warnings, "x")
		clear(s.Starts)
		require.Equal(t, want, cell.Summary())
	}
	harness.Cells(t, models[:1], c, nil)
}

// TestReadsItself is an experiment whose body reads what it recorded.
func TestReadsItself(t *testing.T) {
	harness.Cells(t, models[:1], harness.Conditions{}, func(ctx context.Context, t *testing.T, cell *harness.Cell) {
		for cell.More() {
			cell.Batch(ctx)
			s := cell.Summary()
			n := 0
			for v := range cell.Invocations() {
				require.Equal(t, n, v.Sequence)
				n++
			}
			require.Equal(t, n, s.Attempts)
			require.Equal(t, n, s.Counted)
			require.Len(t, cell.Sample(results.ClientTime).Values, n)
			require.Equal(t, n, cell.Metric(results.HandlerTime).N)
			require.Zero(t, s.Metric("nothing").N)
		}
		require.Equal(t, 1, cell.Metric(results.StartupTime).N)
	})
}

// TestSingles is an experiment of single calls, which warm their cell up.
func TestSingles(t *testing.T) {
	warm := harness.Conditions{Modes: []harness.Mode{harness.Warm}}
	harness.Cells(t, models[:1], warm, func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
		for range 8 {
			cell.Invoke(ctx)
		}
	})
}

func TestAfter(t *testing.T) {
	tests := []struct {
		run    string
		passes bool
		want   string
	}{
		{"^TestAcross$/001.fast", true, "001.fast: series difference: 1 row\n"},
		{"^TestAcross$/001.fast/mode=cold,step=s1", true, "left out: memory=128,size=test,mode=warm,step=s1 was not measured"},
		{"Asked/001.fast", false, "no cell has memory=100; there are memory=128,size=test,mode=warm"},
		{"ReadsItself/001.fast", true, ""},
		{"^TestSpoils$/001.fast", true, ""},
		{"TooEarly/001.fast", false, `no metric "client_ns": none of 0 calls has counted yet`},
		{"Mistyped/001.fast", false, `no metric "client_nss" (did you mean "client_ns"?); there are client_ns, handler_ns, `},
	}
	for _, tt := range tests {
		t.Run(tt.run, func(t *testing.T) {
			c := newChild(t, []string{"SEBS_SAMPLES=20"}, "-test.run", tt.run)
			err := c.Run()
			require.Equal(t, tt.passes, err == nil, c.out.String())
			require.Contains(t, c.out.String(), tt.want)
			rows, err := filepath.Glob(filepath.Join(c.folder(t), "TestAcross", "*", "series-difference.jsonl"))
			require.NoError(t, err)
			require.Equal(t, tt.run == "^TestAcross$/001.fast", len(rows) == 1)
		})
	}
}
