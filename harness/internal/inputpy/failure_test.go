package inputpy_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/inputpy"
)

const generate = "def buckets_count():\n    return 1, 1\n\n\ndef generate_input(data_dir, size, benchmarks_bucket, input_paths, output_paths, upload_func, nosql_func):\n"

// What an input.py does wrong is an error that names the file and what to do.
func TestGenerateFails(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   []string
	}{
		"raises": {
			generate + "    raise ValueError('no photo')\n",
			[]string{"950.case/input.py: generate_input raised ValueError: no photo\n", "line 6, in generate_input\n", "    raise ValueError('no photo')\n"},
		},
		"raises from another": {
			generate + "    try:\n        {}['a']\n    except KeyError as e:\n        raise RuntimeError('outer') from e\n",
			[]string{"generate_input raised RuntimeError: outer", "KeyError: 'a'"},
		},
		"syntax error":     {"def generate_input(:\n", []string{"importing it raised SyntaxError: invalid syntax (input.py, line 1)"}},
		"missing module":   {"import nothing_of_that_name\n", []string{"importing it raised ModuleNotFoundError: No module named 'nothing_of_that_name'"}},
		"missing function": {"x = 1\n", []string{"it has no function generate_input(data_dir, size, benchmarks_bucket, input_paths, output_paths, upload_func, nosql_func)"}},
		"other parameters": {
			"def generate_input(photo, size):\n    pass\n",
			[]string{"generate_input(photo, size) has parameters that the contract does not know: want (data_dir, size, "},
		},
		"exits":             {generate + "    import sys\n    sys.exit(3)\n", []string{"generate_input raised SystemExit: sys.exit(3) was called"}},
		"exits at once":     {"print('to whom it may concern')\nimport os\nos._exit(4)\n", []string{"python3 ended: exit status 4\nits last output:\nto whom it may concern"}},
		"kills itself":      {generate + "    import os\n    os.kill(os.getpid(), 9)\n", []string{"python3 ended: signal: killed"}},
		"interrupts itself": {generate + "    raise KeyboardInterrupt\n", []string{"generate_input raised KeyboardInterrupt"}},
		"no dict":           {generate + "    return [1]\n", []string{"generate_input returned a list: want a dict"}},
		"nothing returned":  {generate + "    pass\n", []string{"generate_input returned a NoneType: want a dict"}},
		"a set in it":       {generate + "    return {'a': [{'b': {1}}]}\n", []string{"the payload of generate_input['a'][0]['b'] is a set, which is not JSON: convert it"}},
		"bytes in it":       {generate + "    return {'a': b'x'}\n", []string{"['a'] is a bytes, which is not JSON"}},
		"like NumPy": {
			generate + "    class int64:\n        pass\n    int64.__module__ = 'numpy'\n    return {'a': int64()}\n",
			[]string{"['a'] is a numpy.int64, which is not JSON"},
		},
		"not a number":     {generate + "    return {'a': float('nan')}\n", []string{"['a'] is nan, which is not JSON"}},
		"contains itself":  {generate + "    a = []\n    a.append(a)\n    return {'a': a}\n", []string{"nested too deeply, or contains itself"}},
		"tuple as key":     {generate + "    return {(1, 2): 3}\n", []string{"has the key (1, 2), a tuple"}},
		"huge payload":     {generate + "    return {'a': 'x' * (17 << 20)}\n", []string{"bytes of JSON, more than 16777216"}},
		"index too high":   {generate + "    upload_func(1, 'a', __file__)\n", []string{"raised ValueError: upload_func: input bucket 1 does not exist: buckets_count() declares 1 input buckets"}},
		"negative index":   {generate + "    upload_func(-1, 'a', __file__)\n", []string{"input bucket -1 does not exist"}},
		"key leaves":       {generate + "    upload_func(0, 'a/../../b', __file__)\n", []string{"the key 'a/../../b' leaves its bucket"}},
		"absolute key":     {generate + "    upload_func(0, '/a', __file__)\n", []string{"the key '/a' leaves its bucket"}},
		"empty key":        {generate + "    upload_func(0, '', __file__)\n", []string{"the key '' leaves its bucket"}},
		"key leaves, lost": {generate + "    try:\n        upload_func(0, '../b', __file__)\n    except ValueError:\n        pass\n    return {}\n", []string{"the key '../b' leaves its bucket"}},
		"no such file":     {generate + "    upload_func(0, 'a', data_dir + '/none')\n", []string{"raised FileNotFoundError: upload_func: ", "/none is not a file"}},
		"a folder":         {generate + "    upload_func(0, 'a', data_dir)\n", []string{"is not a file"}},
		"unknown size":     {generate + "    return {'test': {}}[size]\n", []string{"generate_input raised KeyError: 'small'"}},
		"bucket counts":    {"def buckets_count():\n    return 1\n\n\ndef generate_input(size):\n    return {}\n", []string{"buckets_count() returned 1: want a pair of numbers from 0 to 100, as (1, 1)"}},
		"too many buckets": {"def buckets_count():\n    return 1, 101\n\n\ndef generate_input(size):\n    return {}\n", []string{"buckets_count() returned (1, 101)"}},
		"tables":           {"def allocate_nosql():\n    return ['cart']\n\n\ndef generate_input(size):\n    return {}\n", []string{"allocate_nosql() returned ['cart']: want {"}},
		"table's keys":     {"def allocate_nosql():\n    return {'cart': {'primary': 'a'}}\n\n\ndef generate_input(size):\n    return {}\n", []string{"for table 'cart': want {"}},
		"unknown table":    {generate + "    nosql_func('950.case', 'cart', {}, ('a', 'b'))\n", []string{"nosql_func: table 'cart' does not exist: allocate_nosql() declares none"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := write(t, test.source)
			_, err := s.Generate(t.Context(), "small", inputpy.Names{Bucket: "b", Inputs: []string{"i"}, Outputs: []string{"o"}}, newMemory())
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.ErrorContains(t, err, "950.case/input.py: ")
			require.NotContains(t, err.Error(), "runner.py", "the traceback is of the user's files")
		})
	}
}

