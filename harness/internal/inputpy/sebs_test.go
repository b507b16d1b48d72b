package inputpy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/internal/inputpy"
)

// What an input.py of public folders imports of the package sebs, by the
// statement with which it does, and what it then finds.
func TestPackageSebs(t *testing.T) {
	for statement, want := range map[string]string{
		"from sebs.utils import get_project_root; found = (get_project_root() / 'benchmarks-data').is_dir()":      "true",
		"import sebs.utils; found = sebs.utils.get_benchmarks_data_path().name":                                   `"benchmarks-data"`,
		"from sebs.utils import get_resource_path; found = get_resource_path('benchmarks-data').is_dir()":         "true",
		"from sebs.faas.function import Trigger; found = Trigger.TriggerType.STORAGE != Trigger.TriggerType.HTTP": "true",
		"from sebs.faas.storage import PersistentStorage; found = hasattr(PersistentStorage, 'download')":         "true",
		"from sebs import utils; found = (utils.get_project_root() / 'benchmarks').is_dir()":                      "true",
		"import sebs; found = sebs.faas.function.Trigger.__name__":                                                `"Trigger"`,
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			s := write(t, statement+"\n\n\ndef generate_input(size):\n    return {'found': found}\n")
			payload, err := s.Generate(t.Context(), "test", inputpy.Names{}, nil)
			require.NoError(t, err)
			require.Equal(t, `{"found":`+want+`}`, encode(t, payload))
		})
	}
	_, err := write(t, "from sebs.aws import aws\n").Describe(t.Context())
	require.ErrorContains(t, err, "No module named 'sebs.aws'")
}

// What the input.py of SeBS's branches import besides: the standard library,
// and packages that python3 must have, by the command that brings them.
func TestImportsOfSeBS(t *testing.T) {
	const library = "glob, hashlib, io, json, os, pathlib, random, re, subprocess, tempfile, uuid, zipfile"
	_, err := write(t, "import "+library+"\n\n\ndef generate_input(size):\n    return {}\n").Describe(t.Context())
	require.NoError(t, err)
	for module, name := range map[string]string{"PIL.Image": "pillow", "imageio_ffmpeg": "imageio-ffmpeg"} {
		for place, source := range map[string]string{
			"at the top":  "import " + module + "\n\n\ndef generate_input(size):\n    return {}\n",
			"when called": "def generate_input(size):\n    import " + module + "\n    return {}\n",
		} {
			t.Run(module+" "+place, func(t *testing.T) {
				// This machine may have them.
				_, err := write(t, "import sys\nsys.path[:] = [p for p in sys.path if 'site-packages' not in p and 'dist-packages' not in p]\n"+source).Describe(t.Context())
				require.ErrorContains(t, err, "python3 -m pip install "+name)
			})
		}
	}
}

// The data has its place below the root of SeBS, whether it comes from a
// checkout of all data or is the folder's own.
func TestProject(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"900.group/950.case/a", "900.group/951.other/b", "800.group/810.far/c", "readme"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	const source = "from sebs.utils import get_project_root\n\n\ndef generate_input(size):\n    root = get_project_root() / 'benchmarks-data'\n" +
		"    return {'found': sorted(str(p.relative_to(root)) for p in root.glob('*/*/*')) + sorted(p.name for p in root.iterdir())}\n"
	for name, test := range map[string]struct{ data, root, want string }{
		"of a checkout":  {filepath.Join(root, "900.group", "950.case"), root, "800.group/810.far/c 900.group/950.case/a 900.group/951.other/b 800.group 900.group readme"},
		"its own":        {"", "", "900.group/950.case/own 900.group"},
		"its own beside": {"", root, "800.group/810.far/c 900.group/950.case/own 900.group/951.other/b 800.group 900.group readme"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "900.group", "950.case")
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "data"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "own"), nil, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "input.py"), []byte(source), 0o600))
			s := open(t, inputpy.Folder{Name: "950.case", Dir: dir, Data: test.data, Root: test.root})
			payload, err := s.Generate(t.Context(), "test", inputpy.Names{}, nil)
			require.NoError(t, err)
			require.Equal(t, `{"found":["`+strings.Join(strings.Fields(test.want), `","`)+`"]}`, encode(t, payload))
		})
	}
}

