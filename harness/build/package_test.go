package build_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

func TestPackage(t *testing.T) {
	s := openStore(t)
	p := &platform{
		recipe: driver.Recipe{Files: map[string][]byte{"handler.py": []byte("import function\n")}, Builder: "fake 1"},
		build: func(_ context.Context, dir string, s driver.Spec, log io.Writer) (driver.Package, error) {
			fmt.Fprintln(log, "installing")
			meta := filepath.Join(dir, "site", "Pillow-10.3.0.dist-info")
			if err := os.MkdirAll(meta, 0o755); err != nil {
				return driver.Package{}, err
			}
			err := os.WriteFile(filepath.Join(meta, "METADATA"), []byte("Metadata-Version: 2.1\nName: pillow\nVersion: 10.3.0\n\nName: no\n"), 0o644)
			return driver.Package{Kind: driver.Archive}, errors.Join(err, build.Layout(dir, "handler.py", "site"))
		},
	}
	builds := func(want bool, j build.Job) {
		t.Helper()
		got, err := s.Builds(t.Context(), j)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	builds(true, job(t, p, folder()))
	first, err := s.Package(t.Context(), job(t, p, folder()))
	require.NoError(t, err)
	require.False(t, first.Reused)
	builds(false, job(t, p, folder()))
	require.Equal(t, []build.Dependency{{Name: "pillow", Version: "10.3.0"}}, first.Dependencies)
	require.FileExists(t, filepath.Join(first.Dir, "handler.py"))
	require.FileExists(t, filepath.Join(first.Dir, "function", "lib", "helper.py"))
	require.NoDirExists(t, filepath.Join(first.Dir, "function", "__pycache__"))
	info, err := os.Stat(first.Archive)
	require.NoError(t, err)
	require.Equal(t, info.Size(), first.Size)
	log, err := os.ReadFile(first.Log)
	require.NoError(t, err)
	require.Equal(t, "installing\n", string(log))

	second, err := s.Package(t.Context(), job(t, p, folder()))
	require.NoError(t, err)
	require.True(t, second.Reused)
	require.Equal(t, 1, p.builds)
	first.Reused, first.Took, second.Took = true, 0, 0
	require.Equal(t, first, second)
	require.NoError(t, s.Verify(t.Context(), first.Digest))

	anew := job(t, p, folder())
	anew.Anew = true
	builds(true, anew)
	third, err := s.Package(t.Context(), anew)
	require.NoError(t, err)
	require.False(t, third.Reused)
	require.Equal(t, 2, p.builds)
	require.Equal(t, first.Digest, third.Digest)

	unpacked := filepath.Join(t.TempDir(), "unpacked")
	require.NoError(t, build.Unzip(first.Archive, unpacked, 1<<20))
	require.Equal(t, readFolder(t, first.Dir), readFolder(t, unpacked))
}

// readFolder returns the content and mode of all files below dir.
func readFolder(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, p))
		files[p] = fmt.Sprintf("%v %s", info.Mode(), data)
		return err
	})
	require.NoError(tb, err)
	return files
}

// An entry that is not exactly as it was built is built again.
func TestDamagedEntry(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, r build.Result){
		"truncated file": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.Truncate(filepath.Join(r.Dir, "function.py"), 3))
		},
		"missing file": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Join(r.Dir, "lib", "helper.py")))
		},
		"added file": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(r.Dir, "zzz.py"), nil, 0o644))
		},
		"added link": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(r.Dir, "zzz.py")))
		},
		"other mode": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.Chmod(filepath.Join(r.Dir, "function.py"), 0o755))
		},
		"truncated archive": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.Truncate(r.Archive, r.Size-1))
		},
		"truncated manifest": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.Truncate(filepath.Join(filepath.Dir(r.Dir), "manifest.json"), 40))
		},
		"no manifest": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Join(filepath.Dir(r.Dir), "manifest.json")))
		},
		"manifest of another": func(t *testing.T, r build.Result) {
			t.Helper()
			name := filepath.Join(filepath.Dir(r.Dir), "manifest.json")
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			data = bytes.Replace(data, []byte(r.Digest[:4]), []byte("xxxx"), 1)
			require.NoError(t, os.WriteFile(name, data, 0o644))
		},
		"empty folder": func(t *testing.T, r build.Result) {
			t.Helper()
			require.NoError(t, os.RemoveAll(filepath.Dir(r.Dir)))
			require.NoError(t, os.Mkdir(filepath.Dir(r.Dir), 0o755))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := openStore(t), &platform{}
			first, err := s.Package(t.Context(), job(t, p, folder()))
			require.NoError(t, err)
			intact := readFolder(t, first.Dir)
			damage(t, first)

			again, err := s.Package(t.Context(), job(t, p, folder()))
			require.NoError(t, err)
			require.False(t, again.Reused)
			require.Equal(t, 2, p.builds)
			require.Equal(t, first.Digest, again.Digest)
			require.Equal(t, intact, readFolder(t, again.Dir))
			require.NoError(t, s.Verify(t.Context(), again.Digest))
		})
	}
}

