package process_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/process"
)

// TestLibrariesOfSeBS compiles a function with each library that SeBS has for
// C++, by the name that config.json has for it.
func TestLibrariesOfSeBS(t *testing.T) {
	leftout.UnlessNamed(t, "it takes minutes to compile")
	p := openPlatform(t, isolations["shared"])
	archive, err := txtar.ParseFile("testdata/libraries.txtar")
	require.NoError(t, err)
	known, err := dockerfiles.CPPDependencies()
	require.NoError(t, err)
	const function = `
rapidjson::Document function(const rapidjson::Value &) {
  rapidjson::Document d;
  d.SetBool(check());
  return d;
}
`
	// Several are one function, which is compiled once; the large ones are not.
	var together []txtar.File
	alone := map[string]txtar.File{}
	for _, f := range archive.Files {
		require.Contains(t, known, f.Name, "SeBS has it")
		switch f.Name {
		case "opencv", "torch":
			alone[f.Name] = f
		default:
			together = append(together, f)
		}
	}
	compile := func(t *testing.T, files ...txtar.File) {
		t.Helper()
		var names, calls []string
		sources := fstest.MapFS{}
		for _, f := range files {
			name := strings.ReplaceAll(f.Name, "-", "_")
			names = append(names, `"`+f.Name+`"`)
			calls = append(calls, "check_"+name+"()")
			sources["cpp/"+name+".cpp"] = &fstest.MapFile{Data: []byte(string(f.Data) + "\nbool check_" + name + "() { return check(); }\n")}
		}
		main := "#include <rapidjson/document.h>\nbool " + strings.Join(calls, ", ") + ";\nstatic bool check() { return " + strings.Join(calls, " && ") + "; }\n" + function
		sources["cpp/main.cpp"] = &fstest.MapFile{Data: []byte(main)}
		sources["config.json"] = &fstest.MapFile{Data: []byte(`{"cpp_dependencies": [` + strings.Join(names, ", ") + `]}`)}
		s := spec(t, p, "cpp")
		dir, err := packages()
		require.NoError(t, err)
		store, err := build.OpenStore(dir)
		require.NoError(t, err)
		r, err := store.Package(t.Context(), build.Job{Builder: p, Platform: process.Name, Files: sources, Spec: s})
		leftout.If(t, err)
		require.NoError(t, err)
		require.True(t, result[bool](t, deploy(t, p, s, r.Package), "{}"))
	}
	t.Run("small", func(t *testing.T) { compile(t, together...) })
	t.Run("opencv", func(t *testing.T) { compile(t, alone["opencv"]) })
	t.Run("torch", func(t *testing.T) {
		if !strings.Contains(flag.Lookup("test.run").Value.String(), "torch") { // libtorch is 900 MB
			t.Skip("torch runs when -run names it: -run '^TestLibrariesOfSeBS$/torch'")
		}
		compile(t, alone["torch"])
	})
}

// shim is a public member of a shim of SeBS, by facts of its sources: of its
// newest commit, or of the branches that are named.
type shim struct {
	language, class, name string
	parameters            string // of Python and C++
	of                    string // branches; empty: the newest commit
	absent                string // why it is not here
}

