package sim_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/sim"
)

// open opens a platform on a world of its own, for the life of the test.
func open(tb testing.TB, o sim.Options) *sim.Platform {
	tb.Helper()
	if o.World == nil {
		o.World = sim.NewWorld()
	}
	p := sim.New(driver.Run{ID: "run1", Prefix: "ab", Log: io.Discard}, o)
	tb.Cleanup(func() { require.NoError(tb, p.Close(context.Background())) })
	return p
}

// spec returns the spec of a function.
func spec(trigger driver.Trigger) driver.Spec {
	return driver.Spec{
		Name: "ab-f", Benchmark: "000.model", Runtime: driver.Runtime{Language: "sim", Version: "1"},
		Architecture: driver.X64, Kind: driver.Archive, Trigger: trigger,
		Memory: 128, Timeout: time.Minute,
	}
}

// deploy builds and deploys a model.
func deploy(tb testing.TB, p driver.Platform, s driver.Spec, model string) driver.Endpoint {
	tb.Helper()
	dir := tb.TempDir()
	require.NoError(tb, os.WriteFile(filepath.Join(dir, sim.ModelFile), []byte(model), 0o644))
	pkg, err := p.Build(tb.Context(), dir, s, io.Discard)
	require.NoError(tb, err)
	pkg.Dir, pkg.Digest = dir, model
	target, err := p.Deploy(tb.Context(), s, pkg)
	require.NoError(tb, err)
	ep, err := p.Endpoint(tb.Context(), target)
	require.NoError(tb, err)
	return ep
}

func parse(tb testing.TB, model string) *sim.Model {
	tb.Helper()
	m, err := sim.ParseModel([]byte(model))
	require.NoError(tb, err)
	return m
}

// What the client measures is what the model says: exactly for every single
// call, and within the error of sampling for the distribution.
func TestMeasuredAgreesWithModel(t *testing.T) {
	models := map[string]string{
		"constant":  `{"seed":1, "start":"80ms", "init":"20ms", "cold":{"constant":"30ms"}, "warm":{"constant":"4ms"}}`,
		"lognormal": `{"seed":2, "start":"80ms", "init":"20ms", "cold":{"lognormal":{"median":"40ms","sigma":0.2}}, "warm":{"lognormal":{"median":"9ms","sigma":0.5}}}`,
		"bimodal": `{"seed":3, "start":"80ms", "init":"20ms", "cold":{"constant":"30ms"}, "warm":{"mixture":[
			{"weight":0.7,"of":{"lognormal":{"median":"5ms","sigma":0.1}}},
			{"weight":0.3,"of":{"lognormal":{"median":"50ms","sigma":0.1}}}]}}`,
		"heavy tail": `{"seed":4, "start":"80ms", "init":"20ms", "cold":{"constant":"30ms"}, "warm":{"pareto":{"scale":"3ms","alpha":1.2,"cap":"5s"}}}`,
	}
	for name, text := range models {
		t.Run(name, func(t *testing.T) {
			m := parse(t, text)
			synctest.Test(t, func(t *testing.T) {
				p := open(t, sim.Options{})
				client, err := invoke.New(deploy(t, p, spec(driver.HTTP), text))
				require.NoError(t, err)
				defer client.Close()

				// Every 25th call finds the sandboxes retired.
				const calls, every = 5000, 25
				var warm []time.Duration
				cold := 0
				for n := range calls {
					if n%every == 0 {
						require.NoError(t, p.Retire(t.Context(), "ab-f"))
					}
					x := client.Call(t.Context(), fmt.Appendf(nil, `{"request-id":"r%d"}`, n))
					require.Nil(t, x.Failure)
					a, err := answer.Parse(x.Reply.Body)
					require.NoError(t, err)
					require.Equal(t, fmt.Sprintf("r%d", n), a.Request)

					draw := m.Draw(uint64(n))
					if a.Cold {
						cold++
						require.False(t, x.Reused)
						require.Equal(t, 80*time.Millisecond, x.Phases.Connect)
						require.Equal(t, draw.Cold+100*time.Millisecond, x.Total)
						require.EqualValues(t, 20_000, a.Init)
						require.EqualValues(t, draw.Cold, a.Handler)
						continue
					}
					require.True(t, x.Reused)
					require.Equal(t, draw.Warm, x.Total)
					require.EqualValues(t, draw.Warm, a.Handler)
					warm = append(warm, x.Total)
				}
				require.Equal(t, calls/every, cold)
				requireQuantiles(t, &m.Warm, warm)
			})
		})
	}
}

// requireQuantiles requires that the median and the 99th percentile of a sample
// are within four standard errors of the distribution's, in terms of
// probability: the share of the sample up to the true quantile is binomial.
func requireQuantiles(t *testing.T, d *sim.Distribution, sample []time.Duration) {
	t.Helper()
	slices.Sort(sample)
	n := float64(len(sample))
	for _, p := range []float64{0.5, 0.99} {
		q := d.Quantile(p)
		got, _ := slices.BinarySearch(sample, q+1)
		slack := 4 * math.Sqrt(p*(1-p)/n)
		require.InDelta(t, d.CDF(q), float64(got)/n, slack, "P(X <= %v) for p%v", q, 100*p)
	}
}

// Concurrent calls each start a sandbox, and those that find no place queue.
func TestColdFractionOfBursts(t *testing.T) {
	const model = `{"seed":7, "start":"100ms", "warm":{"constant":"10ms"}, "cold":{"constant":"10ms"}, "sandboxes":4, "keep_alive":"1s"}`
	synctest.Test(t, func(t *testing.T) {
		p := open(t, sim.Options{})
		client, err := invoke.New(deploy(t, p, spec(driver.HTTP), model))
		require.NoError(t, err)
		defer client.Close()

		burst := func(k int) (cold int) {
			starts := make(chan bool, k)
			for range k {
				go func() {
					x := client.Call(t.Context(), []byte(`{}`))
					a, err := answer.Parse(x.Reply.Body)
					starts <- x.Failure == nil && err == nil && a.Cold
				}()
			}
			for range k {
				if <-starts {
					cold++
				}
			}
			return cold
		}
		require.Equal(t, 4, burst(4), "all places are free")
		require.Equal(t, 0, burst(4), "all sandboxes are idle")
		time.Sleep(999 * time.Millisecond)
		require.Equal(t, 0, burst(4), "all sandboxes are kept alive")
		time.Sleep(1001 * time.Millisecond)
		require.Equal(t, 3, burst(3), "all sandboxes were evicted")
	})
}

func TestQueueTime(t *testing.T) {
	const model = `{"seed":7, "start":"100ms", "cold":{"constant":"50ms"}, "sandboxes":1}`
	synctest.Test(t, func(t *testing.T) {
		p := open(t, sim.Options{})
		ep := deploy(t, p, spec(driver.HTTP), model)
		first, err := invoke.New(ep)
		require.NoError(t, err)
		second, err := invoke.New(ep)
		require.NoError(t, err)
		defer second.Close()

		done := make(chan invoke.Exchange)
		go func() {
			x := first.Call(t.Context(), []byte(`{}`))
			first.Close()
			done <- x
		}()
		synctest.Wait()
		x := second.Call(t.Context(), []byte(`{}`))
		require.Nil(t, x.Failure)
		require.Nil(t, (<-done).Failure)
		require.Equal(t, 150*time.Millisecond, x.Phases.Queue)
		require.Equal(t, 100*time.Millisecond, x.Phases.Connect)
		require.Equal(t, 300*time.Millisecond, x.Total)
	})
}
