package process_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// squares are handlers that have another process or thread compute the square
// of three, with a function of their own module.
var squares = map[string]map[string]string{
	"python": {
		"spawn":     pythonPool("multiprocessing.get_context('spawn').Pool(1) as pool", "pool.map(square, [3])"),
		"fork":      pythonPool("multiprocessing.get_context('fork').Pool(1) as pool", "pool.map(square, [3])"),
		"server":    pythonPool("multiprocessing.get_context('forkserver').Pool(1) as pool", "pool.map(square, [3])"),
		"executor":  pythonPool("concurrent.futures.ProcessPoolExecutor(1) as pool", "list(pool.map(square, [3]))"),
		"spawned":   pythonPool("concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool", "list(pool.map(square, [3]))"),
		"manager":   pythonPool("multiprocessing.get_context('spawn').Manager() as manager", "list(manager.list([square(3)]))"),
		"threads":   pythonPool("concurrent.futures.ThreadPoolExecutor(1) as pool", "list(pool.map(square, [3]))"),
		"command":   pythonCommand(`"-c", "import helper, fromapackage; from function.function import square; print(square(3))"`, ""),
		"elsewhere": pythonCommand(`"-c", "import helper, fromapackage; from function.function import square; print(square(3))"`, `cwd="/"`),
		"module":    pythonCommand(`"-m", "function.helper"`, ""),
		"script":    pythonCommand(`os.path.join(os.path.dirname(__file__), "helper.py")`, ""),
	},
	"nodejs": {
		"fork": `
const { fork } = require('child_process');
if (process.send && require.main === module) process.on('message', (x) => { process.send(x * x); process.disconnect(); });

exports.handler = async () => {
  const child = fork(__filename);
  child.send(3);
  return { n: [await new Promise((resolve) => child.on('message', resolve))] };
};`,
		"worker": `
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) parentPort.postMessage(workerData * workerData);

exports.handler = async () => {
  const worker = new Worker(__filename, { workerData: 3 });
  return { n: [await new Promise((resolve) => worker.on('message', resolve))] };
};`,
		"helper": `
const path = require('path');
exports.handler = async () => {
  const child = require('child_process').fork(path.join(__dirname, 'helper.js'));
  return { n: [await new Promise((resolve) => child.on('message', resolve))] };
};`,
		"synchronous": `
const { execFileSync } = require('child_process');
exports.square = (x) => x * x;
exports.handler = () => ({ n: [Number(execFileSync(process.execPath, ['-p', 'require("./function/function.js").square(3)']))] });`,
	},
	"java": {
		"process":  javaSquare(`new ProcessBuilder(java(), "-cp", System.getProperty("java.class.path"), "function.Function").redirectErrorStream(true)`),
		"inherits": javaSquare(`new ProcessBuilder(java(), "-cp", System.getProperty("java.class.path"), "function.Function").redirectInput(ProcessBuilder.Redirect.INHERIT)`),
		"threads": `package function;

import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

public class Function {
  public Map<String, Object> handler(Map<String, Object> event) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      return Map.of("n", Stream.of(pool.submit(() -> 3).get()).parallel().map(x -> x * x).collect(Collectors.toList()));
    } finally {
      pool.shutdown();
    }
  }
}
`,
	},
	"go": {
		"exec": `package function

import (
	"os/exec"
	"strconv"
	"strings"
)

func Handler(event map[string]any) (map[string][]int, error) {
	out, err := exec.Command("sh", "-c", "cat; echo $((3*3))").Output()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	return map[string][]int{"n": {n}}, err
}
`,
	},
	"cpp": {
		"fork": `#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sebs/function.hpp>

nlohmann::json function(const nlohmann::json &) {
  pid_t child = fork();
  if (child == 0) _exit(3 * 3);
  int status = 0;
  waitpid(child, &status, 0);
  return {{"n", {WEXITSTATUS(status)}}};
}
`,
	},
}

func javaSquare(builder string) string {
	return `package function;

import java.util.*;

public class Function {
  public static void main(String[] arguments) throws Exception {
    System.in.read();
    System.out.println(3 * 3);
  }

  private static String java() {
    return System.getProperty("java.home") + "/bin/java";
  }

  public Map<String, Object> handler(Map<String, Object> event) throws Exception {
    Process child = ` + builder + `.start();
    child.getOutputStream().close();
    String said = new String(child.getInputStream().readAllBytes());
    return Map.of("n", List.of(Integer.parseInt(said.trim())));
  }
}
`
}

