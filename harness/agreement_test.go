package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
	"github.com/sebs-go/sebs/harness/stats"
	"github.com/sebs-go/sebs/platforms/sim"
)

// simCell opens a cell of a model, which has its turn, on a run that has
// neither a guard nor signals, so that it works under synctest, where time is
// not real.
func simCell(t *testing.T, model string, mode Mode, trigger driver.Trigger, p parameters) *Cell {
	t.Helper()
	plan := simPlan(t, model, trigger, p, sim.Options{})
	o := newOrder(1, "")
	c := plan.newCell(plan.functions[0], condition{memory: 128, size: Test, mode: mode}, o.join())
	require.NoError(t, c.open(c.ctx))
	o.start()
	c.turn.wait()
	require.NoError(t, c.begin())
	return c
}

// simPlan plans a function of a model, with no conditions yet.
func simPlan(t *testing.T, model string, trigger driver.Trigger, p parameters, options sim.Options) *plan {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, sim.ModelFile), []byte(model), 0o644))

	ctx, cancel := context.WithCancelCause(t.Context())
	r := &run{id: "r0000000", prefix: "r0000000", params: p, seed: 1, folder: t.TempDir(), ctx: ctx, cancel: cancel, progress: &progress{}, sandboxes: newSandboxes()}
	options.World = sim.NewWorld()
	platform := sim.New(driver.Run{ID: r.id, Prefix: r.prefix, Log: io.Discard}, options)
	t.Cleanup(func() { require.NoError(t, platform.Close(context.WithoutCancel(ctx))) })
	on := &openPlatform{Platform: platform, name: "sim", run: r, stores: map[string]*Store{}, inputs: map[string]*input{}}

	b := &Benchmark{
		Name:  "001.model",
		Files: fstest.MapFS{"config.json": {Data: []byte(`{"timeout": 100, "memory": 128, "languages": ["sim"], "modules": []}`)}},
		Input: func(context.Context, Size, *Store) (any, error) { return map[string]int{"n": 7}, nil },
		Check: func(_ context.Context, _ Size, _ any, output json.RawMessage, _ *Store) error {
			require.JSONEq(t, "7", string(output))
			return nil
		},
	}
	functions, err := candidates(t.Context(), "sim", platform.Features(), []Benchmark{*b})
	require.NoError(t, err)
	fn := &plannedFunction{function: functions[0], on: on}
	fn.spec.Trigger = trigger
	fn.built = &built{build.Result{Package: driver.Package{Digest: "d", Kind: driver.Archive, Dir: dir}}}
	return &plan{run: r, tb: t, experiment: "TestModel", functions: []*plannedFunction{fn}}
}

// TestAgreement compares what the harness reports for a model with what the
// model is known to be: median, p99 and fraction of cold starts.
func TestAgreement(t *testing.T) {
	const n = 4000
	models := map[string]string{
		"constant":   `{"seed": 1, "copy": "n", "warm": {"constant": "5ms"}, "cold": {"constant": "80ms"}, "start": "30ms", "init": "10ms"}`,
		"log-normal": `{"seed": 2, "copy": "n", "warm": {"lognormal": {"median": "8ms", "sigma": 0.5}}, "cold": {"lognormal": {"median": "200ms", "sigma": 0.3}}, "start": "50ms", "init": "20ms"}`,
		"bimodal":    `{"seed": 3, "copy": "n", "warm": {"mixture": [{"weight": 0.7, "of": {"constant": "2ms"}}, {"weight": 0.3, "of": {"lognormal": {"median": "40ms", "sigma": 0.2}}}]}, "cold": {"constant": "1s"}}`,
		"heavy tail": `{"seed": 4, "copy": "n", "warm": {"pareto": {"scale": "1ms", "alpha": 1.5, "cap": "10s"}}, "cold": {"pareto": {"scale": "100ms", "alpha": 2, "cap": "20s"}}, "start": "5ms"}`,
	}
	for name, source := range models {
		for _, mode := range []Mode{Cold, Warm} {
			for _, trigger := range []driver.Trigger{driver.HTTP, driver.SDK} {
				t.Run(name+"/"+string(mode)+"/"+string(trigger), func(t *testing.T) {
					model, err := sim.ParseModel([]byte(source))
					require.NoError(t, err)
					synctest.Test(t, func(t *testing.T) {
						c := simCell(t, source, mode, trigger, parameters{MaxSamples: n, MaxTime: 24 * time.Hour})
						for range n {
							c.Batch(t.Context())
						}
						require.NoError(t, c.close())
						agrees(t, c.Summary(), model, mode, n)
					})
				})
			}
		}
	}
}