// shimsOfSeBS compares what functions find in SeBS with what they find here.
// C++'s are expressions, whose types are those that functions written for SeBS
// expect; s is a sebs::Storage and text a constant string.
var shimsOfSeBS = []shim{
	{language: "python", class: "storage", name: "get_instance"},
	{language: "python", class: "storage", name: "unique_name", parameters: "name"},
	{language: "python", class: "storage", name: "upload", parameters: "bucket, file, filepath"},
	{language: "python", class: "storage", name: "download", parameters: "bucket, file, filepath"},
	{language: "python", class: "storage", name: "download_directory", parameters: "bucket, prefix, path"},
	{language: "python", class: "storage", name: "upload_stream", parameters: "bucket, file, data"},
	{language: "python", class: "storage", name: "download_stream", parameters: "bucket, file"},
	{language: "python", class: "storage", name: "upload", parameters: "bucket, file, filepath, unique_name", of: "benchmarks, feature/sda-workflow"},
	{language: "python", class: "storage", name: "list_directory", parameters: "bucket, prefix", of: "benchmarks, feature/workflows"},
	{language: "python", class: "storage", name: "download_within_range", parameters: "bucket, file, start_byte, stop_byte", of: "feature/workflows"},
	{language: "python", class: "storage", name: "upload_stream", parameters: "bucket, file, data, overwrite", of: "oanarosca/apps-infra"},
	{language: "python", class: "storage", name: "get_object", of: "oanarosca/triggers", absent: "it returns an object of AWS's SDK"},
	{language: "python", class: "storage", name: "list_objects", of: "oanarosca/apps-infra", absent: "it returns an object of AWS's SDK"},
	{language: "python", class: "storage", name: "delete_object", of: "oanarosca/apps-infra", absent: "its applications are several functions, with triggers of AWS"},
	{language: "python", class: "queue", name: "send_message", of: "oanarosca/queues", absent: "there is no module queue"},
	{language: "python", class: "misc", name: "object_path", of: "oanarosca/apps-infra", absent: "its applications are several functions"},
	{language: "python", class: "nosql", name: "get_instance"},
	{language: "python", class: "nosql", name: "insert", parameters: "table_name, primary_key, secondary_key, data"},
	{language: "python", class: "nosql", name: "get", parameters: "table_name, primary_key, secondary_key"},
	{language: "python", class: "nosql", name: "update", parameters: "table_name, primary_key, secondary_key, updates"},
	{language: "python", class: "nosql", name: "query", parameters: "table_name, primary_key, _"},
	{language: "python", class: "nosql", name: "delete", parameters: "table_name, primary_key, secondary_key"},
	{language: "nodejs", class: "storage", name: "get_instance"},
	{language: "nodejs", class: "storage", name: "unique_name"},
	{language: "nodejs", class: "storage", name: "upload"},
	{language: "nodejs", class: "storage", name: "download"},
	{language: "nodejs", class: "storage", name: "downloadDirectory"},
	{language: "nodejs", class: "storage", name: "uploadStream"},
	{language: "nodejs", class: "storage", name: "downloadStream"},
	{language: "nodejs", class: "nosql", name: "get_instance"},
	{language: "nodejs", class: "nosql", name: "insert"},
	{language: "nodejs", class: "nosql", name: "get"},
	{language: "nodejs", class: "nosql", name: "update"},
	{language: "nodejs", class: "nosql", name: "query"},
	{language: "nodejs", class: "nosql", name: "delete"},
	{language: "cpp", name: "sebs::Storage::get_client()", parameters: "sebs::Storage"},
	{language: "cpp", name: "sebs::Storage(s)", parameters: "sebs::Storage"},
	{language: "cpp", name: "s.download_file(text, text)", parameters: "std::tuple<std::string, uint64_t>"},
	{language: "cpp", name: "s.download_file(text, text, std::declval<int &>(), true, std::declval<Aws::IOStream &>())", parameters: "uint64_t"},
	{language: "cpp", name: "s.download_stream(text, text, std::declval<void (*)(std::istream &)>())", parameters: "std::tuple<uint64_t, uint64_t>"},
	{language: "cpp", name: "s.upload_random_file(text, text, true, std::declval<char *>(), size_t(1))", parameters: "uint64_t"},
	{language: "cpp", name: "timeSinceEpochMicrosec()", parameters: "uint64_t"},
	{language: "cpp", class: "Storage", name: "_client", absent: "it is a client of AWS's SDK"},
	{language: "cpp", class: "KeyValue", name: "download_file", absent: "it counts DynamoDB's units, and no benchmark uses it"},
	{language: "cpp", class: "KeyValue", name: "upload_file", absent: "it counts DynamoDB's units, and no benchmark uses it"},
	{language: "cpp", class: "Redis", name: "Redis", absent: "SeBS compiles it into no function"},
	{language: "java", class: "Storage", name: "", absent: "SeBS has no stores in Java, and we have"},
}

// staticAsserts returns what a C++ function is compiled with to see that it finds
// what it expects.
func staticAsserts() string {
	var b strings.Builder
	b.WriteString("#include <type_traits>\n#include <utility>\n#include \"storage.hpp\"\n#include \"utils.hpp\"\n" +
		"void expect(sebs::Storage &s, const Aws::String &text) {\n  (void)s, (void)text;\n")
	for _, m := range shimsOfSeBS {
		if m.language == "cpp" && m.absent == "" {
			fmt.Fprintf(&b, "  static_assert(std::is_same_v<decltype(%s), %s>);\n", m.name, m.parameters)
		}
	}
	return b.String() + "}\n"
}