func pythonPool(with, result string) string {
	return `
import concurrent.futures, multiprocessing

def square(x):
    return x * x

def handler(event):
    with ` + with + `:
        return {"result": {"n": ` + result + `}}
`
}

func pythonCommand(arguments, options string) string {
	return `
import os, subprocess, sys

def square(x):
    return x * x

def handler(event):
    return {"n": [int(subprocess.check_output([sys.executable, ` + arguments + `], ` + options + `))]}
`
}

// What a handler starts can import the function and what it depends on, and its
// result arrives.
func TestChildren(t *testing.T) {
	each(t, checkChildren)
}

func checkChildren(t *testing.T, p driver.Platform) {
	t.Helper()
	for language, sources := range squares {
		for name, source := range sources {
			t.Run(language+"/"+name, func(t *testing.T) {
				s := spec(t, p, language)
				s.Timeout, s.Memory = 20*time.Second, 512
				pkg := stage(t, s, source)
				if language == "python" {
					put(t, pkg.Dir, "function/helper.py", "import fromapackage\nif __name__ != 'helper':\n    print(fromapackage.nine)\n")
					put(t, pkg.Dir, ".python_packages/lib/site-packages/fromapackage.py", "nine = 9\n")
				}
				if language == "nodejs" {
					put(t, pkg.Dir, "function/helper.js", "process.send(9);\n")
				}
				c := deploy(t, p, s, pkg)
				for range 2 {
					require.Equal(t, map[string][]int{"n": {9}}, result[map[string][]int](t, c, `{"n": 1}`))
				}
			})
		}
	}
}

// put writes a file of a package.
func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// A child that the handler leaves neither holds the answer up nor takes the next
// request, though it prints, reads what it was given, or comes back from the
// handler itself.
func TestChildrenStay(t *testing.T) {
	each(t, func(t *testing.T, p driver.Platform) {
		for name, source := range map[string]string{
			"python/prints":  "import subprocess\nsubprocess.Popen(['sh', '-c', 'while :; do echo x; sleep 0.1; done'])",
			"python/reads":   "import subprocess\nsubprocess.Popen(['sh', '-c', 'cat; cat <&3; sleep 60'], close_fds=False)",
			"python/forked":  "import os, time\nif os.fork() == 0: time.sleep(60); os._exit(0)",
			"python/returns": "import os\nif os.fork() == 0: return 'the child'",
			"python/raises":  "import os\nif os.fork() == 0: raise SystemExit(0)",
		} {
			language := filepath.Dir(name)
			t.Run(name, func(t *testing.T) {
				s := spec(t, p, language)
				c := deploy(t, p, s, stage(t, s, "def handler(event):\n  "+strings.ReplaceAll(source, "\n", "\n  ")+"\n  return 'the parent'\n"))
				for range 5 {
					require.Equal(t, "the parent", result[string](t, c, "{}"))
				}
			})
		}
	})
}

// The package of a Python function is one for its children, too, once it is
// built.
func TestBuiltPackageHasChildren(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	s := spec(t, p, "python")
	c := deploy(t, p, s, built(t, s, squares["python"]["spawn"]))
	require.Equal(t, map[string][]int{"n": {9}}, result[map[string][]int](t, c, `{"n": 1}`))
}

// As on the clouds, modules of the function come before the standard library's,
// and those before what is installed: backports of the standard library are
// installed by old requirements and are not meant for this version.
func TestOrderOfModules(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	s := spec(t, p, "python")
	pkg := stage(t, s, `
import calendar, enum, pathlib, subprocess, sys, typing

asked = "import calendar, enum, pathlib, typing; print([getattr(m, 'where', 'library') for m in (calendar, enum, pathlib, typing)])"

def handler(event):
    return [getattr(m, "where", "library") for m in (calendar, enum, pathlib, typing)] + [
        subprocess.check_output([sys.executable, "-c", asked]).decode().strip()]
`)
	put(t, pkg.Dir, "function/calendar.py", "where = 'function'\n")
	for _, name := range []string{"calendar", "enum", "pathlib", "typing"} {
		put(t, pkg.Dir, ".python_packages/lib/site-packages/"+name+".py", "where = 'packages'\n")
	}
	require.Equal(t, []string{
		"function", "library", "library", "library", "['function', 'library', 'library', 'library']",
	}, result[[]string](t, deploy(t, p, s, pkg), "{}"))
}
