package build_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
)

func TestRegular(t *testing.T) {
	files := fstest.MapFS{"a/b.txt": {Data: []byte("b")}, "c": {Data: []byte("c")}}
	require.NoError(t, fstest.TestFS(build.Regular(files), "a/b.txt", "c"))
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	require.NoError(t, os.Symlink("pipe", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(dir, "zero")))
	for name, want := range map[string]string{"pipe": "named pipe", "link": "named pipe", "zero": "device", "none": "no such file"} {
		_, err := build.Regular(os.DirFS(dir)).Open(name)
		require.ErrorContains(t, err, want, name)
	}
}

// A named pipe anywhere in a benchmark's folder ends the build with its name.
func TestPipesInABenchmark(t *testing.T) {
	for language, names := range map[string][]string{
		"python-3.11": {"config.json", "init.sh", "package.sh", "python/function.py", "python/requirements.txt", "python/init.sh", "python/deep/data"},
		"nodejs-20":   {"nodejs/package.json", "nodejs/function.js"},
		"go-1.26":     {"go/go.mod.txt", "go/function.go"},
		"cpp-12":      {"cpp/function.cpp", "config.json"},
		"java-17":     {"java/pom.xml"},
	} {
		for _, name := range names {
			t.Run(language+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				for _, other := range []string{"python/other.py", "nodejs/other.js", "go/other.txt", "cpp/other.cpp", "java/other.txt"} {
					require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, other)), 0o755))
					require.NoError(t, os.WriteFile(filepath.Join(dir, other), nil, 0o644))
				}
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
				require.NoError(t, syscall.Mkfifo(filepath.Join(dir, name), 0o600))
				done := make(chan error, 1)
				go func() {
					j := job(t, &platform{}, os.DirFS(dir))
					j.Spec = spec(t, language)
					_, err := openStore(t).Package(t.Context(), j)
					done <- err
				}()
				select {
				case err := <-done:
					require.ErrorContains(t, err, name)
					require.ErrorContains(t, err, "named pipe")
				case <-time.After(2 * time.Minute):
					require.Fail(t, "it waits")
				}
			})
		}
	}
}

// What may be other code each time is built each time, and says so; what leaves
// versions open is built once, and says so.
func TestMovingDependencies(t *testing.T) {
	for _, tt := range []struct {
		requirements, says string
		builds             int
	}{
		{"a==1\n", "", 1},
		{"a>1\n", "requirements.txt does not say which version of a", 1},
		{"git+https://me:password@host.example/a.git\n", "built for each run: git+https://[hidden]@host.example/a.git", 2},
	} {
		p, s, files := &platform{}, openStore(t), folder()
		files["python/requirements.txt"] = &fstest.MapFile{Data: []byte(tt.requirements)}
		for range 2 {
			r, err := s.Package(t.Context(), job(t, p, files))
			require.NoError(t, err)
			if tt.says == "" {
				require.Empty(t, r.Warnings)
			} else {
				require.Len(t, r.Warnings, 1)
				require.Contains(t, r.Warnings[0], tt.says)
			}
		}
		require.Equal(t, tt.builds, p.builds, tt.requirements)
	}
}
