package sleep

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// TestCheck rejects wrong outputs, and accepts the right one.
func TestCheck(t *testing.T) {
	in := benchtest.Input(t, Benchmark, harness.Small, nil)
	require.Equal(t, payload{0.1}, in)
	for _, right := range []string{`0.1`, `1e-1`} {
		require.NoError(t, Benchmark.Check(t.Context(), harness.Small, in, json.RawMessage(right), nil), right)
	}
	for name, wrong := range map[string]string{
		"right output of a smaller size": `0.01`,
		"right output of a larger size":  `1`,
		"milliseconds":                   `100`,
		"nearly right":                   `0.1000001`,
		"negative":                       `-0.1`,
		"nothing":                        `null`,
		"a string":                       `"0.1"`,
		"the whole answer":               `{"result": 0.1}`,
		"a list":                         `[0.1]`,
		"two values":                     `0.1 0.1`,
		"empty":                          ``,
	} {
		require.Error(t, Benchmark.Check(t.Context(), harness.Small, in, json.RawMessage(wrong), nil), name)
	}
}