// TestShimsOfSeBS: every member of SeBS's shims is here, under its name and with
// its parameters, or there is a reason.
func TestShimsOfSeBS(t *testing.T) {
	shims := t.TempDir()
	for _, name := range []string{"python/storage.py", "python/nosql.py", "python/sigv4.py", "nodejs/storage.cjs", "nodejs/nosql.cjs", "nodejs/sigv4.cjs"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "benchmarks", "wrappers", "process", filepath.FromSlash(name)))
		require.NoError(t, err)
		to := filepath.Join(shims, strings.Replace(name, "python/", "function/", 1))
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		require.NoError(t, os.WriteFile(to, text, 0o644))
	}
	ask := func(t *testing.T, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = shims
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	for _, m := range shimsOfSeBS {
		if m.absent != "" || m.language == "cpp" {
			continue // C++'s are compiled, by TestSeBSFunctionInCPP
		}
		t.Run(m.language+" "+m.class+"."+m.name+"("+m.parameters+")", func(t *testing.T) {
			switch m.language {
			case "python":
				have := ask(t, "python3", "-c", "import inspect; from function import "+m.class+"; m = inspect.getattr_static("+m.class+"."+m.class+", '"+m.name+"')\n"+
					"s = isinstance(m, staticmethod); print(', '.join(list(inspect.signature(m.__func__ if s else m).parameters)[not s:]))")
				require.True(t, strings.HasPrefix(have+", ", m.parameters+", ") || m.parameters == "", "%s(%s)", m.name, have)
			case "nodejs":
				_ = runtimeOf(t, openPlatform(t, isolations["shared"]), "nodejs")
				require.Equal(t, "function", ask(t, "node", "-p", "const c = require('./nodejs/"+m.class+".cjs')."+m.class+"; typeof (c.prototype."+m.name+" || c."+m.name+")"))
			}
		})
	}
}

// TestShimsOfBranches calls what Python functions of SeBS's branches use.
func TestShimsOfBranches(t *testing.T) {
	p := openPlatform(t, isolations["shared"])
	buckets, err := p.Buckets(t.Context())
	require.NoError(t, err)
	const bucket = "t-branches"
	require.NoError(t, buckets.Create(t.Context(), bucket))
	s := spec(t, p, "python")
	s.Modules = []driver.Module{driver.Storage}
	s.Environment = buckets.Access()
	a := call(t, deploy(t, p, s, built(t, s, `
from . import storage


def handler(event):
    client = storage.storage.get_instance()
    with open("/tmp/file", "w") as f:
        f.write("0123456789")
    kept = [
        client.upload(event["bucket"], "a/1", "/tmp/file", unique_name=False),
        client.upload(event["bucket"], "a/2", "/tmp/file", overwrite=True),
        client.upload_stream(event["bucket"], "b", b"x", overwrite=True),
    ]
    import storage as plain
    plain = plain.storage.get_instance()
    return {"result": [
        kept,
        list(client.list_directory(event["bucket"], "a/")),
        client.download_within_range(event["bucket"], "a/1", 2, 4),
        plain.download_stream(event["bucket"], "b").decode(),
    ]}
`)), `{"bucket": "t-branches"}`)
	require.Nil(t, a.Error)
	require.JSONEq(t, `[["a/1", "a/2", "b"], ["a/1", "a/2"], "234", "x"]`, string(a.Result))
}

// What a handler returns beside result and measurement reaches the harness: SeBS
// passes all of it to validate_output.
func TestReturnedBeside(t *testing.T) {
	p := openPlatform(t, isolations["shared"])
	for language, source := range map[string]string{
		"python": "def handler(event):\n    return {'result': 1, 'measurement': {}, 'more': [2], 'is_cold': True} if event['n'] else {'result': 1, 'measurement': {}}\n",
		"nodejs": "exports.handler = async (event) => event.n ? { result: 1, measurement: {}, more: [2], is_cold: true } : { result: 1, measurement: {} };\n",
		"java": "package function;\n\nimport java.util.*;\n\npublic class Function {\n  public Map<String, Object> handler(Map<String, Object> event) {\n" +
			"    Map<String, Object> m = new HashMap<>(Map.of(\"result\", 1, \"measurement\", Map.of()));\n" +
			"    if (event.get(\"n\").equals(1)) {\n      m.put(\"more\", List.of(2));\n      m.put(\"is_cold\", true);\n    }\n    return m;\n  }\n}\n",
		"cpp": "#include <nlohmann/json.hpp>\n#include <sebs/function.hpp>\n\nnlohmann::json function(const nlohmann::json &event) {\n" +
			"  nlohmann::json m = {{\"result\", 1}, {\"measurement\", nlohmann::json::object()}};\n" +
			"  if (event[\"n\"] == 1) m[\"more\"] = {2}, m[\"is_cold\"] = true;\n  return m;\n}\n",
	} {
		t.Run(language, func(t *testing.T) {
			s := spec(t, p, language)
			c := deploy(t, p, s, built(t, s, source))
			a := call(t, c, `{"n": 1}`)
			require.Nil(t, a.Error)
			require.Equal(t, "1", string(a.Result))
			require.JSONEq(t, `{"more": [2], "is_cold": true}`, string(a.Others))
			require.Nil(t, call(t, c, `{"n": 0}`).Others, "it is there where it is wanted")
		})
	}
}
