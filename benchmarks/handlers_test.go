package benchmarks_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks"
	"github.com/sebs-go/sebs/benchmarks/internal/cases"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/direct"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/process"
)

// named skips a test that builds and calls every function unless -run names
// it.
func named(t *testing.T) {
	t.Helper()
	first, _, _ := strings.Cut(flag.Lookup("test.run").Value.String(), "/")
	if re, err := regexp.Compile(first); first == "" || err != nil || re.MatchString("Test") {
		t.Skipf("it builds every function, and runs when -run names it: go test -v -run '^%s$' ./benchmarks", t.Name())
	}
}

// machine is the platform process, opened for a test that calls functions
// without an experiment's cells.
type machine struct {
	direct.Platform
	run   driver.Run
	calls int
}

// openMachine opens the platform until the test ends. Packages are those of
// experiments: nothing is built twice.
func openMachine(t *testing.T) *machine {
	t.Helper()
	cache, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
	require.NoError(t, err)
	return openMachineWith(t, cache)
}

// openMachineWith opens the platform with a folder of packages of its own.
func openMachineWith(t *testing.T, cache string) *machine {
	t.Helper()
	packages, err := build.OpenStore(cache)
	require.NoError(t, err)
	id := "t" + strings.ToLower(rand.Text()[:12])
	run := driver.Run{ID: id, Prefix: id, Expiry: time.Now(), Ledger: unguarded{}, Guard: unguarded{}, Dir: t.TempDir(), Log: t.Output()}
	p, err := driver.Open(t.Context(), process.Name, run)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	return &machine{run: run, Platform: direct.Platform{Platform: p, Name: process.Name, Prefix: run.Prefix, Packages: packages, Log: t.Output()}}
}

// unguarded is the ledger and the guard of a test that closes what it opens.
type unguarded struct{}

func (unguarded) Record(driver.Resource) error { return nil }
func (unguarded) Process(int) func()           { return func() {} }
func (unguarded) Command(...string) func()     { return func() {} }
func (unguarded) Folder(string) func()         { return func() {} }

// workload is a benchmark with an input.
type workload struct {
	harness.Benchmark
	cases.Cases
	machine     *machine
	config      harness.Config
	languages   []string // and variants that -run names: "python,variant=pytorch"
	store       *harness.Store
	size        harness.Size
	payload     any
	environment map[string]string // for its functions
}

// eachBenchmark runs a sub-test for each benchmark.
func eachBenchmark(t *testing.T, m *machine, test func(t *testing.T, w *workload)) {
	for _, b := range benchmarks.All {
		t.Run(b.Name, func(t *testing.T) { test(t, prepare(t, m, b)) })
	}
}

// prepare makes a benchmark's input.
func prepare(t *testing.T, m *machine, b harness.Benchmark) *workload {
	t.Helper()
	config, err := harness.ReadConfig(b.Files)
	require.NoError(t, err)
	w := &workload{Benchmark: b, Cases: declared[b.Name], machine: m, config: config, environment: map[string]string{}}
	for _, l := range config.Languages {
		if l.Name == "sim" { // a model's, which nothing here runs
			continue
		}
		w.languages = append(w.languages, l.Name)
		for _, v := range l.Variants {
			if strings.Contains(flag.Lookup("test.run").Value.String(), "variant="+v) {
				w.languages = append(w.languages, l.Name+",variant="+v)
			}
		}
	}
	var buckets driver.Buckets
	var tables driver.Tables
	if slices.Contains(config.Modules, driver.Storage) {
		buckets, err = m.Buckets(t.Context())
		require.NoError(t, err)
		maps.Copy(w.environment, buckets.Access())
	}
	if slices.Contains(config.Modules, driver.NoSQL) {
		tables, err = m.Tables(t.Context())
		require.NoError(t, err)
	}
	w.store = harness.NewStore(b.Name, m.run.Prefix, buckets, tables)
	if buckets != nil {
		require.NoError(t, buckets.Create(t.Context(), w.store.Bucket()))
	}
	w.resize(t, harness.Test)
	if tables != nil {
		maps.Copy(w.environment, tables.Access(w.store.Tables()))
	}
	return w
}

// resize makes the input of a size.
func (w *workload) resize(t *testing.T, size harness.Size) {
	t.Helper()
	payload, err := w.Input(t.Context(), size, w.store)
	require.NoError(t, err)
	w.size, w.payload = size, payload
}

// deploy builds the function of a language, or finds its package, and returns a
// client of it until the test ends. What it reaches the stores with is given.
func (w *workload) deploy(t *testing.T, language, suffix string, environment map[string]string) *direct.Function {
	t.Helper()
	language, variant, _ := strings.Cut(language, ",variant=")
	runtime, ok := w.machine.Features().Default(t.Context(), language)
	require.True(t, ok, "the platform has no %s", language)
	spec := driver.Spec{
		Benchmark: w.Name, Runtime: runtime, Variant: variant, Architecture: w.machine.Features().Architectures[0],
		Modules: w.config.Modules, Memory: w.config.Memory, Timeout: w.config.Timeout, Environment: environment,
	}
	spec.Name = driver.FunctionName(w.machine.run.Prefix, spec, w.machine.Features().MaxName-len(suffix)) + suffix
	f, err := w.machine.Deploy(t.Context(), w.Files, spec)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	return f
}

// event returns what the input's payload is as JSON: a copy, to be changed.
func (w *workload) event(t *testing.T) map[string]any {
	t.Helper()
	data, err := json.Marshal(w.payload)
	require.NoError(t, err)
	return decode(t, data).(map[string]any)
}

// call calls a function, which must answer, and returns how long the client
// waited.
func (w *workload) call(t *testing.T, client *direct.Function, event map[string]any) (answer.Answer, time.Duration) {
	t.Helper()
	w.machine.calls++
	request := fmt.Sprintf("%s-%d", w.machine.run.ID, w.machine.calls)
	event = maps.Clone(event)
	event["request-id"] = request
	data, err := json.Marshal(event)
	require.NoError(t, err)
	a, x, err := direct.Call(t.Context(), client.Client, data)
	require.NoError(t, err)
	require.Equal(t, request, a.Request)
	return a, x.Total
}

// succeed makes a call with the benchmark's input that must be right.
func (w *workload) succeed(t *testing.T, client *direct.Function, event map[string]any) (answer.Answer, time.Duration) {
	t.Helper()
	a, took := w.call(t, client, event)
	if a.Error != nil {
		require.Failf(t, "the call failed", "%+v", *a.Error)
	}
	require.NoError(t, w.Check(t.Context(), w.size, w.payload, a.Result, w.store))
	return a, took
}

// decode decodes JSON with its numbers as they are written.
func decode(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}