// agrees checks a summary against its model. The intervals of the quantiles
// are distribution-free at 95 %; seeds are fixed, so the test is too.
func agrees(t *testing.T, s *results.Summary, m *sim.Model, mode Mode, n int) {
	t.Helper()
	require.Equal(t, n, s.Attempts)
	require.Empty(t, s.Failures)
	d, overhead := &m.Warm, time.Duration(0)
	if mode == Cold {
		d, overhead = &m.Cold, time.Duration(m.Start+m.Init)
		require.Equal(t, n, s.Cold, "every call after retiring is cold")
		require.Equal(t, n, s.Counted)
	} else {
		require.Equal(t, 1, s.Cold, "only the first call is cold")
		require.Equal(t, n-1, s.Counted)
		require.Equal(t, 1, s.WrongStart)
	}
	client, handler := s.Metric(results.ClientTime), s.Metric(results.HandlerTime)
	for _, q := range client.Quantiles {
		want := float64(d.Quantile(q.P) + overhead)
		require.True(t, q.Enough || q.P > 0.999, "p%v", q.P)
		if q.P == 0.99 {
			require.LessOrEqual(t, q.Interval.Low, want*1.0001, "p99")
			require.GreaterOrEqual(t, q.Interval.High, want*0.9999, "p99")
		}
	}
	want := float64(d.Quantile(0.5) + overhead)
	require.LessOrEqual(t, client.Median.Interval.Low, want*1.0001, "median")
	require.GreaterOrEqual(t, client.Median.Interval.High, want*0.9999, "median")
	require.InDelta(t, float64(d.Quantile(0.5)), handler.Median.Value, 0.1*float64(d.Quantile(0.5)))
	if mode == Cold {
		startup := s.Metric(results.StartupTime)
		require.InDelta(t, float64(overhead), startup.Median.Value, 1e6, "start-up is start and init, whatever the handler takes")
	}
}

// TestFailuresAreData: calls that fail are recorded with their cause, do not
// count, and end neither the cell nor the sandbox count.
func TestFailuresAreData(t *testing.T) {
	const source = `{"seed": 5, "copy": "n", "warm": {"constant": "1ms"}, "cold": {"constant": "1ms"}, "failures": [
		{"cause": "handler", "probability": 0.1}, {"cause": "timeout", "probability": 0.01}, {"cause": "crash", "probability": 0.02},
		{"cause": "memory", "probability": 0.02}, {"cause": "protocol", "probability": 0.02}, {"cause": "throttled", "probability": 0.02}]}`
	synctest.Test(t, func(t *testing.T) {
		const n = 2000
		c := simCell(t, source, Sequential, driver.HTTP, parameters{MaxSamples: n, MaxTime: 24 * time.Hour})
		for range n {
			c.Batch(t.Context())
		}
		require.NoError(t, c.close())
		s := c.Summary()
		require.Equal(t, n, s.Attempts)
		failed := 0
		for cause, p := range map[driver.Cause]float64{
			driver.Handler: 0.1, driver.TimedOut: 0.01, driver.Crash: 0.02, driver.Memory: 0.02, driver.Protocol: 0.02, driver.Throttled: 0.02,
		} {
			require.InDelta(t, p*n, s.Failures[cause], 4*50*0.3, cause) // within four standard deviations of the largest
			require.Positive(t, s.Failures[cause], cause)
			failed += s.Failures[cause]
		}
		require.Equal(t, n, s.Counted+failed)

		all, err := results.ReadInvocations(os.DirFS(c.recorder.Dir), "invocations.jsonl")
		require.NoError(t, err)
		require.Len(t, all, n, "no failure is dropped")
		for _, v := range all {
			require.Equal(t, v.OK, v.Cause == "")
			require.NotEqual(t, v.OK, v.Detail != "")
		}
	})
}

