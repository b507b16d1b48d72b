package process_test

import (
	"flag"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/platforms/process"
)

// TestLibrariesOfSeBS compiles a function with each library that SeBS has for
// C++, by the name that config.json has for it. torch takes a minute, and is
// compiled when it is named:
//
//	go test -v -run '^TestLibrariesOfSeBS$/torch' ./platforms/process
func TestLibrariesOfSeBS(t *testing.T) {
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
		r, err := store.Package(t.Context(), build.Job{Platform: p, PlatformName: process.Name, Files: sources, Spec: s})
		require.NoError(t, err)
		require.True(t, result[bool](t, deploy(t, p, s, r.Package), "{}"))
	}
	t.Run("small", func(t *testing.T) { compile(t, together...) })
	t.Run("opencv", func(t *testing.T) { compile(t, alone["opencv"]) })
	t.Run("torch", func(t *testing.T) {
		if !strings.Contains(flag.Lookup("test.run").Value.String(), "torch") {
			t.Skip("it takes a minute to compile, and runs when -run names it: go test -v -run '^TestLibrariesOfSeBS$/torch' ./platforms/process")
		}
		compile(t, alone["torch"])
	})
}
