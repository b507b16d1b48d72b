package process_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
)

// misbehaviour is what a handler does, and how that is told. The next call must
// work whatever it is.
type misbehaviour struct {
	python, nodejs string       // bodies of handlers, empty: does not apply
	cause          driver.Cause // of a failed call
	detail         string       // what it contains
	fails          string       // type of the error of a call that was answered, empty: none
}

var misbehaviours = map[string]misbehaviour{
	"prints 100 MB": {
		python: "import sys\nfor i in range(100): sys.stdout.write('x' * (1 << 20))\nprint('x', file=sys.stderr)",
		nodejs: "for (let i = 0; i < 100; i++) process.stdout.write('x'.repeat(1 << 20)); console.error('x');",
	},
	"closes its streams": {
		python: "import os, sys\nsys.stdout.close(); os.closerange(1, 3)",
		nodejs: "for (const fd of [1, 2]) try { require('fs').closeSync(fd) } catch {}",
	},
	"closes its socket": {
		python: "import os\nos.closerange(3, 256)\nimport time\ntime.sleep(60)",
		nodejs: "for (let i = 3; i < 5; i++) try { require('fs').closeSync(i) } catch {}; return new Promise(r => setTimeout(r, 60000));",
		cause:  driver.Crash,
	},
	"forks and dies": {
		python: "import os, time\nif os.fork() == 0: time.sleep(60)\nos._exit(7)",
		nodejs: "require('child_process').spawn('sleep', ['60'], { stdio: 'inherit', detached: true }); process.exit(7);",
		cause:  driver.Crash, detail: "exit status 7",
	},
	"says why it dies": {
		python: "import os\nos.write(2, b'so long\\n')\nos._exit(1)",
		nodejs: "require('fs').writeSync(2, 'so long\\n'); process.exit(1);",
		cause:  driver.Crash, detail: "exit status 1: so long",
	},
	"kills itself": {
		python: "import os\nos.kill(os.getpid(), 9)",
		nodejs: "process.kill(process.pid, 'SIGKILL'); return new Promise(r => setTimeout(r, 60000));",
		cause:  driver.Crash, detail: "killed by signal killed",
	},
	"aborts": {
		python: "import os\nos.abort()",
		nodejs: "process.abort();",
		cause:  driver.Crash, detail: "killed by signal aborted",
	},
	"becomes another program": {
		python: "import os\nos.execv('/bin/sh', ['sh', '-c', 'exit 5'])",
		cause:  driver.Crash, detail: "exit status 5",
	},
	"exits": {
		python: "import sys\nsys.exit(3)",
		nodejs: "process.exit(3);",
		fails:  "SystemExit",
		cause:  driver.Crash, detail: "exit status 3",
	},
	"is interrupted":      {python: "raise KeyboardInterrupt()", fails: "KeyboardInterrupt"},
	"raises what it says": {python: "class E(Exception):\n  def __str__(self): raise self\nraise E()", fails: "E"},
	"recurses":            {python: "def f(): f()\nf()", nodejs: "const f = () => { f(); }; f();", fails: "RecursionError RangeError"},
	"returns a loop":      {python: "a = []\na.append(a)\nreturn a", nodejs: "const a = {}; a.a = a; return a;", fails: "ValueError TypeError"},
	"returns NaN":         {python: "return float('nan')", fails: "ValueError"},
	"returns half a character": {
		python: "return '\\ud800'", nodejs: "return '\\ud800';",
	},
	"throws later":   {nodejs: "setTimeout(() => { throw new RangeError('later') }, 1); return new Promise(() => setTimeout(() => {}, 60000));", fails: "RangeError"},
	"rejects later":  {nodejs: "setTimeout(() => Promise.reject(new RangeError('later')), 1); return new Promise(() => setTimeout(() => {}, 60000));", fails: "RangeError"},
	"never answers":  {nodejs: "return new Promise(() => {});", cause: driver.Crash},
	"throws nothing": {nodejs: "throw undefined;", fails: "undefined"},
	"exits nicely":   {nodejs: "process.exit(0);", cause: driver.Crash, detail: "exit status 0"},
}

func TestMisbehaviour(t *testing.T) {
	each(t, func(t *testing.T, p driver.Platform) {
		for name, m := range misbehaviours {
			for language, body := range map[string]string{"python": m.python, "nodejs": m.nodejs} {
				if body == "" {
					continue
				}
				t.Run(name+"/"+language, func(t *testing.T) {
					source := "exports.handler = event => { if (event.well) return { result: 'well' };\n" + body + "\n};\n"
					if language == "python" {
						source = "def handler(event):\n  if event.get('well'): return {'result': 'well'}\n  " +
							strings.ReplaceAll(body, "\n", "\n  ") + "\n"
					}
					s := spec(t, p, language)
					c := deploy(t, p, s, stage(t, s, source))
					for range 2 {
						x := c.Call(t.Context(), []byte(`{}`))
						if x.Failure != nil {
							require.Equal(t, m.cause, x.Failure.Cause, x.Failure.Detail)
							require.Contains(t, x.Failure.Detail, m.detail)
						} else {
							a, err := answer.Parse(x.Reply.Body)
							require.NoError(t, err)
							if a.Error == nil {
								require.Empty(t, m.fails)
								require.Empty(t, m.cause)
							} else {
								require.Contains(t, strings.Fields(m.fails), a.Error.Type, a.Error.Message)
							}
						}
						require.Equal(t, "well", result[string](t, c, `{"well": true}`))
					}
				})
			}
		}
	})
}

