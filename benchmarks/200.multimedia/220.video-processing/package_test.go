package video

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
)

// TestUnpackJava has package.sh leave ffmpeg, which can be executed, and the
// classes.
func TestUnpackJava(t *testing.T) {
	// A stand-in for the JDK, whose jar extracts one file.
	jdk := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(jdk, "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(jdk, "bin", "jar"), []byte(`#!/bin/sh
test "$1" = xf && grep -q nativebin "$2" || exit 1
mkdir -p ws/schild/jave/nativebin META-INF
echo ffmpeg > ws/schild/jave/nativebin/ffmpeg-amd64
echo > META-INF/MANIFEST.MF
`), 0o755))
	t.Setenv("JAVA_HOME", jdk)
	left, _ := benchtest.Trim(t, "java/package.sh", "classes/function/Function.class", "lib/ws.schild.jave-nativebin-linux64-3.5.0.jar")
	require.Equal(t, []string{"classes/ffmpeg", "classes/function/Function.class"}, left)
}
