package driver_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestMemorySizes(t *testing.T) {
	three := driver.MemorySizes{Sizes: []int{512, 2048, 4096}}
	fixed := driver.MemorySizes{Sizes: []int{1536}}
	steps := driver.MemorySizes{Min: 128, Max: 1024, Step: 64}
	single := driver.MemorySizes{Min: 128, Max: 10240}
	for name, tt := range map[string]struct {
		sizes   driver.MemorySizes
		mb      int
		has     bool
		atLeast int // 0: none
	}{
		"any":               {driver.MemorySizes{}, 7, true, 7},
		"of a list":         {three, 2048, true, 2048},
		"below a list":      {three, 100, false, 512},
		"between of a list": {three, 513, false, 2048},
		"above a list":      {three, 5000, false, 0},
		"fixed":             {fixed, 128, false, 1536},
		"least of a range":  {steps, 128, true, 128},
		"below a range":     {steps, 64, false, 128},
		"a step":            {steps, 192, true, 192},
		"no step":           {steps, 200, false, 256},
		"most of a range":   {steps, 1024, true, 1024},
		"above a range":     {steps, 1025, false, 0},
		"steps of one":      {single, 129, true, 129},
		"above steps":       {single, 10241, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.has, tt.sizes.Has(tt.mb))
			got, ok := tt.sizes.AtLeast(tt.mb)
			require.Equal(t, tt.atLeast > 0, ok)
			if ok {
				require.Equal(t, tt.atLeast, got)
				require.True(t, tt.sizes.Has(got))
			}
		})
	}
	require.Equal(t, "512, 2048, 4096 MB", three.String())
	require.Equal(t, "128 to 1024 MB in steps of 64", steps.String())
	require.Equal(t, "128 to 10240 MB", single.String())
	require.Equal(t, "0 MB and more", driver.MemorySizes{}.String())
}

