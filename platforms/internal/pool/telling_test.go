package pool

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of what each runtime prints as it ends, the line that tells is found. All but
// the boxes of fatal errors was printed by the runtimes themselves.
func TestTelling(t *testing.T) {
	for name, tc := range map[string]struct{ printed, want string }{
		"nothing":         {" \n\n", ""},
		"words":           {"starting\nso long\n", "so long"},
		"an error before": {"ValueError: tried again\n  at once\nso long\n", "so long"},
		"python": {`Traceback (most recent call last):
  File "/tmp/a.py", line 4, in <module>
    f(1)
ValueError: bad value
second line
`, "ValueError: bad value second line"},
		"python's fatal error": {`Fatal Python error: Aborted

Current thread 0x00007f1e74a5eb80 (most recent call first):
  File "<string>", line 1 in <module>

Extension modules: numpy.core._multiarray_umath (total: 1)
`, "Fatal Python error: Aborted"},
		"nodejs": {`/tmp/a.js:1
setTimeout(() => { throw new TypeError("boom"); }, 1);
                   ^

TypeError: boom
    at Timeout._onTimeout (/tmp/a.js:1:26)

Node.js v20.20.2
`, "TypeError: boom"},
		"nodejs, a string": {`[eval]:1
throw "x"
^
x
(Use ` + "`node --trace-uncaught ...`" + ` to show where the exception was thrown)

Node.js v20.20.2
`, "x"},
		"nodejs, no module": {`node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module 'nope'
Require stack:
- /tmp/[eval]
    at evalScript (node:internal/process/execution:133:3) {
  code: 'MODULE_NOT_FOUND',
  requireStack: [ '/tmp/[eval]' ]
}

Node.js v20.20.2
`, "Error: Cannot find module 'nope'"},
		"nodejs, kinds of modules": {`file:///tmp/a.mjs:1
require('x')
^

ReferenceError: require is not defined in ES module scope, you can use import instead
    at file:///tmp/a.mjs:1:1

Node.js v20.20.2
`, "ReferenceError: require is not defined in ES module scope, you can use import instead"},
		"java": {`Exception in thread "main" java.lang.RuntimeException: outer
	at B.main(B.java:1)
Caused by: java.lang.IllegalStateException: inner
	... 1 more
`, "Caused by: java.lang.IllegalStateException: inner"},
		"java, no class":  {"Error: Could not find or load main class Nope\nCaused by: java.lang.ClassNotFoundException: Nope\n", "Error: Could not find or load main class Nope Caused by: java.lang.ClassNotFoundException: Nope"},
		"java, no memory": {"Error occurred during initialization of VM\nToo small maximum heap\n", "Error occurred during initialization of VM Too small maximum heap"},
		"java, fatal": {`#
# A fatal error has been detected by the Java Runtime Environment:
#
#  SIGSEGV (0xb) at pc=0x00007f0, pid=1, tid=2
#
# JRE version: OpenJDK Runtime Environment (17.0.15)
#
`, "SIGSEGV (0xb) at pc=0x00007f0, pid=1, tid=2"},
		"go": {`panic: assignment to entry in nil map

goroutine 1 [running]:
main.main()
	/tmp/a.go:2 +0x34

goroutine 7 [select (no cases)]:
created by main.main in goroutine 1
	/tmp/a.go:2 +0x25
exit status 2
`, "panic: assignment to entry in nil map"},
		"go, fatal":   {"fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n", "fatal error: all goroutines are asleep - deadlock!"},
		"cpp":         {"terminate called after throwing an instance of 'std::runtime_error'\n  what():  boom\n", "terminate called after throwing an instance of 'std::runtime_error' what(): boom"},
		"cpp, glibc":  {"free(): invalid pointer\n", "free(): invalid pointer"},
		"escapes":     {"a\x1b[2Jb\u009bc\u202ed\x7fe\xff\tf", "a.[2Jb.c.d.e. f"},
		"a long line": {strings.Repeat("ab", 1000), strings.Repeat("ab", 200) + "…"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, telling(tc.printed)) })
	}
}

// Whatever was printed, a short line of characters that can be seen is told of it.
func FuzzTelling(f *testing.F) {
	f.Add("panic: x\n\ngoroutine 1 [running]:\n")
	f.Add("ValueError: \x1b\n  what(): \n}\n")
	f.Fuzz(func(t *testing.T, printed string) {
		said := telling(printed)
		require.LessOrEqual(t, len(said), tellingBytes+len("…"))
		require.NotRegexp(t, `[\x00-\x1f\x7f-\x{9f}\x{202a}-\x{202e}]`, said)
		require.Equal(t, strings.ToValidUTF8(said, ""), said)
	})
}
