package process_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// An error says where in the function's files it is, and what an import needs.
func TestErrorsSayWhere(t *testing.T) {
	const handler = "\ndef handler(event): pass\n"
	for name, test := range map[string]struct{ language, source, want string }{
		"raises":             {"python", "import json\ndef handler(event):\n  return json.loads('{')\n", "column 2 (char 1) (function.py, line 3)"},
		"throws":             {"nodejs", "exports.handler = async () => {\n  JSON.parse('{');\n};\n", " (function.js, line 2)"},
		"another name":       {"python", "def handle(event):\n  return {}\n", "module 'function.function' has no attribute 'handler': function.py must define handler(event)"},
		"no package":         {"python", "import no_such_package" + handler, "No module named 'no_such_package': requirements.txt must name its package (function.py, line 1)"},
		"no package, nodejs": {"nodejs", "require('no-such-package');\n", "Cannot find module 'no-such-package': package.json does not name it among its dependencies (function.js, line 1)"},
		"no module":          {"python", "from . import storage" + handler, "config.json must name the module storage (function.py, line 1)"},
		"no module, by name": {"python", "import nosql" + handler, "config.json must name the module nosql (function.py, line 1)"},
		"no module, nodejs":  {"nodejs", "const storage = require('./storage');\n", "Cannot find module './storage': config.json must name the module storage (function.js, line 1)"},
		"store":              {"python", "from . import storage\ndef handler(event):\n  storage.storage.get_instance()\n", "in its list of modules (function.py, line 3)"},
		"store, nodejs":      {"nodejs", "const storage = require('./storage');\nexports.handler = async () => new storage.storage();\n", "in its list of modules (function.js, line 2)"},
		"throws, java":       {"java", "package function;\npublic class Function {\n  public Object handler(java.util.Map<String, Object> event) {\n    return event.get(\"missing\").toString();\n  }\n}\n", "is null (Function.java, line 4)"},
		"panics":             {"go", "package function\n\nfunc Handler(event map[string]any) (any, error) {\n\treturn event[\"missing\"].(string), nil\n}\n", "not string (function.go, line 4)"},
		"no file":            {"nodejs", "require('./helper');\n", "Cannot find module './helper' (function.js, line 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			p := openPlatform(t, isolations["full"])
			s := spec(t, p, test.language)
			if strings.HasPrefix(name, "store") {
				s.Modules = []driver.Module{driver.Storage}
			}
			a := call(t, deploy(t, p, s, stage(t, s, test.source)), `{}`)
			require.NotNil(t, a.Error)
			require.True(t, strings.HasSuffix(a.Error.Message, test.want), a.Error.Message)
		})
	}
}

// A handler of the wrong signature does not compile, and the error says what it
// must be.
func TestSignatures(t *testing.T) {
	java := "package function;\npublic class Function {\n  public Object handle(String event) { return event; }\n}\n"
	for name, test := range map[string]struct{ language, source, want string }{
		"java, no package":   {"java", strings.TrimPrefix(java, "package function;"), "want package function; public class Function with public Map<String, Object> handler(Map<String, Object> event)"},
		"java, another name": {"java", java, "public Map<String, Object> handler(Map<String, Object> event)"},
		"java, text":         {"java", strings.Replace(java, "handle(", "handler(", 1), "public Map<String, Object> handler(Map<String, Object> event)"},
		"go, no error":       {"go", "package function\n\nfunc Handler(event map[string]any) any { return event }\n", "want func Handler(event E) (R, error)"},
		"go, no event":       {"go", "package function\n\nfunc Handler() (any, error) { return nil, nil }\n", "want func Handler(event E) (R, error)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tryBuild(t, t.TempDir(), spec(t, openPlatform(t, isolations["shared"]), test.language), test.source)
			require.ErrorContains(t, err, test.want)
		})
	}
}
