package endtoend_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/harness/leftout"
)

// folders writes the folders of a file of testdata and returns where.
func folders(t *testing.T, name string) string {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	dir := t.TempDir()
	for _, f := range archive.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
	return dir
}

// TestFoldersOfSeBS runs folders in each form of SeBS's contract as they are.
func TestFoldersOfSeBS(t *testing.T) {
	dir := folders(t, "folders.txtar")
	out, err := experiment(t, "Regression/benchmark=90[1-5]", "SEBS_BENCHMARKS="+dir)
	require.NoError(t, err, out)
	reasons := regexp.MustCompile(`.*not available on this machine.*`).FindAllString(out, -1)
	require.Len(t, reasons, strings.Count(out, "    --- SKIP"), out)
	require.Equal(t, 6-len(reasons), strings.Count(out, "/memory=128,size=test,mode=sequential ("), out)

	out, err = experiment(t, "PerfCost/benchmark=901.*/mode=(cold|warm)", "SEBS_BENCHMARKS="+filepath.Join(dir, "900.tests", "901.five-arguments"),
		"SEBS_SAMPLES=12", "SEBS_SIZE=small")
	require.NoError(t, err, out)
	require.Contains(t, out, "size=small")
	if len(reasons) > 0 {
		t.Skip(leftout.Mark + "some folders: " + strings.TrimSpace(reasons[0]))
	}
}

// TestFoldersThatAreWrong: each gives an error that names the thing.
func TestFoldersThatAreWrong(t *testing.T) {
	dir := folders(t, "folders.txtar")
	tests := []struct {
		name string
		want []string
	}{
		{"906.raises", []string{"input test of 906.raises", "KeyError", "no data for test", "input.py"}},
		{"907.import-fails", []string{"init: ModuleNotFoundError", "a_module_that_does_not_exist"}},
		{"908.no-such-package", []string{"build 908.no-such-package in python-", "sebs-has-no-package-of-this-name==1.2.3", "the whole log:"}},
		{"909.outside-its-bucket", []string{"input test of 909.outside-its-bucket", "../../other/key"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := experiment(t, "Regression/benchmark="+tt.name, "SEBS_BENCHMARKS="+dir)
			require.Error(t, err, out)
			for _, want := range tt.want {
				require.Contains(t, out, want)
			}
			require.NotContains(t, out, "panic:")
		})
	}
}

// TestFoldersAsTheyAre: what people's folders have that the contract does not
// say, one by one, in a list that holds all of them.
func TestFoldersAsTheyAre(t *testing.T) {
	dir := folders(t, "sebs.txtar")
	tests := []struct {
		name  string // of the folder
		fails bool
		says  []string
		not   []string
	}{
		{name: "920.project"},
		{name: "921.unknown-keys", says: []string{
			`921.unknown-keys: config.json: unknown key "trigger"`, `921.unknown-keys: config.json: unknown key "module"`, "it is ignored",
		}},
		{name: "922.unreadable", fails: true, says: []string{`benchmark 922.unreadable: config.json: key "timeout" is missing`}, not: []string{"this is executed"}},
		{name: "923.returned"},
		{name: "924.no-data", fails: true, says: []string{"NoSuchKey", "its data_dir is empty: there is no data for 924.no-data", "SEBS_DATA"}},
		{name: "925.broken-input", fails: true, says: []string{"generate_input raised KeyError: 'test'"}, not: []string{"this is built"}},
		{name: "926.missing-package", fails: true, says: []string{
			"926.missing-package/input.py: validate_output imports sebs_has_no_package_of_this_name, which python3 has not: install what has it for the python3 that PATH finds",
		}, not: []string{"this is built"}},
		{name: "927.no-folder", says: []string{"--- SKIP", "config.json names the language nodejs, but there is no folder nodejs"}},
		{name: "928.development"},
		{name: "929.fetched", fails: true, says: []string{
			"929.fetched python-3.11: init.sh went on after what failed, so that something may be missing: line 2: tar -xf none.tar",
			"no requirements.txt names anything for python-3.11, though there are some for 3.6",
			"No module named 'six'",
		}},
		{name: "930.workflow", fails: true, says: []string{"definition.json makes it a workflow of several functions, which are not run here"}, not: []string{"build 930"}},
		{name: "931.other-languages", fails: true, says: []string{
			`931.other-languages: config.json: no platform linked here has the language "rust"; it is left out`,
			"it has no function in a language of the platforms linked here",
		}},
		{name: "040.server-reply", says: []string{`040.server-reply: the built-in one runs, since that of SEBS_BENCHMARKS reads "ip-address" of its event, which its input.py does not make`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := experiment(t, "Regression/benchmark="+tt.name, "SEBS_BENCHMARKS="+dir)
			if reason := regexp.MustCompile(`.*not available on this machine.*`).FindString(out); err != nil && !tt.fails && reason != "" {
				t.Skip(leftout.Mark + strings.TrimSpace(reason))
			}
			require.Equal(t, tt.fails, err != nil, out)
			for _, text := range tt.says {
				require.Contains(t, out, text)
			}
			for _, text := range append(tt.not, "panic:") {
				require.NotContains(t, out, text)
			}
		})
	}
}
