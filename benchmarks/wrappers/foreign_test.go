package wrappers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/wrappers"
	"github.com/sebs-go/sebs/harness/leftout"
)

// A platform's runtime owns its process: it has decided where modules are found
// and what errors that nobody catches do, it may initialise before calls, make
// several calls at once, and encode values itself. Each program is such a
// runtime, and ends with an error where a wrapper does what is not its own.
const runtimeInPython = `
import os, sys, threading
task, runtime = sys.argv[1:]
sys.path[:0] = [task, runtime]
sys.modules.pop("sitecustomize", None)  # Debian has one, too
import sitecustomize
assert sitecustomize.MINE, "the runtime has its own"
before, variables, hook = list(sys.path), dict(os.environ), sys.excepthook

import answer
answer.load()
function = sys.modules["function.function"]
assert function.loads == 1, "loading is a step of its own"
assert [p for p in sys.path if p in before] == before, sys.path
assert dict(os.environ) == variables and sys.excepthook is hook

value = answer.call({"request-id": "r1"}, "p1")
assert value["result"] is function.returned, "a value is not encoded"
assert (value["request"], value["platform_request"], value["count"], value["worker_cold"], value["cold"]) == ("r1", "p1", 1, True, True), value
assert value["init_us"] > 0 and function.loads == 1
body, failed = answer.encode(value)
assert not failed and "é".encode() in body, body

answers = []
def meet(): answers.append(answer.call({"meet": True}))
threads = [threading.Thread(target=meet) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
assert sorted(a["count"] for a in answers) == list(range(2, 10)), answers
assert all(a["error"] is None and not a["cold"] and a["init_us"] == 0 for a in answers), answers

value = answer.call({"what": "has no JSON"})
assert value["error"] is None
body, failed = answer.encode(value)
assert failed and b'"result":null' in body and b'"phase":"handler"' in body, body
`

const functionInPython = `
import threading
import helper
loads = globals().get("loads", 0) + 1
returned = {"text": helper.TEXT}
together = threading.Barrier(8, timeout=60)
def handler(event):
    if event.get("meet"): together.wait()
    if event.get("what"): return {"result": {1, 2}}
    return {"result": returned}
`

const runtimeInNode = `
const assert = require('assert');
const path = require('path');
const [, , task] = process.argv;
const { load, answer, call, encode } = require(path.join(task, 'answer.cjs'));
(async () => {
  await load();
  assert.strictEqual(globalThis.loads, 1, 'loading is a step of its own');
  for (const event of ['uncaughtException', 'unhandledRejection']) assert.strictEqual(process.listenerCount(event), 0, event);
  const value = await call({ 'request-id': 'r1' }, 'p1');
  assert.strictEqual(value.result, globalThis.returned, 'a value is not encoded');
  assert.deepStrictEqual([value.request, value.platform_request, value.count, value.worker_cold, value.cold], ['r1', 'p1', 1, true, true]);
  assert(value.init_us > 0 && globalThis.loads === 1);
  const answers = await Promise.all(Array.from({ length: 8 }, () => call({ meet: true })));
  assert.deepStrictEqual(answers.map((a) => a.count).sort((a, b) => a - b), [2, 3, 4, 5, 6, 7, 8, 9]);
  assert(answers.every((a) => a.error === null && !a.cold && a.init_us === 0), JSON.stringify(answers));
  const loop = encode(await call({ what: 'has no JSON' }));
  assert(loop.failed && loop.text.includes('"phase":"handler"'), loop.text);
  const { text, failed, broken } = await answer({});
  assert(!failed && !broken && text.includes('é'), text);
})().catch((error) => { console.error(error); process.exit(1); });
`

const functionInNode = `
globalThis.loads = (globalThis.loads || 0) + 1;
globalThis.returned = { text: 'é' };
let waiting = [];
exports.handler = async (event) => {
  if (event.meet) {
    await new Promise((resolve) => {
      if (waiting.push(resolve) === 8) for (const r of waiting) r();
    });
  }
  if (event.what) {
    const result = {};
    result.result = result;
    return { result };
  }
  return { result: globalThis.returned };
};
`

func TestProcessOfSomebodyElse(t *testing.T) {
	for language, tt := range map[string]struct {
		program, remedy string
		files           map[string]string // beside the wrapper's
		wrapper         string
		runtime         string
	}{
		"python": {
			program: "python3", remedy: "install Python", wrapper: "answer/python/answer.py", runtime: runtimeInPython,
			files: map[string]string{"function/__init__.py": "", "function/function.py": functionInPython, "function/helper.py": "TEXT = 'é'\n", "../runtime/sitecustomize.py": "MINE = True\n"},
		},
		"nodejs": {
			program: "node", remedy: "install Node.js", wrapper: "answer/nodejs/answer.cjs", runtime: runtimeInNode,
			files: map[string]string{"function/function.js": functionInNode},
		},
	} {
		t.Run(language, func(t *testing.T) {
			leftout.Without(t, tt.remedy, tt.program, "--version")
			dir := t.TempDir()
			task := filepath.Join(dir, "task")
			answer, err := wrappers.Files.ReadFile(tt.wrapper)
			require.NoError(t, err)
			tt.files[filepath.Base(tt.wrapper)] = string(answer)
			for name, text := range tt.files {
				path := filepath.Join(task, name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			program := filepath.Join(dir, "program")
			require.NoError(t, os.WriteFile(program, []byte(tt.runtime), 0o644))
			cmd := exec.CommandContext(t.Context(), tt.program, program, task, filepath.Join(dir, "runtime"))
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir()}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}
