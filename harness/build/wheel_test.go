package build_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// python returns the path of this machine's interpreter and its version.
func python(tb testing.TB) (path, version string) {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "python3", "-c", "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2])").Output()
	require.NoError(tb, err, "python3 is needed")
	fields := bytes.Fields(out)
	require.Len(tb, fields, 2)
	return string(fields[0]), string(fields[1])
}

// writeWheel makes a wheel of the files in text, in txtar form, in the folder
// dir.
func writeWheel(tb testing.TB, dir, name, version, text string) {
	tb.Helper()
	info := name + "-" + version + ".dist-info/"
	files := append(txtar.Parse([]byte(text)).Files,
		txtar.File{Name: info + "METADATA", Data: []byte("Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n")},
		txtar.File{Name: info + "WHEEL", Data: []byte("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")},
		txtar.File{Name: info + "entry_points.txt", Data: []byte("[console_scripts]\n" + name + " = " + name + ":main\n")},
	)
	record := ""
	for _, f := range files {
		record += f.Name + ",,\n"
	}
	files = append(files, txtar.File{Name: info + "RECORD", Data: []byte(record + info + "RECORD,,\n")})
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		out, err := w.Create(f.Name)
		require.NoError(tb, err)
		_, err = out.Write(f.Data)
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	require.NoError(tb, os.WriteFile(filepath.Join(dir, name+"-"+version+"-py3-none-any.whl"), b.Bytes(), 0o644))
}

// useWheels makes pip install from the folder dir and nowhere else.
func useWheels(tb testing.TB, dir string) {
	tb.Helper()
	tb.Setenv("PIP_CONFIG_FILE", os.DevNull)
	tb.Setenv("PIP_NO_INDEX", "1")
	tb.Setenv("PIP_FIND_LINKS", dir)
}

// nodePackage returns the archive of an npm package with the files in text, in
// txtar form.
func nodePackage(tb testing.TB, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range txtar.Parse([]byte(text)).Files {
		require.NoError(tb, w.WriteHeader(&tar.Header{Name: "package/" + f.Name, Mode: 0o644, Size: int64(len(f.Data))}))
		_, err := w.Write(f.Data)
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	require.NoError(tb, z.Close())
	return b.Bytes()
}

// writeFiles writes the files in text, in txtar form, to the folder dir.
func writeFiles(tb testing.TB, dir, text string) {
	tb.Helper()
	for _, f := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, f.Name)
		require.NoError(tb, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(tb, os.WriteFile(name, f.Data, 0o644))
	}
}