// What can be known without calling the functions is told by Describe.
func TestDescribeLooksAhead(t *testing.T) {
	const generate, none = "def generate_input(size):\n    return {}\n\n\n", "no_module_of_that_name"
	validate := func(body ...string) string {
		return "def validate_output(output, storage=None):\n    " + strings.Join(body, "\n    ") + "\n"
	}
	for name, test := range map[string]struct{ source, want string }{
		"parameters":       {generate + "def validate_output(photo):\n    pass\n", "validate_output(photo) has parameters that the contract does not know"},
		"import":           {generate + validate("import os, "+none), "validate_output imports " + none + ", which python3 has not"},
		"of a part":        {generate + validate("from "+none+".part import a"), "validate_output imports " + none},
		"in a function":    {generate + validate("helper()") + "\n\ndef helper():\n    import " + none + "\n", "validate_output imports " + none},
		"by generate":      {"def generate_input(size):\n    import " + none + "\n    return {}\n", "generate_input imports " + none},
		"after a return":   {"def buckets_count():\n    return 1, 0\n\n\n" + generate + validate("if storage is None:", "    return", "import "+none), "validate_output imports " + none},
		"no storage":       {generate + validate("if storage is None:", "    return", "import "+none), ""},
		"can do without":   {generate + validate("try:", "    import "+none, "except ImportError:", "    pass"), ""},
		"in another case":  {generate + validate("if output is None:", "    import "+none), ""},
		"unused":           {generate + validate("pass") + "\n\ndef plot():\n    import " + none + "\n", ""},
		"of the folder":    {generate + validate("import input"), ""},
		"by its own means": {"def generate_input(size):\n    return {}\n\n\nvalidate_output = lambda output: __import__('" + none + "')\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := write(t, test.source).Describe(t.Context())
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestDescribeData(t *testing.T) {
	for source, want := range map[string]bool{
		"def generate_input(data_dir, size):\n    return {'n': data_dir}\n":                                                    true,
		"def generate_input(data_dir, size):\n    return {'n': size}\n":                                                        false,
		"def generate_input(folder, size, a, b, c):\n    return {'n': folder}\n":                                               true,
		"def generate_input(size, input_buckets, output_buckets, upload_func):\n    return {'n': size}\n":                      false,
		"def generate_input(*all):\n    return {}\n":                                                                           true,
		"generate_input = lambda data_dir, size: {}\n":                                                                         true,
		"def generate_input(size):\n    return {}\n\n\ndef validate_output(data_dir, output):\n    return data_dir and None\n": true,
	} {
		d, err := write(t, source).Describe(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, d.Data, source)
	}
}

// A check's verdict does not depend on what the interpreter was told, or on
// what an earlier check left.
func TestVerdictsHold(t *testing.T) {
	t.Setenv("PYTHONOPTIMIZE", "2")
	s := write(t, `
import os


def generate_input(size):
    return {}


def validate_output(input_config, output):
    """Its text."""
    assert validate_output.__doc__ == "Its text."
    if output == "first":
        os.mkdir("sub")
        os.chdir("sub")
        open("../out", "w").close()
        return None
    assert not os.path.exists("out"), "what the first left"
    assert output == "second"
`)
	for output, want := range map[string]string{"first": "", "second": "", "third": "assertion failed: "} {
		for range 2 {
			wrong, err := s.Validate(t.Context(), inputpy.Output{Output: output}, nil)
			require.NoError(t, err)
			require.Equal(t, want, wrong, output)
		}
	}
}
