package benchmarks_test

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/bar"
)

// TestBars judges how large packages of Python 3.11 are when they are unpacked:
// no larger than SeBS's own, and 411 within what AWS Lambda takes.
func TestBars(t *testing.T) {
	bar.Named(t)
	m := openMachineWith(t, t.TempDir())
	for _, b := range benchmarks.All {
		if declared[b.Name].MaxPackage > 0 {
			t.Run("packages/"+b.Name, func(t *testing.T) { judgeSize(t, m, b, "python") })
		}
	}
}

// TestPyTorch builds, trims, deploys and runs 411 in PyTorch, checks what it
// says, and judges how large its package is. It needs a CPU-only wheel of PyTorch
// where pip finds it, such as the one that .ci/torch makes:
//
//	PIP_FIND_LINKS=<folder> go test -v -run '^TestPyTorch$' ./benchmarks
func TestPyTorch(t *testing.T) {
	named(t)
	m := openMachineWith(t, t.TempDir())
	for _, b := range benchmarks.All {
		if b.Name == "411.image-recognition" {
			judgeSize(t, m, b, "python,variant=pytorch")
		}
	}
}

// judgeSize builds a function, calls it with inputs of two sizes, and judges how
// many MB its package has.
func judgeSize(t *testing.T, m *machine, b harness.Benchmark, language string) {
	t.Helper()
	w := prepare(t, m, b)
	f := w.deploy(t, language, "", w.environment)
	python, _ := m.Features().Default(t.Context(), "python")
	require.Equal(t, "3.11", python.Version, "the limits are those of its packages")
	for _, size := range []harness.Size{harness.Test, harness.Small} {
		w.resize(t, size)
		w.succeed(t, f, w.event(t))
	}
	bar.AtMost(t, "package of "+b.Name, unpacked(t, f.Built.Dir)/1e6, w.MaxPackage, " MB")
}

// unpacked returns how many bytes the files of a folder have.
func unpacked(t *testing.T, dir string) float64 {
	t.Helper()
	sum := 0.0
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += float64(info.Size())
		}
		return err
	}))
	require.NotZero(t, sum, dir)
	return sum
}
