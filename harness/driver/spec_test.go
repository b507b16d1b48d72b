package driver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestCheck(t *testing.T) {
	python := driver.Runtime{Language: "python", Version: "3.11"}
	features := driver.Features{
		Runtimes: []driver.Runtime{python}, Kinds: []driver.Kind{driver.Archive},
		Architectures: []driver.Architecture{driver.X64}, Triggers: []driver.Trigger{driver.HTTP},
	}
	good := driver.Spec{Runtime: python, Kind: driver.Archive, Architecture: driver.X64, Trigger: driver.HTTP}
	require.NoError(t, features.Check(good))
	for name, tt := range map[string]struct {
		change func(*driver.Spec)
		want   string
	}{
		"language":     {func(s *driver.Spec) { s.Runtime.Language = "perl" }, "runtime perl-3.11"},
		"version":      {func(s *driver.Spec) { s.Runtime.Version = "3.99" }, "runtime python-3.99"},
		"kind":         {func(s *driver.Spec) { s.Kind = driver.Image }, `packages of the kind "image"`},
		"architecture": {func(s *driver.Spec) { s.Architecture = driver.ARM64 }, `architecture "arm64"`},
		"no trigger":   {func(s *driver.Spec) { s.Trigger = "" }, `trigger ""`},
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			tt.change(&s)
			err := features.Check(s)
			require.ErrorIs(t, err, driver.ErrUnsupported)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

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
