package build_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
)

func TestZip(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string, mode fs.FileMode) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(data), mode))
	}
	write("b.txt", "b", 0o600)
	write("b/c.txt", strings.Repeat("c", 1000), 0o644)
	write("a", "#!/bin/sh\n", 0o700)
	write("ä.txt", "", 0o644)
	require.NoError(t, os.Symlink("../b.txt", filepath.Join(dir, "b", "link")))
	require.NoError(t, os.Symlink("b", filepath.Join(dir, "folder")))

	one, two := filepath.Join(t.TempDir(), "one.zip"), filepath.Join(t.TempDir(), "two.zip")
	size, err := build.Zip(dir, one)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "b.txt"), time.Time{}, time.Unix(1e9, 0)))
	require.NoError(t, os.Chmod(filepath.Join(dir, "b.txt"), 0o644))
	_, err = build.Zip(dir, two)
	require.NoError(t, err)
	first, err := os.ReadFile(one)
	require.NoError(t, err)
	second, err := os.ReadFile(two)
	require.NoError(t, err)
	require.True(t, bytes.Equal(first, second), "the same files give the same bytes")
	require.Len(t, first, int(size))

	r, err := zip.NewReader(bytes.NewReader(first), size)
	require.NoError(t, err)
	var names []string
	for _, f := range r.File {
		names = append(names, f.Mode().String()+" "+f.Name)
		require.Equal(t, 2020, f.Modified.UTC().Year(), f.Name)
	}
	require.Equal(t, []string{
		"-rwxr-xr-x a", "-rw-r--r-- b.txt", "-rw-r--r-- b/c.txt", "Lrwxrwxrwx b/link", "Lrwxrwxrwx folder", "-rw-r--r-- ä.txt",
	}, names)

	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, build.Unzip(one, out, 2000))
	link, err := os.Readlink(filepath.Join(out, "b", "link"))
	require.NoError(t, err)
	require.Equal(t, "../b.txt", link)
	again := filepath.Join(t.TempDir(), "again.zip")
	_, err = build.Zip(out, again)
	require.NoError(t, err)
	third, err := os.ReadFile(again)
	require.NoError(t, err)
	require.True(t, bytes.Equal(first, third), "what is unpacked gives the same archive")
}

func TestZipRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		link string
		want string
	}{
		"absolute": {"/etc/passwd", "link is a link to /etc/passwd"},
		"outside":  {"../../x", "link is a link to ../../x"},
		"beside":   {"../out.zip", "outside the folder"},
		"broken":   {"missing", "link is a link to missing"},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			dir, dst := filepath.Join(top, "dir"), filepath.Join(top, "out.zip")
			require.NoError(t, os.Mkdir(dir, 0o755))
			require.NoError(t, os.Symlink(c.link, filepath.Join(dir, "link")))
			_, err := build.Zip(dir, dst)
			require.ErrorContains(t, err, c.want)
			require.NoFileExists(t, dst)
		})
	}
	_, err := build.Zip(filepath.Join(t.TempDir(), "missing"), filepath.Join(t.TempDir(), "out.zip"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// entry is an entry of an archive that a test makes.
type entry struct {
	name, data string
	mode       fs.FileMode
}

func makeZip(tb testing.TB, entries ...entry) string {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		require.NoError(tb, err)
		_, err = f.Write([]byte(e.data))
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	path := filepath.Join(tb.TempDir(), "a.zip")
	require.NoError(tb, os.WriteFile(path, b.Bytes(), 0o644))
	return path
}

func TestUnzipRefuses(t *testing.T) {
	link := fs.ModeSymlink | 0o777
	for name, c := range map[string]struct {
		entries []entry
		want    string
	}{
		"parent":           {[]entry{{"../x", "", 0o644}}, `entry "../x"`},
		"parent within":    {[]entry{{"a/../../x", "", 0o644}}, "cannot be used"},
		"absolute":         {[]entry{{"/x", "", 0o644}}, "cannot be used"},
		"backslash":        {[]entry{{`a\..\..\x`, "", 0o644}}, "cannot be used"},
		"nul":              {[]entry{{"a\x00b", "", 0o644}}, "cannot be used"},
		"empty name":       {[]entry{{"", "", 0o644}}, "cannot be used"},
		"twice":            {[]entry{{"x", "1", 0o644}, {"x", "2", 0o644}}, "entry x"},
		"too large":        {[]entry{{"x", strings.Repeat("x", 600), 0o644}, {"y", strings.Repeat("y", 500), 0o644}}, "entry y: the archive unpacks to more bytes"},
		"device":           {[]entry{{"x", "", fs.ModeDevice | 0o644}}, "a device"},
		"pipe":             {[]entry{{"x", "", fs.ModeNamedPipe | 0o644}}, "a named pipe"},
		"link out":         {[]entry{{"x", "../../etc/passwd", link}}, "x is a link to ../../etc/passwd"},
		"link absolute":    {[]entry{{"x", "/etc/passwd", link}}, "a link that leads out"},
		"link broken":      {[]entry{{"x", "y", link}}, "x is a link to y"},
		"link to itself":   {[]entry{{"x", "x", link}}, "x is a link to x"},
		"through a link":   {[]entry{{"d", "..", link}, {"d/x", "", 0o644}}, "entry d/x"},
		"out by two links": {[]entry{{"d", ".", link}, {"e", "d/..", link}}, "e is a link to d/.."},
		"file as a folder": {[]entry{{"x", "", 0o644}, {"x/y", "", 0o644}}, "entry x/y"},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			err := build.Unzip(makeZip(t, c.entries...), filepath.Join(top, "dir"), 1000)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, []string{"dir"}, entries(t, top, "."))
			for name, file := range lstatAll(t, filepath.Join(top, "dir")) {
				require.Zero(t, file.Mode()&fs.ModeSymlink, "%s: a link stays", name)
			}
		})
	}
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "x"), nil, 0o644))
	require.ErrorContains(t, build.Unzip(makeZip(t, entry{"y", "", 0o644}), full, 1000), "is not empty")
	require.Error(t, build.Unzip(filepath.Join(full, "x"), t.TempDir(), 1000))
}

// lstatAll returns what is below dir.
func lstatAll(tb testing.TB, dir string) map[string]fs.FileInfo {
	tb.Helper()
	all := map[string]fs.FileInfo{}
	require.NoError(tb, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		all[p], err = d.Info()
		return err
	}))
	return all
}

// Whatever an archive contains, nothing is written outside the folder, no more
// than the limit, and no link leads out.
func FuzzUnzip(f *testing.F) {
	for _, path := range []string{
		makeZip(f, entry{"a/b", "data", 0o755}, entry{"c", "a/b", fs.ModeSymlink | 0o777}),
		makeZip(f, entry{"../x", "data", 0o644}),
		makeZip(f, entry{"d", "..", fs.ModeSymlink | 0o777}, entry{"d/x", "data", 0o644}),
	} {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 16
		top := t.TempDir()
		src, dir := filepath.Join(top, "a.zip"), filepath.Join(top, "dir")
		require.NoError(t, os.WriteFile(src, data, 0o644))
		err := build.Unzip(src, dir, limit)
		for _, name := range entries(t, top, ".") {
			require.Contains(t, []string{"a.zip", "dir"}, name)
		}
		if err != nil {
			return
		}
		var size int64
		for _, file := range lstatAll(t, dir) {
			if file.Mode().IsRegular() {
				size += file.Size()
			}
		}
		require.LessOrEqual(t, size, int64(limit))
		_, err = build.Zip(dir, filepath.Join(top, "again.zip"))
		require.NoError(t, err)
	})
}
