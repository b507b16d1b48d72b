package recognition

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
)

// TestTrimPython has package.sh remove what inference does not import, say so,
// and leave the rest.
func TestTrimPython(t *testing.T) {
	left, printed := benchtest.Trim(t, "python/package.sh",
		"PIL/Image.py",
		"numpy.libs/libopenblas.so",
		"numpy/_core/include/numpy.h",
		"numpy/_core/tests/test_array.py",
		"numpy/linalg.py",
		"onnxruntime/__init__.py",
		"onnxruntime/capi/libonnxruntime_providers_shared.so",
		"onnxruntime/transformers/optimizer.py",
		"sympy/core.py",
		"sympy-1.13.3.dist-info/METADATA",
	)
	require.Equal(t, []string{
		"PIL/Image.py",
		"numpy/linalg.py",
		"numpy.libs/libopenblas.so",
		"onnxruntime/__init__.py",
		"onnxruntime/capi/libonnxruntime_providers_shared.so",
	}, left)
	for _, removed := range []string{"sympy", "sympy-1.13.3.dist-info", "onnxruntime/transformers", "numpy/_core/include", "numpy/_core/tests"} {
		require.Regexp(t, `removed (\./)?`+removed+` \(\d+ kB\)`, printed)
	}
	require.Regexp(t, `kB of packages(?s:.*)kB left`, printed)
}

// TestTrimNodejs has package.sh leave one build of onnxruntime.
func TestTrimNodejs(t *testing.T) {
	// A stand-in for the interpreter, which is asked for its system.
	node := t.TempDir() + "/node"
	require.NoError(t, os.WriteFile(node, []byte("#!/bin/sh\necho linux/x64\n"), 0o755))
	t.Setenv("NODE", node)
	left, printed := benchtest.Trim(t, "nodejs/package.sh",
		"onnxruntime-common/dist/index.js",
		"onnxruntime-node/bin/napi-v3/darwin/arm64/libonnxruntime.1.20.1.dylib",
		"onnxruntime-node/bin/napi-v3/linux/arm64/libonnxruntime.so.1",
		"onnxruntime-node/bin/napi-v3/linux/x64/libonnxruntime.so.1",
		"onnxruntime-node/bin/napi-v3/linux/x64/libonnxruntime.so.1.20.1",
		"onnxruntime-node/dist/index.js",
		"sharp/dist/index.cjs",
		"tar/index.js",
	)
	require.Equal(t, []string{
		"onnxruntime-common/dist/index.js",
		"onnxruntime-node/bin/napi-v3/linux/x64/libonnxruntime.so.1",
		"onnxruntime-node/dist/index.js",
		"sharp/dist/index.cjs",
	}, left)
	require.Contains(t, printed, "removed onnxruntime-node/bin/napi-v3/linux/arm64 (")
	require.Contains(t, printed, "removed tar (")
}