// TestMoreEnds: every loop over More ends, at a narrow interval, at each bound,
// and for a function that always fails.
func TestMoreEnds(t *testing.T) {
	tests := []struct {
		name   string
		model  string
		mode   Mode
		p      parameters
		counts int
		why    string
	}{
		{"narrow", `{"warm": {"constant": "1ms"}, "cold": {"constant": "1ms"}}`, Sequential, parameters{MaxSamples: 500, MaxTime: time.Hour}, 22, "the interval is narrow enough"},
		{"samples", `{"seed": 1, "warm": {"lognormal": {"median": "10ms", "sigma": 1}}}`, Warm, parameters{MaxSamples: 50, MaxTime: time.Hour}, 50, "50 samples"},
		{"time", `{"seed": 1, "warm": {"lognormal": {"median": "1s", "sigma": 1}}}`, Sequential, parameters{MaxSamples: 5000, MaxTime: 20 * time.Second}, -1, "20s of measuring"},
		{"always failing", `{"failures": [{"cause": "crash", "probability": 1}]}`, Cold, parameters{MaxSamples: 50, MaxTime: time.Hour}, 0, "3 calls failed the same way: crash: as the model says"},
		{"failing half of the time", `{"seed": 3, "cold": {"lognormal": {"median": "10ms", "sigma": 1}}, "failures": [{"cause": "crash", "probability": 0.5}]}`, Cold, parameters{MaxSamples: 20, MaxTime: time.Hour}, 20, "20 samples"},
		{"whole batches", `{"cold": {"lognormal": {"median": "10ms", "sigma": 1}}}`, Cold, parameters{MaxSamples: 7, MaxTime: time.Hour, Concurrency: 3}, 9, "9 samples: 7 were wanted, and batches of 3 are made whole"},
		{"burst", `{"warm": {"constant": "1ms"}, "cold": {"constant": "1ms"}}`, Burst, parameters{MaxSamples: 500, MaxTime: time.Hour}, 130, "the interval is narrow enough"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := simCell(t, tt.model, tt.mode, driver.HTTP, tt.p)
				c.fn.benchmark.Check = nil
				for c.More() {
					c.Batch(t.Context())
				}
				require.NoError(t, c.close())
				require.Equal(t, tt.why, c.Summary().Stopped)
				if tt.counts >= 0 {
					require.Equal(t, tt.counts, c.Summary().Counted)
				}
			})
		})
	}
}

// TestStuck: three failures that are the same end a cell in which nothing
// counts, whatever they number; different ones do not, nor throttling, and later
// it takes a hundred, or ten batches that could not reach a sandbox.
func TestStuck(t *testing.T) {
	fail := func(s *sample, cause driver.Cause, details ...string) {
		for _, d := range details {
			s.add(&Invocation{Invocation: results.Invocation{Batch: s.Attempts, Cause: cause, Detail: d}})
		}
	}
	ok := func(s *sample, counted bool) {
		s.add(&Invocation{Invocation: results.Invocation{Batch: s.Attempts, OK: true, Counted: counted, Uncounted: map[bool]results.Uncounted{false: results.WrongStart}[counted]}})
	}
	tests := []struct {
		name string
		have func(s *sample)
		want string
	}{
		{"none", func(*sample) {}, ""},
		{"two", func(s *sample) { fail(s, driver.Init, "x", "x") }, ""},
		{"three", func(s *sample) { fail(s, driver.Init, "x", "x", "x") }, "3 calls failed the same way: init: x"},
		{"numbers", func(s *sample) { fail(s, driver.Crash, "pid 17 at 0x7fa0", "pid 18 at 0x7fb1", "pid 9 at 0x1a") }, "3 calls failed the same way: crash: pid 17 at 0x7fa0"},
		{"another detail", func(s *sample) { fail(s, driver.Crash, "x", "y", "x", "y") }, ""},
		{"another cause", func(s *sample) { fail(s, driver.Crash, "x", "x"); fail(s, driver.Memory, "x", "x") }, ""},
		{"throttled", func(s *sample) { fail(s, driver.Throttled, "x", "x", "x", "x") }, ""},
		{"after answers of the wrong start", func(s *sample) { ok(s, false); fail(s, driver.Init, "x", "x", "x") }, "3 calls failed the same way: init: x"},
		{"after one that counts", func(s *sample) { ok(s, true); fail(s, driver.Handler, slices.Repeat([]string{"x"}, 99)...) }, ""},
		{"a hundred after one", func(s *sample) { ok(s, true); fail(s, driver.Handler, slices.Repeat([]string{"x"}, 100)...) }, "100 calls failed the same way: handler: x"},
		{"lost after one, nine times", func(s *sample) { ok(s, true); fail(s, driver.Network, slices.Repeat([]string{"x"}, 9)...) }, ""},
		{"lost after one, ten times", func(s *sample) { ok(s, true); fail(s, driver.Network, slices.Repeat([]string{"x"}, 10)...) }, "10 calls failed the same way: network: x"},
		{"lost, and found", func(s *sample) {
			ok(s, true)
			fail(s, driver.Crash, slices.Repeat([]string{"x"}, 10)...)
			ok(s, true)
		}, ""},
		{"a batch of them", func(s *sample) {
			ok(s, true)
			for range 50 {
				s.add(&Invocation{Invocation: results.Invocation{Batch: 1, Cause: driver.Crash, Detail: "x"}})
			}
		}, ""},
		{"with one between", func(s *sample) { fail(s, driver.Init, "x", "x"); ok(s, false); fail(s, driver.Init, "x", "x") }, ""},
	}
	for _, tt := range tests {
		s := newSample()
		tt.have(s)
		require.Equal(t, tt.want, s.stuck(), tt.name)
	}
}

