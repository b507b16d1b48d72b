package containers

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func specOf(benchmark string) driver.Spec {
	return driver.Spec{
		Benchmark: benchmark, Runtime: driver.Runtime{Language: "python", Version: "3.11"},
		Architecture: driver.X64, Kind: driver.Image,
	}
}

func TestFunctionImage(t *testing.T) {
	name, err := FunctionImage("registry.example:5000/me/f", "local", specOf("110.dynamic-html"), digest)
	require.NoError(t, err)
	require.Equal(t, "registry.example:5000/me/f:function.local.110.dynamic-html.python-3.11-x64-"+dockerfiles.Release+"-0123456789ab", name)

	name, err = FunctionImage("sebs", "local", specOf("110.dynamic-html"), "01")
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(name, "-01"), name)

	variant := specOf("411.image-recognition")
	variant.Variant = "pytorch"
	name, err = FunctionImage("sebs", "local", variant, digest)
	require.NoError(t, err)
	require.Contains(t, name, ":function.local.411.image-recognition.python-3.11-pytorch-x64-")

	for _, benchmark := range []string{"a/b", "a b", "a:b", "é", "a\nb", "a@b", "a+b"} {
		_, err := FunctionImage("sebs", "local", specOf(benchmark), digest)
		require.ErrorContains(t, err, "benchmark "+benchmark)
		require.ErrorContains(t, err, "letters, digits")
	}
}

func TestFunctionImageOfLongNames(t *testing.T) {
	long := "900." + strings.Repeat("long-", 30)
	seen := map[string]string{}
	for _, what := range []struct{ benchmark, digest string }{
		{long, digest}, {long + "a", digest}, {long + "b", digest}, {long, "f" + digest}, {long, ""},
	} {
		name, err := FunctionImage("sebs", "local", specOf(what.benchmark), what.digest)
		require.NoError(t, err)
		tag := strings.TrimPrefix(name, "sebs:")
		require.LessOrEqual(t, len(tag), maxTag)
		require.Regexp(t, tagPattern, tag)
		require.True(t, strings.HasPrefix(tag, "function.local.900.long-long-"), tag)
		require.NotContains(t, seen, tag, "the names of %v and %v", what, seen[tag])
		seen[tag] = fmt.Sprint(what)
	}
	fits := strings.Repeat("x", maxTag-len("function.local..python-3.11-x64-"+dockerfiles.Release+"-0123456789ab"))
	name, err := FunctionImage("sebs", "local", specOf(fits), digest)
	require.NoError(t, err)
	require.Contains(t, name, "."+fits+".")
	require.Len(t, strings.TrimPrefix(name, "sebs:"), maxTag)
}

// listing returns the entries of an archive, one a line.
func listing(t *testing.T, archive []byte) string {
	t.Helper()
	var lines strings.Builder
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines.String()
		}
		require.NoError(t, err)
		require.Zero(t, h.Uid)
		require.Zero(t, h.Gid)
		require.LessOrEqual(t, h.ModTime.Unix(), int64(0), "layers do not depend on dates")
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		fmt.Fprintf(&lines, "%c %04o %s", h.Typeflag, h.Mode, h.Name)
		switch h.Typeflag {
		case tar.TypeSymlink:
			fmt.Fprintf(&lines, " -> %s", h.Linkname)
		case tar.TypeReg:
			fmt.Fprintf(&lines, " %q", content)
		}
		lines.WriteByte('\n')
	}
}

func TestContext(t *testing.T) {
	dir := t.TempDir()
	tree := txtar.Parse([]byte(`
-- handler.py --
shim
-- Dockerfile --
FROM evil
-- .dockerignore --
*
-- function/function.py --
mine
-- function/tool.sh --
#!/bin/sh
-- functional/a.py --
not mine
-- packages/lib/b.so --
binary
`))
	for _, f := range tree.Files {
		write(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, "function/tool.sh"), 0o4711))
	require.NoError(t, os.Chmod(filepath.Join(dir, "handler.py"), 0o600))
	require.NoError(t, os.Chmod(filepath.Join(dir, "packages"), 0o700))
	require.NoError(t, os.Symlink("b.so", filepath.Join(dir, "packages/lib/b.so.1")))
	require.NoError(t, os.Symlink("../handler.py", filepath.Join(dir, "function/shim.py")))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "outside")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "packages/empty"), 0o755))

	var out bytes.Buffer
	require.NoError(t, writeContext(&out, dir, []byte("FROM ours\n")))
	require.Equal(t, strings.TrimPrefix(`
0 0644 Dockerfile "FROM ours\n"
5 0755 dependencies/
5 0755 function/
0 0644 dependencies/.dockerignore "*\n"
0 0644 dependencies/Dockerfile "FROM evil\n"
0 0644 function/function.py "mine\n"
2 0755 function/shim.py -> ../handler.py
0 0755 function/tool.sh "#!/bin/sh\n"
5 0755 dependencies/functional/
0 0644 dependencies/functional/a.py "not mine\n"
0 0644 dependencies/handler.py "shim\n"
2 0755 dependencies/outside -> /etc/passwd
5 0755 dependencies/packages/
5 0755 dependencies/packages/empty/
5 0755 dependencies/packages/lib/
0 0644 dependencies/packages/lib/b.so "binary\n"
2 0755 dependencies/packages/lib/b.so.1 -> b.so
`, "\n"), listing(t, out.Bytes()))

	var again bytes.Buffer
	require.NoError(t, writeContext(&again, dir, []byte("FROM ours\n")))
	require.Equal(t, out.Bytes(), again.Bytes())
}

func TestContextRefuses(t *testing.T) {
	t.Run("sockets", func(t *testing.T) {
		dir, err := os.MkdirTemp("", "context")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
		l, err := net.Listen("unix", filepath.Join(dir, "s"))
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		err = writeContext(io.Discard, dir, nil)
		require.ErrorContains(t, err, filepath.Join(dir, "s")+" is neither a file nor a folder")
	})
	t.Run("no folder", func(t *testing.T) {
		require.ErrorIs(t, writeContext(io.Discard, filepath.Join(t.TempDir(), "none"), nil), os.ErrNotExist)
	})
	t.Run("a reader that is gone", func(t *testing.T) {
		r, w := io.Pipe()
		r.CloseWithError(errFull)
		require.ErrorIs(t, writeContext(w, t.TempDir(), nil), errFull)
	})
}