func TestKeysOfItems(t *testing.T) {
	const tables = "def allocate_nosql():\n    return {'cart': {'primary_key': 'id', 'secondary_key': 'product'}, 'names': {'primary_key': 'id'}}\n\n\ndef generate_input(nosql_func):\n    "
	for call, want := range map[string]string{
		"nosql_func('b', 'cart', {}, ('id', '1'))":                      "the secondary key of table cart is None: want ('product', a string)",
		"nosql_func('b', 'cart', {}, ('other', '1'), ('product', '2'))": "the primary key of table cart is ('other', '1'): want ('id', a string)",
		"nosql_func('b', 'cart', {}, ('id', 1), ('product', '2'))":      "the primary key of table cart is ('id', 1)",
		"nosql_func('b', 'names', {}, ('id', '1'), ('x', '2'))":         "the secondary key of table names is ('x', '2')",
		"nosql_func('b', 'names', [], ('id', '1'))":                     "the data of an item is a list: want a dict",
		"nosql_func('b', 'names', {'a': b''}, ('id', '1'))":             "nosql_func: the item['a'] is a bytes, which is not JSON",
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			_, err := write(t, tables+call+"\n    return {}\n").Generate(t.Context(), "test", inputpy.Names{}, newMemory())
			require.ErrorContains(t, err, want)
		})
	}
}

// What it prints, however much and of what bytes, disturbs nothing.
func TestOutputIsKeptApart(t *testing.T) {
	s := write(t, "import os\n"+generate+`    os.write(1, b"\xff\x00{}\n" * 1000000)
    print("done")
    os.system("echo from a shell")
    return {"ok": 1}
`)
	payload, err := s.Generate(t.Context(), "test", prefixes, newMemory())
	require.NoError(t, err)
	require.Contains(t, payload, "ok")
}

