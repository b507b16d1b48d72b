package process_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/direct"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/process"
)

// isolations are the ways to open the platform.
var isolations = map[string]driver.OpenFunc{
	"full": func(ctx context.Context, run driver.Run) (driver.Platform, error) { return process.Open(ctx, run) },
	"shared": func(ctx context.Context, run driver.Run) (driver.Platform, error) {
		return process.OpenShared(ctx, run)
	},
}

// each runs a test with each isolation.
func each(t *testing.T, f func(t *testing.T, p driver.Platform)) {
	for name, open := range isolations {
		t.Run(name, func(t *testing.T) { f(t, openPlatform(t, open)) })
	}
}

func openPlatform(t *testing.T, open driver.OpenFunc) driver.Platform {
	t.Helper()
	p, err := open(t.Context(), newRun(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	return p
}

func newRun(t *testing.T) driver.Run {
	t.Helper()
	return driver.Run{
		ID:     "t" + strings.ToLower(rand.Text()[:12]),
		Prefix: "t",
		Dir:    t.TempDir(),
		Guard:  noGuard{},
		Ledger: noLedger{},
		Log:    t.Output(),
	}
}

// noGuard is for tests that close what they open.
type noGuard struct{}

func (noGuard) Process(int) func()       { return func() {} }
func (noGuard) Command(...string) func() { return func() {} }
func (noGuard) Folder(string) func()     { return func() {} }

type noLedger struct{}

func (noLedger) Record(driver.Resource) error { return nil }

// runtimeOf returns the platform's default runtime of a language. Where there is
// none, the test is left out.
func runtimeOf(t *testing.T, p driver.Platform, language string) driver.Runtime {
	t.Helper()
	first, ok := p.Features().Default(t.Context(), language)
	require.True(t, ok, language)
	_, err := interpreter.Find(t.Context(), language, first.Version)
	leftout.If(t, err)
	require.NoError(t, err)
	return first
}

// spec returns the spec of a function.
func spec(t *testing.T, p driver.Platform, language string) driver.Spec {
	t.Helper()
	return driver.Spec{
		Name:         "t-" + language,
		Benchmark:    "000.probe",
		Runtime:      runtimeOf(t, p, language),
		Architecture: p.Features().Architectures[0],
		Kind:         driver.Archive,
		Trigger:      driver.HTTP,
		Memory:       256,
		Timeout:      30 * time.Second,
	}
}

// stage lays out a package by hand, the platform's files and the function's
// source, where nothing must be built.
func stage(t *testing.T, s driver.Spec, source string) driver.Package {
	t.Helper()
	extension, ok := map[string]string{"python": ".py", "nodejs": ".js"}[s.Runtime.Language]
	if !ok || len(s.Modules) > 0 {
		return built(t, s, source)
	}
	dir := t.TempDir()
	files, err := dockerfiles.Files(process.Name, s.Runtime.Language, s.Modules)
	require.NoError(t, err)
	for name, data := range files {
		switch strings.TrimSuffix(name, filepath.Ext(name)) {
		case "handler", "answer", "sitecustomize":
			put(t, dir, name, string(data))
		default:
			put(t, dir, "function/"+name, string(data))
		}
	}
	put(t, dir, "function/function"+extension, source)
	if s.Runtime.Language == "python" {
		put(t, dir, "function/__init__.py", "") // as the installer does
	}
	return driver.Package{Digest: dir, Kind: driver.Archive, Dir: dir}
}

// deploy deploys a function and returns a client of it.
func deploy(t *testing.T, p driver.Platform, s driver.Spec, pkg driver.Package) *invoke.Client {
	t.Helper()
	target, err := p.Deploy(t.Context(), s, pkg)
	require.NoError(t, err)
	c, err := invoke.For(t.Context(), p, target)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// call calls a function that must answer.
func call(t *testing.T, c *invoke.Client, event string) answer.Answer {
	t.Helper()
	a, _, err := direct.Call(t.Context(), c, []byte(event))
	require.NoError(t, err)
	return a
}

// result calls a function that must succeed and decodes what it returned.
func result[T any](t *testing.T, c *invoke.Client, event string) T {
	t.Helper()
	a := call(t, c, event)
	require.Nil(t, a.Error)
	var v T
	require.NoError(t, json.Unmarshal(a.Result, &v))
	return v
}

var echo = map[string]string{
	"python": "def handler(event):\n    return {'result': event}\n",
	"nodejs": "exports.handler = async event => ({ result: event });\n",
	"java": "package function;\n\nimport java.util.Map;\n\npublic class Function {\n" +
		"  public Map<String, Object> handler(Map<String, Object> event) {\n    return Map.of(\"result\", event);\n  }\n}\n",
	"cpp": "#include <sebs/function.hpp>\n#include <nlohmann/json.hpp>\n\nnlohmann::json function(const nlohmann::json &event) {\n" +
		"  return {{\"result\", event}};\n}\n",
	"go": "package function\n\nfunc Handler(event map[string]any) (any, error) {\n\treturn map[string]any{\"result\": event}, nil\n}\n",
}

func TestInvoke(t *testing.T) {
	each(t, func(t *testing.T, p driver.Platform) {
		for language, source := range echo {
			t.Run(language, func(t *testing.T) {
				s := spec(t, p, language)
				before := time.Now()
				c := deploy(t, p, s, stage(t, s, source))
				first := call(t, c, `{"request-id": "r-1", "text": "grüße"}`)
				require.Nil(t, first.Error)
				require.Equal(t, "r-1", first.Request)
				require.True(t, first.Cold)
				require.Greater(t, first.Init, int64(0))
				require.GreaterOrEqual(t, first.Boot, before.UnixMicro()-1000)
				require.LessOrEqual(t, first.Boot, first.Begin)
				require.LessOrEqual(t, first.End, time.Now().UnixMicro()+1000)
				require.Greater(t, first.Memory, int64(1<<20))
				var event map[string]any
				require.NoError(t, json.Unmarshal(first.Result, &event))
				require.Equal(t, "grüße", event["text"])
				require.InDelta(t, float64(time.Now().Unix()), event["income-timestamp"], 60)

				second := call(t, c, `{"request-id": "r-2"}`)
				require.False(t, second.Cold)
				require.Equal(t, int64(2), second.Count)
				require.Zero(t, second.Init)
				require.Equal(t, first.Sandbox, second.Sandbox)
				require.Equal(t, first.Worker, second.Worker)

				require.NoError(t, p.Retire(t.Context(), s.Name))
				third := call(t, c, `{}`)
				require.True(t, third.Cold)
				require.NotEqual(t, first.Sandbox, third.Sandbox)
			})
		}
	})
}

// Every interpreter that this machine has runs functions; the recipe of one
// that it has not says so.
func TestRuntimes(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	ran := 0
	for _, r := range p.Features().Runtimes {
		t.Run(r.String(), func(t *testing.T) {
			s := spec(t, p, "python")
			s.Runtime = r
			if _, err := interpreter.Find(t.Context(), r.Language, r.Version); err != nil {
				_, err := p.Recipe(t.Context(), s)
				require.ErrorIs(t, err, driver.ErrUnavailable)
				require.ErrorContains(t, err, r.Language+" "+r.Version+" is not available on this machine")
				return
			}
			ran++
			version := map[string]string{
				"python": "import sys\ndef handler(event):\n    return '%d.%d' % sys.version_info[:2]\n",
				"nodejs": "exports.handler = () => process.versions.node.split('.')[0];\n",
				"java": "package function;\n\nimport java.util.Map;\n\npublic class Function {\n  public Object handler(Map<String, Object> event) {\n" +
					"    return String.valueOf(Runtime.version().feature());\n  }\n}\n",
				"cpp": "#include <sebs/function.hpp>\n#include <nlohmann/json.hpp>\n\nnlohmann::json function(const nlohmann::json &) {\n" +
					"  return std::to_string(__GNUC__);\n}\n",
				"go": "package function\n\nimport (\n\t\"runtime\"\n\t\"strings\"\n)\n\n" +
					"func Handler(any) (string, error) {\n\tp := strings.Split(strings.TrimPrefix(runtime.Version(), \"go\"), \".\")\n\treturn p[0] + \".\" + p[1], nil\n}\n",
			}[r.Language]
			c := deploy(t, p, s, stage(t, s, version))
			require.Equal(t, r.Version, result[string](t, c, `{}`))
			require.Equal(t, r.Version, result[string](t, c, `{}`))
		})
	}
	require.Positive(t, ran, "every machine has a version of Python")
}
