package recognition

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
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

// TestTrimPyTorch has package.sh remove what inference does not import, strip
// the libraries of torch that a strip can read, say so, and leave the rest.
func TestTrimPyTorch(t *testing.T) {
	// A stand-in for strip, which cannot read one library and does not make
	// another smaller.
	strip := filepath.Join(t.TempDir(), "strip")
	require.NoError(t, os.WriteFile(strip, []byte(`#!/bin/sh
[ "$1 $2" = "--strip-unneeded -o" ] || exit 2
case "$4" in
*libdnnl*) exit 1 ;;
*libc10*) echo "longer than before" >"$3" && cat "$4" >>"$3" ;;
*) echo less >"$3" ;;
esac
`), 0o755))
	files := []string{
		"PIL/Image.py",
		"PIL/_imaging.cpython-311-x86_64-linux-gnu.so",
		"PIL/_imaging.pyi",
		"PIL/_imagingft.cpython-311-x86_64-linux-gnu.so",
		"functorch/_C.so",
		"pillow.libs/libfreetype-edd71024.so.6.20.1",
		"pillow.libs/libjpeg-0988b44a.so.62.4.0",
		"torch-1.13.1+cpu.dist-info/METADATA",
		"torch-1.13.1+cpu.dist-info/RECORD",
		"torch/__init__.py",
		"torch/_C.cpython-311-x86_64-linux-gnu.so",
		"torch/_C/__init__.pyi",
		"torch/bin/test_api",
		"torch/bin/torch_shm_manager",
		"torch/distributed/__init__.py",
		"torch/distributed/elastic/agent.py",
		"torch/fx/passes/tests/test_pass.py",
		"torch/include/torch/torch.h",
		"torch/lib/libc10.so.1.13",
		"torch/lib/libdnnl.so.2",
		"torch/lib/libprotobuf.a",
		"torch/lib/libtorch_cpu.so",
		"torch/lib/libtorchbind_test.so",
		"torch/nn/functional.py",
		"torch/test/test_torch.py",
		"torch/testing/__init__.py",
		"torch/testing/_internal/common_utils.py",
		"torchgen/model.py",
		"typing_extensions.py",
	}
	kept := []string{
		"PIL/Image.py",
		"PIL/_imaging.cpython-311-x86_64-linux-gnu.so",
		"pillow.libs/libjpeg-0988b44a.so.62.4.0",
		"torch/__init__.py",
		"torch/_C.cpython-311-x86_64-linux-gnu.so",
		"torch/bin/torch_shm_manager",
		"torch/distributed/__init__.py",
		"torch/lib/libc10.so.1.13",
		"torch/lib/libdnnl.so.2",
		"torch/lib/libtorch_cpu.so",
		"torch/nn/functional.py",
		"torch/testing/__init__.py",
		"torch-1.13.1+cpu.dist-info/METADATA",
		"typing_extensions.py",
	}
	t.Setenv("STRIP", strip)
	left, printed := benchtest.Trim(t, "python/pytorch/package.sh", files...)
	require.ElementsMatch(t, kept, left)
	for _, removed := range []string{
		"functorch", "torchgen", "torch/bin/test_api", "torch/distributed/elastic", "torch/include", "torch/lib/libprotobuf.a",
		"torch/lib/libtorchbind_test.so", "torch/test", "torch/testing/_internal", "PIL/_imagingft.cpython-311-x86_64-linux-gnu.so",
		"pillow.libs/libfreetype-edd71024.so.6.20.1", "torch/fx/passes/tests", "2 files of types", "1 files of metadata",
	} {
		require.Regexp(t, `removed (\./)?`+removed+` \(\d+ kB\)`, printed)
	}
	require.Contains(t, printed, "stripped 2 of 4 libraries (")
	require.Regexp(t, `kB of packages(?s:.*)kB left`, printed)

	t.Setenv("STRIP", filepath.Join(t.TempDir(), "missing"))
	left, printed = benchtest.Trim(t, "python/pytorch/package.sh", files...)
	require.ElementsMatch(t, kept, left)
	require.Contains(t, printed, "symbols are left in libraries: install binutils")
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

// TestTrimJava has package.sh unpack the classes of onnxruntime and its library
// for one system, and leave nothing of the rest.
func TestTrimJava(t *testing.T) {
	// A stand-in for the JDK, whose jar lists and extracts these files.
	jdk := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(jdk, "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(jdk, "bin", "jar"), []byte(`#!/bin/sh
case "$1" in
tvf)
  for file in META-INF/MANIFEST.MF ai/onnxruntime/native/ ai/onnxruntime/OrtSession.class \
    ai/onnxruntime/native/linux-aarch64/libonnxruntime.so ai/onnxruntime/native/linux-x64/libonnxruntime.so \
    ai/onnxruntime/native/osx-x64/libonnxruntime.dylib ai/onnxruntime/native/osx-x64/libonnxruntime.dylib.dSYM/Info.plist \
    ai/onnxruntime/native/osx-aarch64/libonnxruntime.dylib ai/onnxruntime/native/win-x64/onnxruntime.pdb; do
    echo "  4096 Wed Oct 30 18:31:00 UTC 2024 $file"
  done ;;
xf)
  while read -r file; do
    mkdir -p "$(dirname "$file")" && echo > "$file"
  done < "${3#@}" ;;
esac
`), 0o755))
	t.Setenv("JAVA_HOME", jdk)
	library := "libonnxruntime.so"
	own := "linux"
	if runtime.GOOS == "darwin" {
		library, own = "libonnxruntime.dylib", "osx"
	}
	for _, architecture := range []string{"x64", "arm64"} {
		t.Setenv("TARGET_ARCHITECTURE", architecture)
		left, printed := benchtest.Trim(t, "java/package.sh",
			"classes/function/Function.class", "lib/com.microsoft.onnxruntime.onnxruntime-1.20.0.jar", "lib/other.jar")
		require.Equal(t, []string{
			"classes/ai/onnxruntime/OrtSession.class",
			"classes/function/Function.class",
			"classes/native/" + library,
			"lib/other.jar",
		}, left)
		for _, removed := range []string{"linux-x64/libonnxruntime.so", "linux-aarch64/libonnxruntime.so", "win-x64/onnxruntime.pdb", "osx-x64/libonnxruntime.dylib"} {
			kept := removed == own+"-"+map[string]string{"x64": "x64", "arm64": "aarch64"}[architecture]+"/"+library
			require.Equal(t, !kept, strings.Contains(printed, "removed ai/onnxruntime/native/"+removed+" (4 kB)"), removed)
		}
	}
}