// What is written to the runner's own pipe ends the session with an error.
func TestForeignMessages(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"not JSON": {"os.write(4, b'hello\\n')", "python3 sent something else than the runner's JSON"},
		"too long": {"[os.write(4, b'x' * 65536) for _ in range(257)]", "a message has more than 16777216 bytes"},
		"closed":   {"os.close(4)\n    threading.Event().wait()", "python3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := write(t, "import os\nimport threading\n"+generate+"    "+test.body+"\n    return {}\n")
			_, err := s.Generate(t.Context(), "test", prefixes, newMemory())
			require.ErrorContains(t, err, test.want)
			require.Error(t, s.Err())
		})
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "input.py"), []byte("import threading\nprint('about to hang', flush=True)\nthreading.Event().wait()\n"), 0o600))
	s := open(t, inputpy.Folder{Name: "950.case", Dir: dir, Limit: 5 * time.Second})
	_, err := s.Describe(t.Context())
	require.ErrorContains(t, err, "input.py: buckets_count or allocate_nosql did not finish within 5s")
	require.ErrorContains(t, err, "its last output:\nabout to hang")
	_, again := s.Describe(t.Context())
	require.ErrorContains(t, again, "did not finish within 5s")
}

func TestCancelled(t *testing.T) {
	s := write(t, "import threading\n"+generate+"    upload_func(0, 'a', __file__)\n    threading.Event().wait()\n")
	ctx, cancel := context.WithCancel(t.Context())
	host := &cancelling{memory: newMemory(), cancel: cancel}
	_, err := s.Generate(ctx, "test", prefixes, host)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "generate_input")
}

// cancelling cancels the operation once something is uploaded.
type cancelling struct {
	*memory
	cancel context.CancelFunc
}

func (c *cancelling) Upload(ctx context.Context, index int, key, path string) error {
	c.cancel()
	return c.memory.Upload(ctx, index, key, path)
}

// Neither processes nor files remain after a session, however it ends.
func TestNothingRemains(t *testing.T) {
	const source = `
import os
import subprocess


def buckets_count():
    return 1, 0


def generate_input(size, upload_func):
    pids = [os.getpid()]
    for _ in range(3):
        pids.append(subprocess.Popen(["sleep", "1000"]).pid)
    with open("left.txt", "w") as f:
        f.write("left")
    with open("pids", "w") as f:
        f.write("%s %s" % (os.getcwd(), " ".join(map(str, pids))))
    upload_func(0, "pids", "pids")
    if size == "large":
        os._exit(1)
    if size == "small":
        while True:
            pass
    return {}
`
	t.Parallel()
	for size, limit := range map[string]time.Duration{"test": 0, "small": 5 * time.Second, "large": 0} {
		t.Run(size, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "input.py"), []byte(source), 0o600))
			s := open(t, inputpy.Folder{Name: "950.case", Dir: dir, Limit: limit})
			host := newMemory()
			_, err := s.Generate(t.Context(), size, prefixes, host)
			require.Equal(t, size == "test", err == nil, "%v", err)
			require.NoError(t, s.Close())
			require.NoError(t, s.Close(), "twice")

			fields := strings.Fields(host.objects["0/pids"])
			require.Len(t, fields, 5)
			require.NoDirExists(t, filepath.Dir(fields[0]))
			for _, pid := range fields[1:] {
				gone(t, pid)
			}
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, entries, 1, "not even compiled files in the user's folder")
			_, err = s.Generate(t.Context(), size, prefixes, host)
			require.Error(t, err)
		})
	}
}

