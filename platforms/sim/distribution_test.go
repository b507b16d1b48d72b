package sim_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/platforms/sim"
)

func distribution(tb testing.TB, text string) *sim.Distribution {
	tb.Helper()
	var d sim.Distribution
	require.NoError(tb, json.Unmarshal([]byte(text), &d))
	return &d
}

// Expected values by the closed forms: 10*exp(0.5*z) with the quantiles z of the
// standard normal distribution from its tables (1.281552 for 0.9, 2.326348 for
// 0.99), and 3*(1-p)^(-1/1.2).
func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		name, of string
		p, ms    float64
	}{
		{"constant", `{"constant":"10ms"}`, 0.3, 10},
		{"nothing", `{}`, 0.9, 0},
		{"log-normal median", `{"lognormal":{"median":"10ms","sigma":0.5}}`, 0.5, 10},
		{"log-normal p90", `{"lognormal":{"median":"10ms","sigma":0.5}}`, 0.9, 18.979},
		{"log-normal p99", `{"lognormal":{"median":"10ms","sigma":0.5}}`, 0.99, 32.001},
		{"log-normal p01", `{"lognormal":{"median":"10ms","sigma":0.5}}`, 0.01, 3.1249},
		{"log-normal without spread", `{"lognormal":{"median":"10ms","sigma":0}}`, 0.99, 10},
		{"pareto lowest", `{"pareto":{"scale":"3ms","alpha":1.2,"cap":"5s"}}`, 0, 3},
		{"pareto median", `{"pareto":{"scale":"3ms","alpha":1.2,"cap":"5s"}}`, 0.5, 5.3454},
		{"pareto p99", `{"pareto":{"scale":"3ms","alpha":1.2,"cap":"5s"}}`, 0.99, 139.2477},
		{"pareto at its cap", `{"pareto":{"scale":"3ms","alpha":1.2,"cap":"100ms"}}`, 0.99, 100},
		{"mixture of constants", `{"mixture":[{"weight":0.9,"of":{"constant":"1ms"}},{"weight":0.1,"of":{"constant":"9ms"}}]}`, 0.89, 1},
		{"mixture of constants, tail", `{"mixture":[{"weight":0.9,"of":{"constant":"1ms"}},{"weight":0.1,"of":{"constant":"9ms"}}]}`, 0.91, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := distribution(t, c.of).Quantile(c.p)
			require.InEpsilon(t, c.ms+1, float64(got)/1e6+1, 1e-4)
		})
	}
}