func TestCheck(t *testing.T) {
	python := driver.Runtime{Language: "python", Version: "3.11"}
	java := driver.Runtime{Language: "java", Version: "17"}
	features := driver.Features{
		Runtimes: []driver.Runtime{python, java}, Kinds: []driver.Kind{driver.Archive, driver.Image},
		Architectures: []driver.Architecture{driver.X64}, Triggers: []driver.Trigger{driver.HTTP, driver.SDK},
		Memory: driver.MemorySizes{Sizes: []int{512, 2048, 4096}},
		Limits: map[driver.Trigger]driver.Limits{driver.HTTP: {MaxTimeout: 230 * time.Second}},
		Refuses: func(s driver.Spec) error {
			if s.Runtime == java && s.Kind == driver.Archive {
				return errors.New("Java is deployed as an image")
			}
			return nil
		},
	}
	good := driver.Spec{
		Runtime: python, Kind: driver.Archive, Architecture: driver.X64, Trigger: driver.HTTP, Memory: 512, Timeout: 230 * time.Second,
	}
	for name, tt := range map[string]struct {
		change func(*driver.Spec)
		want   string // empty: nothing is wrong
	}{
		"all that it has":     {func(*driver.Spec) {}, ""},
		"nothing decided yet": {func(s *driver.Spec) { s.Memory, s.Timeout = 0, 0 }, ""},
		"language":            {func(s *driver.Spec) { s.Runtime.Language = "perl" }, "runtime perl-3.11: not supported by this platform"},
		"version":             {func(s *driver.Spec) { s.Runtime.Version = "3.99" }, "runtime python-3.99"},
		"kind":                {func(s *driver.Spec) { s.Kind = "wheel" }, `packages of the kind "wheel": not supported by this platform, which has archive, image`},
		"architecture":        {func(s *driver.Spec) { s.Architecture = driver.ARM64 }, `architecture "arm64": not supported by this platform, which has x64`},
		"no trigger":          {func(s *driver.Spec) { s.Trigger = "" }, `trigger "": not supported by this platform, which has http, sdk`},
		"memory":              {func(s *driver.Spec) { s.Memory = 100 }, "memory=100: not supported by this platform, which has 512, 2048, 4096 MB"},
		"time-out": {
			func(s *driver.Spec) { s.Timeout = 231 * time.Second },
			"a time-out of 3m51s: not supported by this platform, where a call by the trigger http ends after 3m50s",
		},
		"time-out of a trigger without a limit": {func(s *driver.Spec) { s.Timeout, s.Trigger = time.Hour, driver.SDK }, ""},
		"combination":                           {func(s *driver.Spec) { s.Runtime = java }, "not supported by this platform: Java is deployed as an image"},
		"another combination":                   {func(s *driver.Spec) { s.Runtime, s.Kind = java, driver.Image }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			tt.change(&s)
			err := features.Check(s)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, driver.ErrUnsupported)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// TestComplete: what is left open becomes what the platform can have.
func TestComplete(t *testing.T) {
	python, java := driver.Runtime{Language: "python", Version: "3.11"}, driver.Runtime{Language: "java", Version: "17"}
	features := driver.Features{
		Runtimes: []driver.Runtime{python, java}, Kinds: []driver.Kind{driver.Archive, driver.Image},
		Architectures: []driver.Architecture{driver.ARM64, driver.X64}, Triggers: []driver.Trigger{driver.HTTP, driver.SDK},
		Memory: driver.MemorySizes{Sizes: []int{512, 2048}},
		Refuses: func(s driver.Spec) error {
			if s.Runtime == java && (s.Kind != driver.Image || s.Architecture != driver.X64) {
				return errors.New("Java is an image for x64")
			}
			return nil
		},
	}
	require.Equal(t, driver.Spec{Runtime: python, Architecture: driver.ARM64, Kind: driver.Archive, Trigger: driver.HTTP, Memory: 512},
		features.Complete(driver.Spec{Runtime: python, Memory: 256}))
	require.Equal(t, driver.Spec{Runtime: java, Architecture: driver.X64, Kind: driver.Image, Trigger: driver.SDK},
		features.Complete(driver.Spec{Runtime: java, Trigger: driver.SDK}))
	impossible := features.Complete(driver.Spec{Runtime: java, Kind: driver.Archive, Memory: 4096})
	require.ErrorIs(t, features.Check(impossible), driver.ErrUnsupported)
	require.Equal(t, 4096, impossible.Memory)
}

func TestCheckPackage(t *testing.T) {
	features := driver.Features{MaxPackage: map[driver.Kind]int64{driver.Archive: 1000}}
	require.NoError(t, features.CheckPackage(driver.Package{Kind: driver.Archive, Size: 1000}))
	require.NoError(t, features.CheckPackage(driver.Package{Kind: driver.Image, Size: 1e12}))
	err := features.CheckPackage(driver.Package{Kind: driver.Archive, Size: 1001})
	require.ErrorIs(t, err, driver.ErrUnsupported)
	require.ErrorContains(t, err, "a package of 1001 bytes: not supported by this platform, where an archive has 1000 at most")
}

func TestTells(t *testing.T) {
	features := driver.Features{Limits: map[driver.Trigger]driver.Limits{driver.SDK: {Causes: []driver.Cause{driver.Memory}}}}
	require.True(t, features.Tells(driver.SDK, driver.Memory))
	require.False(t, features.Tells(driver.SDK, driver.Crash))
	require.False(t, features.Tells(driver.HTTP, driver.Memory))
}

func TestPace(t *testing.T) {
	pace := driver.Pace{Remove: 2 * time.Second, Parallel: 4}
	for n, want := range map[int]time.Duration{0: 0, 1: 2 * time.Second, 4: 2 * time.Second, 5: 4 * time.Second, 100: 50 * time.Second} {
		require.Equal(t, want, pace.Takes(n, pace.Remove))
		require.Equal(t, 5*want+30*time.Second, pace.Bound(n, pace.Remove))
	}
	require.Equal(t, 3*time.Second, driver.Pace{}.Takes(3, time.Second), "one at a time")
}