// A call from a thread that outlives generate_input is refused, and does not
// take the answer of a later operation.
func TestLateCall(t *testing.T) {
	s := write(t, `
import threading
import time

refused = []


def buckets_count():
    return 1, 0


def generate_input(data_dir, upload_func):
    def late():
        while not refused:
            try:
                upload_func(0, "a", __file__)
            except RuntimeError as error:
                refused.append(str(error))
                open(data_dir + "/refused", "w").close()
            time.sleep(0.001)

    threading.Thread(target=late).start()
    return {"data": data_dir}


def validate_output(output):
    return refused[0]
`)
	payload, err := s.Generate(t.Context(), "test", prefixes, newMemory())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(payload["data"].(string), "refused"))
		return err == nil
	}, time.Minute, 10*time.Millisecond)
	wrong, err := s.Validate(t.Context(), inputpy.Output{}, nil)
	require.NoError(t, err)
	require.Equal(t, "the call came after the function of input.py had returned", wrong)
}

// The child ends, and removes its folder, if the harness is killed.
func TestKilledHarness(t *testing.T) {
	if dir := os.Getenv("INPUTPY_TEST_HARNESS"); dir != "" {
		s := open(t, inputpy.Folder{Name: "950.case", Dir: dir})
		_, err := s.Describe(t.Context())
		t.Fatal("the harness was not killed:", err)
	}
	for name, then := range map[string]string{
		"that runs": "while True: pass\n",
		"that ends at that moment": `
import shutil
import time

remove = shutil.rmtree
shutil.rmtree = lambda *args, **options: (time.sleep(0.3), remove(*args, **options))
parent = os.getppid()
while os.getppid() == parent: pass
`,
	} {
		t.Run(name, func(t *testing.T) { testKilledHarness(t, then) })
	}
}

func testKilledHarness(t *testing.T, then string) {
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "input.py"), []byte(`
import os
import subprocess

child = subprocess.Popen(["sleep", "1000"])
with open("`+state+`.new", "w") as f:
    f.write("%s %d %d" % (os.getcwd(), os.getpid(), child.pid))
os.rename("`+state+`.new", "`+state+`")
`+then), 0o600))
	harness := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestKilledHarness$")
	harness.Env = append(os.Environ(), "INPUTPY_TEST_HARNESS="+dir)
	require.NoError(t, harness.Start())
	var fields []string
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(state)
		fields = strings.Fields(string(text))
		return err == nil
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, harness.Process.Kill())
	require.Error(t, harness.Wait())
	require.Len(t, fields, 3)
	gone(t, fields[1])
	gone(t, fields[2])
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Dir(fields[0]))
		return os.IsNotExist(err)
	}, time.Minute, 10*time.Millisecond, "its folder")
}

// gone waits until a process has ended; an orphan is reaped by another process.
func gone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		if syscall.Kill(n, 0) == syscall.ESRCH {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n))
		return err == nil && strings.Contains(string(stat), ") Z ")
	}, time.Minute, 10*time.Millisecond, "process %s still runs", pid)
}

func TestNoPython(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := inputpy.Folder{Name: "950.case", Files: fstest.MapFS{}}.Start(t.Context())
	require.ErrorIs(t, err, driver.ErrUnavailable)
	require.ErrorContains(t, err, "950.case/input.py: python3: ")
	require.ErrorContains(t, err, "install Python 3")
}

// A folder that is copied has its files, and only its own.
func TestCopiedFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "input.py"), []byte(`
import os


def generate_input(data_dir, size):
    here = os.path.dirname(os.path.abspath(__file__))
    return {"folder": os.path.basename(here), "files": sorted(os.listdir(here)), "data": os.listdir(data_dir)}
`), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "a.txt"), nil, 0o600))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
	s := open(t, inputpy.Folder{Name: "950.case", Files: os.DirFS(dir)})
	payload, err := s.Generate(t.Context(), "test", inputpy.Names{}, newMemory())
	require.NoError(t, err)
	require.JSONEq(t, `{"folder": "950.case", "files": ["data", "input.py"], "data": ["a.txt"]}`, encode(t, payload))
}