// The quantile and the distribution function are each other's inverse, and
// never decrease.
func TestQuantileInvertsCDF(t *testing.T) {
	for name, text := range map[string]string{
		"lognormal": `{"lognormal":{"median":"10ms","sigma":0.5}}`,
		"pareto":    `{"pareto":{"scale":"3ms","alpha":1.2,"cap":"30m"}}`,
		"bimodal":   `{"mixture":[{"weight":0.6,"of":{"lognormal":{"median":"2ms","sigma":0.2}}},{"weight":0.4,"of":{"pareto":{"scale":"20ms","alpha":3,"cap":"30m"}}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := distribution(t, text)
			last := time.Duration(0)
			for i := 1; i < 1000; i++ {
				p := float64(i) / 1000
				q := d.Quantile(p)
				require.GreaterOrEqual(t, q, last)
				require.InDelta(t, p, d.CDF(q), 1e-4, "p = %v", p)
				last = q
			}
			require.Zero(t, d.CDF(-1))
			require.Equal(t, 1.0, d.CDF(sim.Longest))
		})
	}
}

// The draws of a model have its distribution: the largest distance between the
// two distribution functions is below 1.95/sqrt(n), which happens by chance
// once in a thousand (Kolmogorov and Smirnov); the seed is fixed.
func TestDrawsHaveTheDistribution(t *testing.T) {
	const n = 20_000
	for name, text := range map[string]string{
		"lognormal": `{"seed":11,"warm":{"lognormal":{"median":"10ms","sigma":0.5}}}`,
		"pareto":    `{"seed":12,"warm":{"pareto":{"scale":"3ms","alpha":1.2,"cap":"30m"}}}`,
		"bimodal":   `{"seed":13,"warm":{"mixture":[{"weight":0.6,"of":{"lognormal":{"median":"2ms","sigma":0.2}}},{"weight":0.4,"of":{"lognormal":{"median":"20ms","sigma":0.2}}}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			m := parse(t, text)
			counts := make([]int, 100)
			for i := range uint64(n) {
				bin := int(m.Warm.CDF(m.Draw(i).Warm) * 100)
				counts[min(bin, 99)]++
			}
			sum, distance := 0, 0.0
			for i, c := range counts {
				sum += c
				distance = max(distance, math.Abs(float64(sum)/n-float64(i+1)/100))
			}
			require.Less(t, distance, 1.95/math.Sqrt(n))
		})
	}
}

func TestDrawsAreExact(t *testing.T) {
	const text = `{"seed":5,"cold":{"lognormal":{"median":"10ms","sigma":0.5}},"warm":{"pareto":{"scale":"3ms","alpha":2,"cap":"1s"}},
		"failures":[{"cause":"crash","probability":0.25},{"cause":"handler","probability":0.1}]}`
	a, b := parse(t, text), parse(t, text)
	other := parse(t, `{"seed":6`+text[len(`{"seed":5`):])
	differ, causes := 0, map[string]float64{}
	const n = 10_000
	for i := range uint64(n) {
		require.Equal(t, a.Draw(i), b.Draw(i))
		if a.Draw(i).Warm != other.Draw(i).Warm {
			differ++
		}
		causes[string(a.Draw(i).Cause)] += 1.0 / n
	}
	require.Greater(t, differ, n*99/100, "another seed gives other draws")
	require.InDelta(t, 0.25, causes["crash"], 0.02)
	require.InDelta(t, 0.1, causes["handler"], 0.02)
	require.InDelta(t, 0.65, causes[""], 0.02)
}

func TestParseModelRefuses(t *testing.T) {
	for _, c := range []struct{ name, model, error string }{
		{"unknown key", `{"seeds":1}`, "seeds"},
		{"wrong type", `{"seed":"1"}`, "seed"},
		{"two objects", `{} {}`, "nothing after it"},
		{"no object", ``, "EOF"},
		{"a number for a duration", `{"start":5}`, "start"},
		{"a duration without a unit", `{"start":"5"}`, "12.5ms"},
		{"a negative duration", `{"start":"-1s"}`, "0s to 1h"},
		{"too long a duration", `{"start":"2h"}`, "0s to 1h"},
		{"two forms", `{"warm":{"constant":"1s","pareto":{"scale":"1s","alpha":1,"cap":"2s"}}}`, "warm: want only one"},
		{"sigma", `{"cold":{"lognormal":{"median":"1s","sigma":-1}}}`, "cold: lognormal"},
		{"no median", `{"cold":{"lognormal":{"sigma":1}}}`, "positive median"},
		{"alpha", `{"warm":{"pareto":{"scale":"1s","alpha":0,"cap":"2s"}}}`, "alpha"},
		{"cap below scale", `{"warm":{"pareto":{"scale":"1s","alpha":1}}}`, "cap"},
		{"weights", `{"warm":{"mixture":[{"weight":0.5,"of":{}}]}}`, "add up to 0.5"},
		{"weight of nothing", `{"warm":{"mixture":[{"weight":0,"of":{}},{"weight":1,"of":{}}]}}`, "above 0"},
		{"inside a mixture", `{"warm":{"mixture":[{"weight":1,"of":{"lognormal":{}}}]}}`, "part 1"},
		{"sandboxes", `{"sandboxes":-1}`, "negative"},
		{"cause", `{"failures":[{"cause":"boredom","probability":0.1}]}`, "boredom"},
		{"cancelled", `{"failures":[{"cause":"cancelled","probability":0.1}]}`, "cancelled"},
		{"probabilities", `{"failures":[{"cause":"crash","probability":0.7},{"cause":"init","probability":0.7}]}`, "more than 1"},
		{"negative probability", `{"failures":[{"cause":"crash","probability":-0.1}]}`, "probability"},
		{"result and copy", `{"result":1,"copy":"sleep"}`, "only one"},
		{"behaviour", `{"behaviour":"dance"}`, "dance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sim.ParseModel([]byte(c.model))
			require.ErrorContains(t, err, c.error)
		})
	}
}

func FuzzParseModel(f *testing.F) {
	f.Add([]byte(`{"seed":1,"warm":{"lognormal":{"median":"10ms","sigma":0.5}},"cold":{"mixture":[{"weight":1,"of":{"constant":"1s"}}]}}`))
	f.Add([]byte(`{"warm":{"pareto":{"scale":"1ns","alpha":1e-300,"cap":"1h"}},"failures":[{"cause":"init","probability":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := sim.ParseModel(data)
		if err != nil {
			return
		}
		require.True(t, json.Valid(m.Result))
		for n := range uint64(20) {
			d := m.Draw(n)
			require.True(t, d.Warm >= 0 && d.Warm <= sim.Longest && d.Cold >= 0 && d.Cold <= sim.Longest, "%v", d)
		}
		for _, p := range []float64{0, 0.5, 0.99, 1} {
			q := m.Warm.Quantile(p)
			require.True(t, q >= 0 && q <= sim.Longest, "quantile %v is %v", p, q)
		}
	})
}
