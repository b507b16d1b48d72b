package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// A crash is told by the line that says why, whatever the runtime prints around
// it, and with everything that was printed.
func TestCrashesSayWhy(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	for language, test := range map[string]struct{ source, detail, output string }{
		"python": {
			"import os, subprocess, sys\n\ndef handler(event):\n    os.execv(sys.executable, [sys.executable, '-c', 'print(\"before\", flush=True); raise ValueError(\"boom\")'])\n",
			"exit status 1: ValueError: boom", "before\nTraceback",
		},
		"nodejs": {
			"exports.handler = () => {\n  process.removeAllListeners('uncaughtException');\n  process.removeAllListeners('unhandledRejection');\n" +
				"  setTimeout(() => { throw new TypeError('boom'); }, 1);\n  return new Promise((r) => setTimeout(r, 20000));\n};\n",
			"exit status 1: TypeError: boom", "Node.js v",
		},
		"java": {
			"package function;\n\npublic class Function {\n  public Object handler(java.util.Map<String, Object> event) throws Exception {\n" +
				"    Thread t = new Thread(() -> {\n      try {\n        throw new IllegalStateException(\"boom\");\n      } catch (IllegalStateException e) {\n" +
				"        new Exception(\"outer\", e).printStackTrace();\n        Runtime.getRuntime().halt(3);\n      }\n    });\n    t.start();\n    t.join();\n    return null;\n  }\n}\n",
			"exit status 3: Caused by: java.lang.IllegalStateException: boom", "java.lang.Exception: outer",
		},
		"go": {
			"package function\n\nimport \"time\"\n\nfunc Handler(event map[string]any) (any, error) {\n\tgo func() { panic(\"boom\") }()\n\ttime.Sleep(20 * time.Second)\n\treturn nil, nil\n}\n",
			"exit status 2: panic: boom", "goroutine ",
		},
		"cpp": {
			"#include <nlohmann/json.hpp>\n#include <sebs/function.hpp>\n#include <stdexcept>\n#include <thread>\n\n" +
				"nlohmann::json function(const nlohmann::json &) {\n  std::thread([] { throw std::runtime_error(\"boom\"); }).join();\n  return nullptr;\n}\n",
			"killed by signal aborted: terminate called after throwing an instance of 'std::runtime_error' what(): boom", "what():  boom",
		},
	} {
		t.Run(language, func(t *testing.T) {
			s := spec(t, p, language)
			x := deploy(t, p, s, stage(t, s, test.source)).Call(t.Context(), []byte("{}"))
			require.NotNil(t, x.Failure)
			require.Equal(t, driver.Crash, x.Failure.Cause)
			require.Equal(t, "the function's process ended: "+test.detail, x.Failure.Detail)
			require.Contains(t, x.Failure.Output, test.output)
		})
	}
}