// verdict is a test whose failure is looked at.
type verdict struct {
	testing.TB
	strings.Builder
	failed bool
}

func (v *verdict) Output() io.Writer { return v }
func (v *verdict) Fail()             { v.failed = true }

// TestLostCellFails: a cell that lost its sandbox fails unless it has samples
// that are worth having.
func TestLostCellFails(t *testing.T) {
	for counted, want := range map[int]string{1: "only 1 of 11 invocations count: 10 calls failed the same way: network: x", 9: "only 9 of 19", 10: ""} {
		c := &Cell{plan: &plan{at: "x_test.go:1"}, sample: newSample(), sampler: newSampler(parameters{MaxSamples: 50, MaxTime: time.Hour}, 1)}
		for i := range counted + stuckLost {
			require.True(t, c.sampler.more(c.sample))
			c.sample.add(&Invocation{Invocation: results.Invocation{Batch: i, OK: i < counted, Counted: i < counted, Client: time.Duration(1 << i), Cause: map[bool]driver.Cause{true: driver.Network}[i >= counted], Detail: "x"}})
		}
		require.False(t, c.sampler.more(c.sample))
		v := &verdict{TB: t}
		c.judge(v)
		c.judge(v)
		require.Contains(t, v.String(), want)
		require.Equal(t, want != "", v.failed)
		require.LessOrEqual(t, strings.Count(v.String(), "\n"), 1)
	}
}

// TestWrongOutputFails: an output that the check refuses is a failed
// invocation, never a timing.
func TestWrongOutputFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := simCell(t, `{"result": 8}`, Sequential, driver.HTTP, parameters{MaxSamples: 50, MaxTime: time.Hour})
		c.fn.benchmark.Check = func(context.Context, Size, any, json.RawMessage, *Store) error { return os.ErrInvalid }
		v := c.Invoke(t.Context())
		require.ErrorContains(t, v.Err(), "wrong-output: invalid argument")
		require.True(t, v.Checked)
		require.NoError(t, c.close())
		require.Equal(t, map[driver.Cause]int{driver.WrongOutput: 1}, c.Summary().Failures)
		require.Empty(t, c.Summary().Metrics)
	})
}

// TestTwoCellsOfOneFunction: what is measured twice is found to differ in one of
// twenty comparisons, or less where few p-values are possible; never more often.
func TestTwoCellsOfOneFunction(t *testing.T) {
	for name, model := range map[string]string{
		"log-normal": `{"seed": %d, "warm": {"lognormal": {"median": "10ms", "sigma": 0.3}}}`,
		"ties":       `{"seed": %d, "warm": {"mixture": [{"weight": 0.5, "of": {"constant": "1ms"}}, {"weight": 0.3, "of": {"constant": "2ms"}}, {"weight": 0.2, "of": {"constant": "3ms"}}]}}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			const calls = 4000
			var cells [2][]float64
			for i := range cells {
				c := simCell(t, fmt.Sprintf(model, i+1), Warm, driver.SDK, parameters{MaxSamples: calls, MaxTime: 24 * time.Hour})
				c.fn.benchmark.Check = nil
				for len(cells[i]) < calls {
					if v := c.Batch(t.Context())[0]; v.Counted {
						cells[i] = append(cells[i], float64(v.Client))
					}
				}
				require.NoError(t, c.close())
			}
			for _, n := range []int{5, 20, 50} {
				different := 0
				pairs := calls / n
				for k := range pairs {
					c, err := stats.Compare(cells[0][k*n:(k+1)*n], cells[1][k*n:(k+1)*n], 1)
					require.NoError(t, err)
					if c.P < 0.05 {
						different++
					}
				}
				part, slack := float64(different)/float64(pairs), 3*math.Sqrt(0.05*0.95/float64(pairs))
				require.LessOrEqual(t, part, 0.05+slack, "%s, n=%d", name, n)
				if name == "log-normal" && n > 5 {
					require.GreaterOrEqual(t, part, 0.05-slack, "%s, n=%d", name, n)
				}
			}
		})
	}
}
