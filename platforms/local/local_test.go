//go:build local

package local_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/direct"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/local"
)

type (
	noGuard  struct{}
	noLedger struct{}
)

func (noGuard) Process(int) func()            { return func() {} }
func (noGuard) Folder(string) func()          { return func() {} }
func (noGuard) Command(...string) func()      { return func() {} }
func (noLedger) Record(driver.Resource) error { return nil }

func newRun(t *testing.T) driver.Run {
	t.Helper()
	id := "t" + strings.ToLower(rand.Text()[:12])
	return driver.Run{
		ID: id, Prefix: id, Expiry: time.Now().Add(time.Hour), Dir: t.TempDir(),
		Guard: noGuard{}, Ledger: noLedger{}, Log: t.Output(),
	}
}

// opened opens the platform, and closes it at the end of the test: then nothing
// of the run is left.
func opened(t *testing.T, open driver.OpenFunc) (driver.Platform, driver.Run) {
	t.Helper()
	run := newRun(t)
	p, err := open(t.Context(), run)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.Close(context.Background()))
		require.Empty(t, left(t, run))
	})
	return p, run
}

func unpublished(ctx context.Context, run driver.Run) (driver.Platform, error) {
	return local.Open(ctx, run)
}
func published(ctx context.Context, run driver.Run) (driver.Platform, error) {
	return local.OpenPublished(ctx, run)
}

// left lists what carries a run's label, by the docker command.
func left(t *testing.T, run driver.Run) []string {
	t.Helper()
	var all []string
	for _, list := range [][]string{
		{"ps", "-a", "--format", "container:{{.Names}}"}, {"network", "ls", "--format", "network:{{.Name}}"}, {"volume", "ls", "--format", "volume:{{.Name}}"},
	} {
		out, err := exec.Command("docker", append(list, "--filter", "label=sebs.run="+run.ID)...).Output()
		require.NoError(t, err)
		all = append(all, strings.Fields(string(out))...)
	}
	return all
}

// store keeps the packages of all tests of this package.
func store(t *testing.T) *build.Store {
	t.Helper()
	s, err := build.OpenStore(t.TempDir())
	require.NoError(t, err)
	return s
}

// spec returns the spec of a function, changed.
func spec(p driver.Platform, run driver.Run, language string, change ...func(*driver.Spec)) driver.Spec {
	version := map[string]string{"python": "3.11", "nodejs": "20"}[language]
	s := driver.Spec{
		Benchmark: "000.test", Runtime: driver.Runtime{Language: language, Version: version},
		Architecture: p.Features().Architectures[0], Kind: driver.Archive, Trigger: driver.HTTP,
		Memory: 512, Timeout: 30 * time.Second,
	}
	for _, c := range change {
		c(&s)
	}
	s.Name = driver.FunctionName(run.Prefix, s, p.Features().MaxName)
	return s
}

// deploy builds a function of one source and returns a client of it.
func deploy(t *testing.T, p driver.Platform, s driver.Spec, source string) *invoke.Client {
	t.Helper()
	name := map[string]string{"python": "python/function.py", "nodejs": "nodejs/function.js"}[s.Runtime.Language]
	with := direct.Platform{Platform: p, Name: local.Name, Packages: store(t), Log: t.Output()}
	f, err := with.Deploy(t.Context(), fstest.MapFS{name: {Data: []byte(source), Mode: 0o644}}, s)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	return f.Client
}

// call calls a function that must answer.
func call(t *testing.T, c *invoke.Client, event string) (answer.Answer, invoke.Exchange) {
	t.Helper()
	a, x, err := direct.Call(t.Context(), c, []byte(event))
	require.NoError(t, err)
	return a, x
}

// result calls a function that must succeed and decodes what it returned.
func result[T any](t *testing.T, c *invoke.Client, event string) T {
	t.Helper()
	a, _ := call(t, c, event)
	require.Nil(t, a.Error)
	var v T
	require.NoError(t, json.Unmarshal(a.Result, &v))
	return v
}

// The platform works as well where only published ports can be reached.
func TestConformancePublished(t *testing.T) {
	drivertest.Platform(t, published, drivertest.Options{
		Name: local.Name, Runtimes: []driver.Runtime{{Language: "python", Version: "3.11"}}, Kinds: []driver.Kind{driver.Archive}, Timeout: 3 * time.Second,
	})
}

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		os.Exit(die())
	}
	os.Exit(m.Run())
}