// An error of what a call left running fails the next call, which is the first
// to be there to take it, and only that.
func TestBackgroundErrorFailsTheNextCall(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	s := spec(t, p, "nodejs")
	c := deploy(t, p, s, stage(t, s, `
exports.handler = async event => {
  if (event.later) setTimeout(() => { throw new RangeError('from before') }, 1);
  else await new Promise(r => setTimeout(r, 20));
  return 'ok';
};`))
	require.Nil(t, call(t, c, `{"later": true}`).Error)
	time.Sleep(5 * time.Millisecond)
	a := call(t, c, `{}`)
	require.NotNil(t, a.Error)
	require.Equal(t, "from before (function.js, line 3)", a.Error.Message)
	third := call(t, c, `{}`)
	require.Nil(t, third.Error)
	require.True(t, third.Cold, "the process cannot be trusted any more")
}

// What handlers written for SeBS rely on.
func TestHandlersEnvironment(t *testing.T) {
	each(t, func(t *testing.T, p driver.Platform) {
		t.Setenv("SEBS_TEST_SECRET", "the user's")
		s := spec(t, p, "python")
		s.Environment = map[string]string{"OF_THE_SPEC": "a=b c"}
		pkg := stage(t, s, `
import os, sys
import helper
from . import helper as relative
from function.sub import deep

def handler(event):
    return {"result": {
        "env": sorted(os.environ), "value": os.environ["OF_THE_SPEC"], "stdin": sys.stdin.read(),
        "helper": helper.name, "relative": relative.name, "deep": deep.name, "package": sys.modules["fromapackage"].name,
        "cwd": os.getcwd(), "exit": callable(exit), "site": "site" in sys.modules,
        "writable": os.access(__file__, os.W_OK), "tmp": os.path.isdir("/tmp"), "children": inherited(),
        "parent": environment("/proc/%d/environ" % os.getppid()),
    }}

def environment(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""

def inherited():
    import subprocess
    return subprocess.run(["/bin/sh", "-c", "echo x >&3"], stderr=subprocess.DEVNULL, close_fds=False).returncode
`)
		require.NoError(t, os.WriteFile(filepath.Join(pkg.Dir, "function/helper.py"), []byte("name = 'helper'\nimport fromapackage\n"), 0o644))
		require.NoError(t, os.MkdirAll(filepath.Join(pkg.Dir, "function/sub"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(pkg.Dir, "function/sub/deep.py"), []byte("name = 'deep'\n"), 0o644))
		packages := filepath.Join(pkg.Dir, ".python_packages/lib/site-packages")
		require.NoError(t, os.MkdirAll(packages, 0o755))
		// A package may be a folder that a .pth file names.
		require.NoError(t, os.WriteFile(filepath.Join(packages, "a.pth"), []byte("elsewhere\n"), 0o644))
		require.NoError(t, os.MkdirAll(filepath.Join(packages, "elsewhere"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(packages, "elsewhere/fromapackage.py"), []byte("name = 'package'\n"), 0o644))
		got := result[map[string]any](t, deploy(t, p, s, pkg), `{}`)
		require.Equal(t, []any{"HOME", "LANG", "OF_THE_SPEC", "PATH", "PYTHONPATH", "TMPDIR"}, got["env"])
		require.Equal(t, "a=b c", got["value"])
		if strings.HasPrefix(p.(interface{ Isolation() string }).Isolation(), "mount namespaces") {
			require.Empty(t, got["parent"], "the user's environment can be read")
		}
		require.Equal(t, "", got["stdin"])
		require.Equal(t, "helper", got["helper"])
		require.Equal(t, "helper", got["relative"])
		require.Equal(t, "deep", got["deep"])
		require.Equal(t, "package", got["package"])
		require.Equal(t, true, got["exit"])
		require.NotEqual(t, 0.0, got["children"], "a child of the handler has the sandbox's socket")
		root, err := filepath.EvalSymlinks(pkg.Dir)
		require.NoError(t, err)
		require.Equal(t, root, got["cwd"])
	})
}

// A limit that was met fails the call in which it was met, and no later one,
// even if the handler made an ordinary error of it.
func TestLimitsAreOfTheCall(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	needIsolation(t, p)
	s := spec(t, p, "python")
	s.Memory = 512
	c := deploy(t, p, s, stage(t, s, `
import os, signal

def handler(event):
    if event.get("fork"):
        children = []
        try:
            while True:
                pid = os.fork()
                if pid == 0:
                    signal.pause()
                children.append(pid)
        except OSError as e:
            error = e
        for pid in children:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        if event.get("quiet"):
            return len(children)
        raise error
    if event.get("grow"):
        pid = os.fork()
        if pid == 0:
            block = b"x" * (1 << 30)
            os._exit(0)
        raise RuntimeError(str(os.waitpid(pid, 0)))
    raise ValueError("an error of its own")
`))
	failure := func(event string) *driver.Failure { return c.Call(t.Context(), []byte(event)).Failure }
	f := failure(`{"fork": true}`)
	require.NotNil(t, f)
	require.Equal(t, driver.Processes, f.Cause)

	require.Nil(t, call(t, c, `{"fork": true, "quiet": true}`).Error)
	a := call(t, c, `{}`)
	require.False(t, a.Cold)
	require.Equal(t, "ValueError", a.Error.Type)

	f = failure(`{"grow": true}`)
	require.NotNil(t, f)
	require.Equal(t, driver.Memory, f.Cause)
	require.Equal(t, "ValueError", call(t, c, `{}`).Error.Type)
}

// needIsolation skips a test of what only mount namespaces and control groups
// can do, where this process may not use them.
func needIsolation(t *testing.T, p driver.Platform) {
	t.Helper()
	if how := p.(interface{ Isolation() string }).Isolation(); !strings.HasPrefix(how, "mount namespaces") {
		t.Skipf("%ssandboxes are kept apart by %s here: run the tests as root on Linux with control groups", leftout.Mark, how)
	}
}

// Each sandbox has its own /tmp, and finds its code also where that is below
// the machine's.
func TestPrivateTmp(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	needIsolation(t, p)
	mine, err := os.CreateTemp("/tmp", "sebs-test-")
	require.NoError(t, err)
	t.Cleanup(func() { os.Remove(mine.Name()) })
	s := spec(t, p, "python")
	pkg := stage(t, s, `
import os

def handler(event):
    open("/tmp/written", "w").close()
    try:
        open(os.path.join(os.path.dirname(__file__), "written"), "w")
        written = True
    except OSError:
        written = False
    return {"result": [os.path.exists(event["path"]), written]}
`)
	for _, dir := range []string{"/tmp", "/var/tmp"} {
		other, err := os.MkdirTemp(dir, "sebs-test-")
		require.NoError(t, err)
		t.Cleanup(func() { os.RemoveAll(other) })
		require.NoError(t, os.CopyFS(other, os.DirFS(pkg.Dir)))
		moved := pkg
		moved.Dir = other
		require.Equal(t, []bool{false, false}, result[[]bool](t, deploy(t, p, s, moved), `{"path": "`+mine.Name()+`"}`))
	}
	require.NoFileExists(t, "/tmp/written")
}

// Nothing is left of a platform that was closed while its functions ran,
// whatever they did.
func TestCloseLeavesNothing(t *testing.T) {
	for name, open := range isolations {
		t.Run(name, func(t *testing.T) {
			run := newRun(t)
			marker := newMarker()
			escapes := "False"
			if runtime.GOOS == "linux" {
				escapes = "True"
			}
			p, err := open(t.Context(), run)
			require.NoError(t, err)
			t.Cleanup(func() { p.Close(context.Background()) })
			s := spec(t, p, "python")
			c := deploy(t, p, s, stage(t, s, `
import os, signal, subprocess, time

def handler(event):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.makedirs(os.environ["TMPDIR"] + "/locked/away", exist_ok=True)
    os.chmod(os.environ["TMPDIR"] + "/locked", 0o500)
    subprocess.Popen(["sleep", "`+marker+`"], start_new_session=`+escapes+`)
    if event.get("hang"):
        time.sleep(1000)
`))
			require.Nil(t, call(t, c, `{}`).Error)
			hung := make(chan *driver.Failure, 1)
			go func() { hung <- c.Call(context.Background(), []byte(`{"hang": true}`)).Failure }()
			require.Eventually(t, func() bool { return len(processes(t, marker)) == 2 }, time.Minute, time.Millisecond)
			require.NoError(t, p.Close(context.Background()))
			require.NotNil(t, <-hung)
			require.Empty(t, processes(t, marker))
			left, err := os.ReadDir(run.Dir)
			require.NoError(t, err)
			require.Empty(t, left)
			groups, err := filepath.Glob("/sys/fs/cgroup/*/sebs-" + run.ID)
			require.NoError(t, err)
			require.Empty(t, groups)
			require.NoError(t, p.Close(context.Background()))
		})
	}
}

// A sandbox that dies while it starts is a crash that shows what was printed.
func TestDiesAtStart(t *testing.T) {
	each(t, func(t *testing.T, p driver.Platform) {
		s := spec(t, p, "python")
		pkg := stage(t, s, echo["python"])
		require.NoError(t, os.WriteFile(filepath.Join(pkg.Dir, "answer.py"), []byte("import os\nos.write(2, b'no luck')\nos._exit(9)\n"), 0o644))
		c := deploy(t, p, s, pkg)
		for range 20 {
			x := c.Call(t.Context(), []byte(`{}`))
			require.NotNil(t, x.Failure)
			require.Equal(t, driver.Crash, x.Failure.Cause, x.Failure.Detail)
			require.Contains(t, x.Failure.Detail, "exit status 9: no luck")
		}
	})
}
