//go:build local

package local_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// attempts is a function that does what containers must not allow, and tells
// what came of it.
const attempts = `
import os, socket

def connect(address):
    try:
        socket.create_connection(tuple(address), timeout=3).close()
        return "connected"
    except OSError as e:
        return type(e).__name__ + ": " + str(e)

def write(path):
    try:
        with open(path, "w") as f:
            f.write("x" * 100)
        return "written"
    except OSError as e:
        return os.strerror(e.errno)

def fill(mb):
    try:
        with open("/tmp/filled", "wb") as f:
            for _ in range(mb):
                f.write(bytes(1 << 20))
        return "filled"
    except OSError as e:
        return os.strerror(e.errno)
    finally:
        os.remove("/tmp/filled")

def status():
    with open("/proc/self/status") as f:
        return {k: v.strip() for k, v in (line.split(":", 1) for line in f)}

def handler(event):
    do, arguments = event["do"], event.get("with", [])
    return {"result": {"answer": globals()[do](*arguments)}}
`

type attempted struct{ Answer any }

func TestSandboxesAreSafe(t *testing.T) {
	p, run := opened(t, unpublished)
	for _, kind := range []driver.Kind{driver.Archive, driver.Image} {
		t.Run(string(kind), func(t *testing.T) {
			c := deploy(t, p, spec(p, run, "python", func(s *driver.Spec) { s.Kind, s.Memory = kind, 1024 }), attempts)
			ask := func(do string, with ...any) any {
				event, err := json.Marshal(map[string]any{"do": do, "with": append([]any{}, with...)})
				require.NoError(t, err)
				return result[attempted](t, c, string(event)).Answer
			}
			for _, path := range []string{"/x", "/etc/x", "/var/tmp/x", "/function/x", "/function/function/function.py"} {
				require.Contains(t, []string{"Read-only file system", "Permission denied"}, ask("write", path), path)
			}
			require.Equal(t, "written", ask("write", "/tmp/x"))
			require.Equal(t, "filled", ask("fill", 300))
			require.Equal(t, "No space left on device", ask("fill", 600), "/tmp is bounded")

			// There is no way out: some engines drop what has no route.
			require.Regexp(t, "Network is unreachable|timed out", ask("connect", []any{"1.1.1.1", 53}))
			require.Contains(t, ask("connect", []any{"example.com", 80}), "gaierror")

			status, ok := ask("status").(map[string]any)
			require.True(t, ok)
			require.Equal(t, "65534\t65534\t65534\t65534", status["Uid"])
			require.Equal(t, "65534\t65534\t65534\t65534", status["Gid"])
			require.Equal(t, "1", status["NoNewPrivs"])
			for _, set := range []string{"CapEff", "CapPrm", "CapBnd", "CapInh"} {
				require.Equal(t, strings.Repeat("0", 16), status[set], set)
			}
			if seccomp := status["Seccomp"]; seccomp != nil {
				require.Equal(t, "2", seccomp, "the engine's profile of system calls")
			}
		})
	}
}

// Every record has the container's peak of memory and its CPU time, which are
// more than those of the process.
func TestUsage(t *testing.T) {
	p, run := opened(t, unpublished)
	const burn = `
import time

def handler(event):
    block = bytearray(event["mb"] << 20)
    for i in range(0, len(block), 4096):
        block[i] = 1
    end = time.process_time() + event["seconds"]
    while time.process_time() < end:
        pass
    return {"result": len(block)}
`
	c := deploy(t, p, spec(p, run, "python"), burn)
	_, cold := call(t, c, `{"mb": 1, "seconds": 0}`)
	require.NotNil(t, cold.Reply.Usage)
	require.Greater(t, cold.Reply.Usage.CPU.Milliseconds(), int64(5), "the start of an interpreter")
	require.Greater(t, cold.Reply.Usage.MemoryBytes, int64(5<<20))

	_, idle := call(t, c, `{"mb": 1, "seconds": 0}`)
	require.Less(t, idle.Reply.Usage.CPU, cold.Reply.Usage.CPU, "of this call alone")

	a, busy := call(t, c, `{"mb": 100, "seconds": 0.1}`)
	require.GreaterOrEqual(t, busy.Reply.Usage.CPU.Milliseconds(), int64(95))
	require.GreaterOrEqual(t, busy.Reply.Usage.MemoryBytes, int64(100<<20))
	require.LessOrEqual(t, busy.Reply.Usage.MemoryBytes, int64(512<<20))
	require.GreaterOrEqual(t, a.CPU, int64(95_000))
}

// A function gets CPU in proportion to its memory.
func TestProcessorShare(t *testing.T) {
	p, run := opened(t, unpublished)
	const share = `
import glob

def handler(event):
    for name in ["/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu.max"]:
        for path in glob.glob(name):
            with open(path) as f:
                return {"result": int(f.read().split()[0])}
`
	for mb, want := range map[int]int{128: 128 * 20000 / 1769, 1769: 20000} {
		c := deploy(t, p, spec(p, run, "python", func(s *driver.Spec) { s.Memory = mb }), share)
		require.Equal(t, want, result[int](t, c, `{}`), "%d MB", mb)
	}
}

// A function may send itself signals: it is not process 1.
func TestCrashBySignal(t *testing.T) {
	p, run := opened(t, unpublished)
	c := deploy(t, p, spec(p, run, "python"), `
import os

def handler(event):
    print("before the end", flush=True)
    os.kill(os.getpid(), event["signal"])
    return {"result": "alive"}
`)
	for _, signal := range []string{"9", "15"} {
		x := c.Call(t.Context(), []byte(`{"signal": `+signal+`}`))
		require.NotNil(t, x.Failure)
		require.Equal(t, driver.Crash, x.Failure.Cause)
		require.Contains(t, x.Failure.Detail, "killed by signal "+signal)
		require.Contains(t, x.Failure.Detail, "before the end")
	}
}

// A container that dies before it listens is a failed call that says how, and
// nothing is left of it.
func TestDiesAtStart(t *testing.T) {
	p, run := opened(t, unpublished)
	c := deploy(t, p, spec(p, run, "nodejs", func(s *driver.Spec) {
		s.Environment = map[string]string{"NODE_OPTIONS": "--no-such-option"}
	}), `exports.handler = async () => ({ result: 1 });`)
	x := c.Call(t.Context(), []byte(`{}`))
	require.NotNil(t, x.Failure)
	require.Equal(t, driver.Crash, x.Failure.Cause)
	require.Contains(t, x.Failure.Detail, "exit status 9")
	require.Contains(t, x.Failure.Detail, "--no-such-option")
}
