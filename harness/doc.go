// Package harness is what a test imports to measure functions on FaaS
// platforms: it builds and deploys them, calls them cold and warm, checks what
// they answer, and turns the records into statistics.
//
// # A first experiment
//
// An experiment is a test function. Its package, a folder of its own, links
// platforms and has the harness run its tests:
//
//	package first_test
//
//	import (
//		"context"
//		"testing"
//
//		"github.com/sebs-go/sebs/benchmarks"
//		"github.com/sebs-go/sebs/harness"
//		_ "github.com/sebs-go/sebs/platforms" // those that the build tags name
//	)
//
//	func TestMain(m *testing.M) { harness.Main(m) }
//
//	func TestColdStart(t *testing.T) {
//		cold := harness.Conditions{Modes: []harness.Mode{harness.Cold}}
//		harness.Cells(t, benchmarks.All, cold, func(ctx context.Context, t *testing.T, cell *harness.Cell) {
//			for cell.More() {
//				cell.Batch(ctx)
//			}
//		})
//	}
//
// Run it by its name, with the platform as a tag (none is process: child
// processes on this machine), here from a folder first:
//
//	go test -v -run 'ColdStart/110.dynamic-html.*python' ./first
//
// # Cells
//
// [Conditions] span the conditions of an experiment. Each combination, for
// each function, is a [Cell]: a sub-test of two levels, and a folder of
// results.
//
//	platform=process,benchmark=110.dynamic-html,runtime=python-3.11,arch=x64,package=archive,trigger=http
//	memory=128,size=test,mode=cold
//
// The modes are [Cold] (every call meets a new sandbox), [Warm] (none does),
// [Burst] (calls at once, all of them cold) and [Sequential] (one after another,
// whatever they meet).
//
// What a pattern selects is known before anything is built, and so are the
// longest time that it may measure and about how long building, deploying,
// retiring and removing take at the platform's pace: a selection that may not
// end before -timeout is refused, with the -timeout that it needs. Functions are
// deployed before their cells begin, as many at once as the platform allows.
// A version, architecture, package kind or trigger that is not the platform's
// default, or a benchmark's variant in a language (variant=… after the runtime),
// runs only if the pattern names it (python-3.12, arm64, variant=pytorch). An
// experiment runs only if it is named: a pattern that would match any test, as
// it matches the word Test alone, skips it. A function that this machine cannot have (an interpreter or a store
// is missing) is skipped with the reason; if nothing else was selected, the
// experiment fails with it.
//
// A part of a pattern that matches nothing is named, also in a group as
// (warm|cold), with the values that it could have had and the nearest. With -run a name has two levels, and .* stands
// between their parts; with -bench it has a level for each key, so that
// benchstat can project them:
//
//	                          -run                    -bench
//	everything                ColdStart               Invoke
//	a benchmark               ColdStart/110           Invoke/.*/110
//	and a language            ColdStart/110.*python   Invoke/.*/110/python
//	a language                ColdStart/python        Invoke/.*/.*/python
//	a mode                    ColdStart/.*/cold       Invoke/.*/.*/.*/.*/.*/.*/.*/.*/cold
//	a memory size             ColdStart/.*/memory=128 Invoke/.*/.*/.*/.*/.*/.*/memory=128
//
// [Cell.Batch] invokes as the cell's [Mode] says; [Cell.More] ends the loop
// when the 95 % interval of the median lies within 5 %, at the bounds of
// SEBS_SAMPLES, or when calls fail the same way: from the first, or because ten
// batches in a row reached no sandbox. Calls that overlap are one observation of the statistics, of which an interval needs ten.
// For other shapes there are [Cell.Retire], [Cell.Invoke], [Cell.InvokeWith], and
// [Cell.Row] for numbers that are not invocations. The first Invoke of a warm
// cell is cold, and does not count.
//
// Cells take turns, of ten calls or five seconds, in blocks of a random order,
// so that what drifts while a run lasts meets all of them alike. A turn ends in
// [Cell.More]; a body that does not call it keeps its turn to its end. One body
// runs at a time, so bodies may share variables; t.Parallel in a body is
// refused. After a pause, a warm or sequential cell makes its first batch twice,
// and the first of the two does not count.
//
// A failed invocation is data: it is recorded with its cause and is no part of
// the statistics. A cell without one invocation that counts fails, and so does
// one whose body makes no call. What a sandbox printed that ended without an
// answer is kept in the cell's output.txt.
//
// Start-up, of a cold call ([Invocation.Startup]), is the client's time less the
// time in the queue and in the handler: all that a user waits for besides the
// work itself. Opening a connection to a service is no part of it, since later
// calls find it open. The phases are in the record.
//
// # Reading what was measured
//
// A [Cell] has what it recorded so far, and [Conditions].After, called once for
// each function when its cells have ended, has all of them: the name's values
// ([Recorded.Value]), statistics ([Recorded.Summary], [Recorded.Metric] with
// median, interval and quantiles), the records of calls ([Recorded.Invocations]),
// and the numbers of a metric for package stats ([Recorded.Sample]). A metric is
// named by a constant of package results, or by what the handler measures.
//
// A row belongs to the cell on which [Cell.Row] is called, or with [Measured.Row]
// to the function. This experiment compares memory sizes, writes a series, and
// fails if more memory is slower; without a body, each cell makes batches until
// it has enough:
//
//	package sweep_test
//
//	import (
//		"testing"
//
//		"github.com/sebs-go/sebs/benchmarks"
//		"github.com/sebs-go/sebs/harness"
//		"github.com/sebs-go/sebs/harness/results"
//		_ "github.com/sebs-go/sebs/platforms" // those that the build tags name
//	)
//
//	func TestMain(m *testing.M) { harness.Main(m) }
//
//	func TestMemorySweep(t *testing.T) {
//		sweep := harness.Conditions{Memory: []int{128, 256, 512}, Modes: []harness.Mode{harness.Warm}}
//		sweep.After = func(t *testing.T, m *harness.Measured) {
//			least := m.Cell("memory", "128")
//			for _, cell := range m.Cells() {
//				client := cell.Metric(results.ClientTime)
//				m.Row("memory", map[string]float64{
//					"memory_mb": float64(cell.Memory()), "median_ns": client.Median.Value, "p95_ns": client.Quantile(0.95).Value,
//				})
//				if c := m.Compare(least, cell, results.ClientTime); c.P < 0.01 && c.Ratio.Value > 1.1 {
//					t.Errorf("%d MB: %.2f times the median of 128 MB", cell.Memory(), c.Ratio.Value)
//				}
//			}
//		}
//		harness.Cells(t, benchmarks.All, sweep, nil)
//	}
//
// It runs with
//
//	go test -v -run 'MemorySweep/110.dynamic-html.*python' ./sweep
//
// If -run selects some of the cells only, the hook ends where [Measured.Cell]
// asks for one that was not measured.
//
// All that is computed of a run is made again of its records by make report
// RUN=results/<run>, or in another module by
//
//	go run github.com/sebs-go/sebs/harness/results/report results/<run>
//
// also of a run that was killed. Package results reads runs in a program.
//
// # As a Go benchmark
//
// [BenchCells] does for a testing.B what [Cells] does for a testing.T, and
// benchstat reads what it prints. Its cells follow one another.
//
// The command "go tool benchstat" is there in this module. Another one gets it
// once, in a version of its own choice:
//
//	go get -tool golang.org/x/perf/cmd/benchstat
//	go tool benchstat results/<run>/bench.txt results/<another run>/bench.txt
//
// # A benchmark
//
// A [Benchmark] is a folder (config.json, a folder for each language) with two
// functions: Input stores objects and rows and returns the payload, Check says
// what is wrong with an output. Here is all of one, with an experiment, in a
// module of its own that imports this package and one platform, so that build
// tags choose nothing. Without a TestMain, each top-level test is a run of its
// own, and a -run that names no test passes, as in every Go package; with the
// TestMain of the first experiment, the package is one run, and a misspelt name
// fails, as does one with levels below it.
//
//	package mine
//
//	import (
//		"context"
//		"embed"
//		"encoding/json"
//		"fmt"
//		"testing"
//
//		"github.com/sebs-go/sebs/harness"
//		_ "github.com/sebs-go/sebs/platforms/process"
//	)
//
//	//go:embed config.json all:python
//	var files embed.FS
//
//	var echo = harness.Benchmark{
//		Name:  "900.echo",
//		Files: files,
//		Input: func(_ context.Context, size harness.Size, _ *harness.Store) (any, error) {
//			lengths := map[harness.Size]int{harness.Test: 10, harness.Small: 1000, harness.Large: 100_000}
//			if lengths[size] == 0 {
//				return nil, fmt.Errorf("unknown size %q", size)
//			}
//			return map[string]any{"text": "ab", "times": lengths[size]}, nil
//		},
//		Check: func(_ context.Context, _ harness.Size, payload any, output json.RawMessage, _ *harness.Store) error {
//			event, ok := payload.(map[string]any)
//			if !ok {
//				return fmt.Errorf("the payload is a %T, not what Input returned", payload)
//			}
//			var text string
//			if err := json.Unmarshal(output, &text); err != nil {
//				return err
//			}
//			if want := 2 * event["times"].(int); len(text) != want || text[:2] != "AB" {
//				return fmt.Errorf("the text has %d bytes and begins with %.2q, want %d and AB", len(text), text, want)
//			}
//			return nil
//		},
//	}
//
//	func TestEcho(t *testing.T) {
//		modes := harness.Conditions{Modes: []harness.Mode{harness.Cold, harness.Warm}}
//		harness.Cells(t, []harness.Benchmark{echo}, modes, func(ctx context.Context, t *testing.T, cell *harness.Cell) {
//			for cell.More() {
//				cell.Batch(ctx)
//			}
//		})
//	}
//
// The file config.json beside it, with the seconds that a call may take and the
// MB of memory that it needs:
//
//	{"timeout": 5, "memory": 64, "languages": ["python"], "modules": []}
//
// And python/function.py; what it returns as measurement is a metric of the cell:
//
//	def handler(event):
//	    text = (event["text"] * event["times"]).upper()
//	    return {"result": text, "measurement": {"text_size": len(text)}}
//
// It runs with
//
//	go test -v -run 'Echo/900.echo.*python/cold' .
//
// Functions in other languages, and those that use objects and tables, are in
// the recipe for a benchmark in CONTRIBUTING.md. [SeBS] makes a benchmark of a
// folder written for SeBS, with its input.py; SEBS_BENCHMARKS lists such folders,
// and a folder replaces a built-in benchmark of the same name, unless it needs
// events that only an experiment of SeBS sends.
//
// # Parameters
//
// What has an open range is an environment variable. A variable that begins
// with SEBS_ and is not one of these is an error. What an experiment sets in its
// Conditions holds, and a run says which variable it does not use for that.
//
//	SEBS_MEMORY       MB of functions, a list: 256,512; the benchmark's own, or the next size that the platform has
//	SEBS_SIZE         sizes of inputs, a list: test,small; test
//	SEBS_SAMPLES      bounds of a cell, invocations and time of measuring: 200,60s; 50,20s, and ten batches of calls at once
//	SEBS_CONCURRENCY  calls at once in a batch; 1, and 10 in the mode burst
//	SEBS_ORDER        of cells: interleaved, sequential; interleaved
//	SEBS_SEED         of the order, as run.json has it; a random one
//	SEBS_RESULTS      folder that gets the folder of results, from the module's root; results/ there
//	SEBS_CACHE        folder of built packages and tools; the user's cache folder
//	SEBS_PREFIX       begins the names of all resources, and keeps them for later runs
//	SEBS_KEEP         how long resources of this run are kept: 24h; not at all
//	SEBS_DATA         a checkout of SeBS's data repository, used instead of testdata/
//	SEBS_BENCHMARKS   folders of further benchmarks, a list like PATH
//	SEBS_UPDATE       what to make anew: code, inputs
//	SEBS_USAGE        how long after a cell its usage is waited for, where a platform tells it late: 10m, 0 to ask once
//	SEBS_RUN          the folder of results that make usage asks for; that of the latest run
//
// Platforms declare settings of their own: where a service is, where credentials
// are. make doctor lists those of the linked ones with their values; run.json
// records what is set, without secrets. One of a platform has its name in it,
// SEBS_<PLATFORM>_…, or is a variable that the service's own tools read. Those of
// platforms with containers, and of local:
//
//	SEBS_IMAGES       container images in the place of others, a list: name=image, or a mirror; none
//	SEBS_REGISTRY     where function images are pushed: registry/repository, or "local"; nowhere
//	SEBS_MB_PER_CPU   MB of memory that come with one CPU on local, 0 for no limit; 1769
//
// # Environment
//
// Nothing of the shell's environment reaches functions. Installers, init.sh,
// package.sh and input.py get the variables that say how registries are reached
// (proxies, certificates, indexes and their credentials), and no others beside
// PATH, HOME and those of version managers; package environment has the lists. A
// run names variables that it withholds and whose effect one could expect
// (PYTHONPATH, NODE_OPTIONS, LD_PRELOAD, GOFLAGS), in run.log and as it begins.
//
// # This machine
//
// A run needs 64 open files (ulimit -n), 16 MB for temporary files (TMPDIR) and
// folders for its results and packages that it can write, and says so before
// anything is measured. A folder of results that becomes full ends the run.
//
// # Ending
//
// A run ends before the test binary's deadline, at SIGINT, SIGTERM or SIGPIPE,
// and when its parent go command is gone; what was measured is kept, the cells
// say why they stopped, and what was created is removed. A guard process does
// the same on this machine if the test is killed. What stays if both are, or if
// a platform could not be reached, is in run.json and ledger.jsonl, and is for
// [Sweep], which leaves runs alone that are alive.
//
// The package refuses to interpret what it measures: comparing runs is for
// benchstat and package stats.
package harness
