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
