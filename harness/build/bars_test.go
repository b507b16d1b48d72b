package build_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
)

// TestBars measures a build that finds its package in the store, and an
// installation against the same one by hand.
func TestBars(t *testing.T) {
	bar.Named(t)
	t.Run("reuse", reuseBar)
	t.Run("install", installBar)
}

// reuseBar finds a package of 3,000 files in the store.
func reuseBar(t *testing.T) {
	s := openStore(t)
	p := &platform{build: func(_ context.Context, dir string, s driver.Spec, _ io.Writer) (driver.Package, error) {
		for i := range 3000 {
			name := filepath.Join(dir, site, fmt.Sprint("package", i/30), fmt.Sprint("module", i, ".py"))
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				return driver.Package{}, err
			}
			if err := os.WriteFile(name, []byte(strings.Repeat("x = 1\n", 100)), 0o644); err != nil {
				return driver.Package{}, err
			}
		}
		return driver.Package{Kind: s.Kind}, nil
	}}
	j := job(t, p, folder())
	_, err := s.Package(t.Context(), j)
	require.NoError(t, err)
	var times []float64
	for range 50 {
		r, err := s.Package(t.Context(), j)
		require.NoError(t, err)
		require.True(t, r.Reused)
		times = append(times, r.Took.Seconds()*1000)
	}
	slices.Sort(times)
	bar.AtMost(t, "build, already in the store", times[len(times)/2], 100, "ms")
}

// installBar installs wheels of a local folder, by Install and by the command
// by hand.
func installBar(t *testing.T) {
	wheels := t.TempDir()
	requirements := ""
	for i := range 4 {
		name := fmt.Sprint("wheel", i)
		text := ""
		for j := range 100 {
			text += fmt.Sprintf("-- %s/module%d.py --\n%s", name, j, strings.Repeat("def f(a, b=1):\n    return [a + x for x in range(b)]\n", 40))
		}
		writeWheel(t, wheels, name, "1.0", text)
		requirements += name + "==1.0\n"
	}
	useWheels(t, wheels)
	path, _ := python(t)
	timed := func(install func(dir string)) time.Duration {
		dir := t.TempDir()
		writeFiles(t, dir, "-- requirements.txt --\n"+requirements)
		start := time.Now()
		install(dir)
		return time.Since(start)
	}
	bar.Pairs{Name: "install from a folder of wheels", Limit: 1.15, N: 10}.Judge(t,
		func() time.Duration {
			return timed(func(dir string) {
				_, err := installPython(t, dir)
				require.NoError(t, err)
			})
		},
		func() time.Duration {
			return timed(func(dir string) {
				cmd := exec.CommandContext(t.Context(), path, "-m", "pip", "install", "--target", site, "-r", "requirements.txt")
				cmd.Dir = dir
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, "%s", out)
			})
		})
}
