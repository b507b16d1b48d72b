package results_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/harness/results"
)

// golden unpacks a run of testdata into a folder and returns it, and its files.
func golden(t *testing.T, name string) (folder string, files map[string]string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	folder, files = t.TempDir(), map[string]string{}
	for _, f := range archive.Files {
		path := filepath.Join(folder, f.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
		files[f.Name] = string(f.Data)
	}
	return folder, files
}

// number is a number that is not whole.
var number = regexp.MustCompile(`-?[0-9]+\.[0-9]+(e[+-]?[0-9]+)?`)

// requireSame compares files with what amd64 wrote. Other processors add and
// multiply in one step, so that the last digits may differ.
func requireSame(t *testing.T, want, got map[string]string) {
	t.Helper()
	round := func(text string) string {
		if runtime.GOARCH == "amd64" {
			return text
		}
		return number.ReplaceAllStringFunc(text, func(word string) string {
			x, err := strconv.ParseFloat(word, 64)
			require.NoError(t, err)
			return strconv.FormatFloat(x, 'g', 12, 64)
		})
	}
	require.Len(t, got, len(want))
	for name, text := range want {
		require.Equal(t, round(text), round(got[name]), name)
	}
}

// filesOf returns the files of a folder.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	fsys := os.DirFS(folder)
	require.NoError(t, fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		all[path] = string(data)
		return err
	}))
	return all
}

// TestFormat1: a run that format 1 wrote is reported with the same bytes as then.
// Its table alone differs: it does not say where the results are, and what it
// said of the run, which format 1 kept nowhere else, stands at its end.
func TestFormat1(t *testing.T) {
	folder, want := golden(t, "format1.txtar")
	table, err := results.Report(folder)
	require.NoError(t, err)
	got := filesOf(t, folder)
	require.Equal(t, got["summary.txt"], table)
	parts := func(text string) []string {
		text, _, _ = strings.Cut(text, "\nresults: ")
		all := strings.Split(strings.TrimSpace(text), "\n\n")
		slices.Sort(all)
		return all
	}
	require.Equal(t, parts(want["summary.txt"]), parts(table))
	rows, _, _ := strings.Cut(table, "\n\n")
	require.True(t, strings.HasPrefix(want["summary.txt"], rows), "the same rows in the same order")
	delete(want, "summary.txt")
	delete(got, "summary.txt")
	requireSame(t, want, got)
	again, err := results.Report(folder)
	require.NoError(t, err)
	require.Equal(t, table, again)
}

// TestFormat2: a run of this format is reported with the bytes that it wrote. If
// this fails and is meant to, the format has changed: see Format.
func TestFormat2(t *testing.T) {
	folder, want := golden(t, "format2.txtar")
	table, err := results.Report(folder)
	require.NoError(t, err)
	require.Equal(t, want["summary.txt"], table)
	requireSame(t, want, filesOf(t, folder))
}

// TestOldLeft: format 1 said in a sentence what a run could not remove.
func TestOldLeft(t *testing.T) {
	for text, want := range map[string]results.Leftovers{
		`{"left": "the guard was killed"}`:                                      {{Why: "the guard was killed"}},
		`{"left": [{"platform": "sim", "kind": "k", "name": "n", "why": "w"}]}`: {{Platform: "sim", Kind: "k", Name: "n", Why: "w"}},
		`{}`: nil,
	} {
		var m results.Manifest
		require.NoError(t, json.Unmarshal([]byte(text), &m))
		require.Equal(t, want, m.Left)
	}
}