// A change that keeps the size is found before an upload.
func TestVerify(t *testing.T) {
	s := openStore(t)
	r, err := s.Package(t.Context(), job(t, &platform{}, folder()))
	require.NoError(t, err)
	require.NoError(t, s.Verify(t.Context(), r.Digest))
	require.NoError(t, os.WriteFile(filepath.Join(r.Dir, "lib", "helper.py"), []byte("X = 2\n"), 0o644))
	require.ErrorContains(t, s.Verify(t.Context(), r.Digest), "code/lib/helper.py has another content")

	for _, digest := range []string{"", "../x", "0000"} {
		require.ErrorIs(t, s.Verify(t.Context(), digest), driver.ErrNotFound)
	}
	missing := fmt.Sprintf("%064d", 0)
	require.ErrorIs(t, s.Verify(t.Context(), missing), driver.ErrNotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Verify(ctx, r.Digest), context.Canceled)
}

func TestPackageFails(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		files fstest.MapFS
		p     platform
		want  string
	}{
		"no folder of the language": {fstest.MapFS{"nodejs/function.js": {}}, platform{}, "no folder python"},
		"symbolic link":             {fstest.MapFS{"python/a": {Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")}}, platform{}, "python/a is a symbolic link"},
		"device":                    {fstest.MapFS{"python/dev": {Mode: fs.ModeDevice}}, platform{}, "python/dev is a device"},
		"name with a backslash":     {fstest.MapFS{`python/a\b`: {}}, platform{}, `a path that cannot be used`},
		"file of the platform's": {
			fstest.MapFS{"python/handler.py": {}},
			platform{recipe: driver.Recipe{Files: map[string][]byte{"handler.py": nil}}},
			"handler.py: the platform adds a file of this name",
		},
		"recipe leads out": {folder(), platform{recipe: driver.Recipe{Files: map[string][]byte{"../x": nil}}}, `"../x"`},
		"platform fails": {
			folder(),
			platform{build: func(context.Context, string, driver.Spec, io.Writer) (driver.Package, error) {
				return driver.Package{}, boom
			}},
			"boom\nthe whole log: ",
		},
		"platform leads out": {
			folder(),
			platform{build: func(context.Context, string, driver.Spec, io.Writer) (driver.Package, error) {
				return driver.Package{Kind: driver.Archive, Dir: "../.."}, nil
			}},
			"not in the staged folder",
		},
		"platform leaves a link that leads out": {
			folder(),
			platform{build: func(_ context.Context, dir string, _ driver.Spec, _ io.Writer) (driver.Package, error) {
				return driver.Package{Kind: driver.Archive}, os.Symlink("../../../../x", filepath.Join(dir, "link"))
			}},
			"link is a link to",
		},
		"other kind": {
			folder(),
			platform{build: func(context.Context, string, driver.Spec, io.Writer) (driver.Package, error) {
				return driver.Package{Kind: driver.Image}, nil
			}},
			"built an image and not an archive",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := build.OpenStore(dir)
			require.NoError(t, err)
			_, err = s.Package(t.Context(), job(t, &c.p, c.files))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "build 000.fake in python-3.11 for fake")
			for _, sub := range []string{"packages", "tmp"} {
				left, err := os.ReadDir(filepath.Join(dir, sub))
				require.NoError(t, err)
				require.Empty(t, left)
			}
		})
	}
}

// A folder beyond the bounds is refused before anything of it is read.
func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, "-- python/function.py --\n-- python/huge --\n")
	require.NoError(t, os.Truncate(filepath.Join(dir, "python", "huge"), 5<<30))
	_, err := openStore(t).Package(t.Context(), job(t, &platform{}, os.DirFS(dir)))
	require.ErrorContains(t, err, "python/huge: the folder has more than 4294967296 bytes")

	files := fstest.MapFS{}
	for i := range 50_001 {
		files[fmt.Sprintf("python/%05d", i)] = &fstest.MapFile{}
	}
	_, err = openStore(t).Package(t.Context(), job(t, &platform{}, files))
	require.ErrorContains(t, err, "python/50000: the folder has more than 50000 files")
}

func TestOpenStoreUnusable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for _, dir := range []string{file, filepath.Join(file, "sub")} {
		_, err := build.OpenStore(dir)
		require.ErrorContains(t, err, dir)
		require.ErrorContains(t, err, "SEBS_CACHE")
	}
}

// fetching is a platform whose tools have no identity until they were fetched.
type fetching struct {
	platform
	fetched int
	useless bool // fetching changes nothing
	err     error
}

func (f *fetching) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if f.fetched > 0 && !f.useless {
		return f.platform.Recipe(ctx, s)
	}
	return driver.Recipe{Fetch: func(context.Context, io.Writer) error { f.fetched++; return f.err }}, nil
}

// Tools are fetched when something is built, and not to know whether it is.
func TestFetch(t *testing.T) {
	s := openStore(t)
	f := &fetching{platform: platform{recipe: driver.Recipe{Builder: "fake 1"}}}
	builds, err := s.Builds(t.Context(), job(t, f, folder()))
	require.NoError(t, err)
	require.True(t, builds)
	require.Zero(t, f.fetched)
	first, err := s.Package(t.Context(), job(t, f, folder()))
	require.NoError(t, err)
	require.Equal(t, "fake 1", first.Builder)
	again, err := s.Package(t.Context(), job(t, f, folder()))
	require.NoError(t, err)
	require.True(t, again.Reused)
	require.Equal(t, 1, f.fetched)

	_, err = s.Package(t.Context(), job(t, &fetching{useless: true}, folder()))
	require.ErrorContains(t, err, "fetched its tools and still does not know them")
	_, err = s.Package(t.Context(), job(t, &fetching{err: driver.ErrUnavailable}, folder()))
	require.ErrorIs(t, err, driver.ErrUnavailable)
}
