package driver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// Functions that differ have different names, cut or not.
func TestFunctionName(t *testing.T) {
	spec := driver.Spec{
		Benchmark: "411.image-recognition", Runtime: driver.Runtime{Language: "python", Version: "3.11"},
		Architecture: driver.X64, Kind: driver.Archive, Trigger: driver.HTTP,
	}
	require.Equal(t, "sebs-411-image-recognition-python-3-11-x64-archive-http", driver.FunctionName("sebs", spec, 0))
	seen := map[string]driver.Spec{}
	for _, change := range []func(*driver.Spec){
		func(*driver.Spec) {},
		func(s *driver.Spec) { s.Variant = "pytorch" },
		func(s *driver.Spec) { s.Variant = "pypy" },
		func(s *driver.Spec) { s.Variant = "x64" },
		func(s *driver.Spec) { s.Variant = "pytorch"; s.Runtime.Version = "3.12" },
		func(s *driver.Spec) { s.Runtime.Version = "3.12" },
		func(s *driver.Spec) { s.Kind = driver.Image },
		func(s *driver.Spec) { s.Architecture = driver.ARM64 },
		func(s *driver.Spec) { s.Trigger = driver.SDK },
	} {
		s := spec
		change(&s)
		for _, limit := range []int{0, 32, 64} {
			name := driver.FunctionName("sebs", s, limit)
			if limit > 0 {
				require.LessOrEqual(t, len(name), limit)
			}
			if other, ok := seen[name]; ok {
				require.Equal(t, other, s, name)
			}
			seen[name] = s
		}
	}
	require.Equal(t, driver.FunctionName("sebs", spec, 0)+"-256-test-cold", driver.FunctionName("sebs", spec, 0, "256", "test", "cold"))
	require.NotEqual(t, driver.FunctionName("sebs", spec, 32, "256", "test", "cold"), driver.FunctionName("sebs", spec, 32, "256", "test", "warm"))
	spec.Variant = "pytorch"
	require.Equal(t, "sebs-411-image-recognition-python-3-11-pytorch-x64-archive-http", driver.FunctionName("sebs", spec, 0))
}
