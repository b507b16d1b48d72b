package build_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

var update = flag.Bool("update", false, "write the golden files")

// Each file of testdata/stage is a benchmark's folder (in/), the files of a
// recipe (recipe/), and the staged folder that they make (want/).
func TestStage(t *testing.T) {
	files, err := filepath.Glob("testdata/stage/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			require.NoError(t, err)
			var given, want []txtar.File
			in := fstest.MapFS{}
			p := &platform{recipe: driver.Recipe{Files: map[string][]byte{}}}
			for _, f := range a.Files {
				top, name, _ := strings.Cut(f.Name, "/")
				switch top {
				case "in":
					in[name] = &fstest.MapFile{Data: f.Data, Mode: 0o444}
				case "recipe":
					p.recipe.Files[name] = f.Data
				case "want":
					want = append(want, f)
					continue
				default:
					t.Fatalf("%s: want in/, recipe/ or want/", f.Name)
				}
				given = append(given, f)
			}
			j := job(t, p, in)
			for line := range strings.Lines(string(a.Comment)) {
				key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
				if !ok {
					continue
				}
				switch key {
				case "runtime":
					j.Spec.Runtime = spec(t, value).Runtime
				case "variant":
					j.Spec.Variant = value
				case "architecture":
					j.Spec.Architecture = driver.Architecture(value)
				case "package":
					p.recipe.Packages = append(p.recipe.Packages, value)
				}
			}
			var got []txtar.File
			p.build = func(_ context.Context, dir string, s driver.Spec, _ io.Writer) (driver.Package, error) {
				got = readTxtar(t, dir)
				return driver.Package{Kind: s.Kind}, nil
			}
			_, err = openStore(t).Package(t.Context(), j)
			require.NoError(t, err)
			if *update {
				data := txtar.Format(&txtar.Archive{Comment: a.Comment, Files: append(given, got...)})
				require.NoError(t, os.WriteFile(file, data, 0o644))
				return
			}
			require.Equal(t, string(txtar.Format(&txtar.Archive{Files: want})), string(txtar.Format(&txtar.Archive{Files: got})))
		})
	}
}

// readTxtar returns the files below dir as the golden files have them.
func readTxtar(t *testing.T, dir string) []txtar.File {
	t.Helper()
	var files []txtar.File
	require.NoError(t, filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		name = "want/" + filepath.ToSlash(name)
		if info.Mode()&0o111 != 0 {
			name += " (executable)"
		}
		data, err := os.ReadFile(p)
		files = append(files, txtar.File{Name: name, Data: data})
		return err
	}))
	return files
}

// A variant without a folder is told when it is built, and not before.
func TestVariantRefused(t *testing.T) {
	files := folder()
	files["config.json"] = &fstest.MapFile{Data: []byte(`{"languages": [{"language": "python", "variants": ["default", "pypy", "old"]}]}`)}
	files["python/old/patch.diff"] = &fstest.MapFile{}
	s, j := openStore(t), job(t, &platform{}, files)
	_, err := s.Package(t.Context(), j)
	require.NoError(t, err)
	for variant, want := range map[string]string{
		"pypy":        "build 000.fake in python-3.11 pypy for fake: variant pypy: it has no folder python/pypy",
		"function.py": "variant function.py: it has no folder python/function.py",
		"../nodejs":   "variant ../nodejs: it has no folder python/../nodejs",
		"old":         "variant old: python/old/patch.diff: patches are not applied here",
	} {
		j.Spec.Variant = variant
		_, err := s.Package(t.Context(), j)
		require.ErrorContains(t, err, want)
	}
}

func TestInitFails(t *testing.T) {
	files := folder()
	files["init.sh"] = &fstest.MapFile{Data: []byte("for i in $(seq 100); do echo line $i; done\nexit 3\n")}
	dir := t.TempDir()
	s, err := build.OpenStore(dir)
	require.NoError(t, err)
	_, err = s.Package(t.Context(), job(t, &platform{}, files))
	require.ErrorContains(t, err, "init.sh: exit status 3; the end of its log:\nline 71\n")
	require.ErrorContains(t, err, "line 100\n")
	require.NotContains(t, err.Error(), "line 70\n")
	_, path, ok := strings.Cut(err.Error(), "the whole log: ")
	require.True(t, ok)
	log, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(log, []byte("line 1\n")))
}

// What init.sh leaves running does not outlive the build, and what it prints
// after its end is not waited for.
func TestInitLeavesNothing(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	files := folder()
	files["init.sh"] = &fstest.MapFile{Data: fmt.Appendf(nil, "mkfifo %q\nexec 5<>%q\n(read -r x <&5; echo late) &\nexit 0\n", mark, mark)}
	_, err := openStore(t).Package(t.Context(), job(t, &platform{}, files))
	require.NoError(t, err)
	requireNoReader(t, mark)
}

// When the context is done, every process of a script is killed.
func TestInitCancelled(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	files := folder()
	files["init.sh"] = &fstest.MapFile{Data: fmt.Appendf(nil, "trap '' TERM INT\nmkfifo %q\nexec 5<>%q\n(read -r x <&5) &\necho started\nwait\n", mark, mark)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	s, err := build.OpenStore(dir)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := s.Package(ctx, job(t, &platform{}, files))
		done <- err
	}()
	waitForText(t, filepath.Join(dir, "logs", "*.log"), "started")
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	requireNoReader(t, mark)
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
}
