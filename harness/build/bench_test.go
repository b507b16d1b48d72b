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

	"github.com/sebs-go/sebs/harness/driver"
)

// BenchmarkReuse finds a package of 3,000 files in the store.
func BenchmarkReuse(b *testing.B) {
	s := openStore(b)
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
	j := job(b, p, folder())
	_, err := s.Package(b.Context(), j)
	require.NoError(b, err)
	for b.Loop() {
		r, err := s.Package(b.Context(), j)
		require.NoError(b, err)
		require.True(b, r.Reused)
	}
}

// BenchmarkInstall alternates Install and the same installation by hand, of
// wheels in a local folder, and reports the medians and their ratio.
func BenchmarkInstall(b *testing.B) {
	wheels := b.TempDir()
	requirements := ""
	for i := range 4 {
		name := fmt.Sprint("wheel", i)
		text := ""
		for j := range 100 {
			text += fmt.Sprintf("-- %s/module%d.py --\n%s", name, j, strings.Repeat("def f(a, b=1):\n    return [a + x for x in range(b)]\n", 40))
		}
		writeWheel(b, wheels, name, "1.0", text)
		requirements += name + "==1.0\n"
	}
	useWheels(b, wheels)
	path, _ := python(b)

	var ours, hand []time.Duration
	for b.Loop() {
		dir := b.TempDir()
		writeFiles(b, dir, "-- requirements.txt --\n"+requirements)
		start := time.Now()
		_, err := installPython(b, dir)
		ours = append(ours, time.Since(start))
		require.NoError(b, err)

		dir = b.TempDir()
		writeFiles(b, dir, "-- requirements.txt --\n"+requirements)
		start = time.Now()
		cmd := exec.CommandContext(b.Context(), path, "-m", "pip", "install", "--target", site, "-r", "requirements.txt")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		hand = append(hand, time.Since(start))
		require.NoError(b, err, "%s", out)
	}
	slices.Sort(ours)
	slices.Sort(hand)
	o, h := ours[len(ours)/2], hand[len(hand)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(o.Seconds(), "sec/install")
	b.ReportMetric(h.Seconds(), "sec/by-hand")
	b.ReportMetric(o.Seconds()/h.Seconds(), "ratio")
}
