package harness

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadParameters(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want func(*parameters)
		err  string
	}{
		{name: "defaults", want: func(*parameters) {}},
		{name: "memory", env: map[string]string{"SEBS_MEMORY": "256, 512"}, want: func(p *parameters) { p.Memory = []int{256, 512} }},
		{name: "sizes", env: map[string]string{"SEBS_SIZE": "small,large"}, want: func(p *parameters) { p.Sizes = []Size{Small, Large} }},
		{name: "no size", env: map[string]string{"SEBS_SIZE": " ,"}, want: func(*parameters) {}},
		{name: "samples", env: map[string]string{"SEBS_SAMPLES": "200"}, want: func(p *parameters) { p.MaxSamples = 200 }},
		{name: "time", env: map[string]string{"SEBS_SAMPLES": "60s"}, want: func(p *parameters) { p.MaxTime = time.Minute }},
		{name: "both", env: map[string]string{"SEBS_SAMPLES": "200,1m"}, want: func(p *parameters) { p.MaxSamples, p.MaxTime = 200, time.Minute }},
		{name: "concurrency", env: map[string]string{"SEBS_CONCURRENCY": "50"}, want: func(p *parameters) { p.Concurrency = 50 }},
		{name: "order", env: map[string]string{"SEBS_ORDER": "sequential"}, want: func(p *parameters) { p.Sequential = true }},
		{name: "default order", env: map[string]string{"SEBS_ORDER": "interleaved"}, want: func(*parameters) {}},
		{name: "seed", env: map[string]string{"SEBS_SEED": "4294967295"}, want: func(p *parameters) { p.Seed = 4294967295 }},
		{name: "prefix", env: map[string]string{"SEBS_PREFIX": "mine1"}, want: func(p *parameters) { p.Prefix = "mine1" }},
		{name: "keep", env: map[string]string{"SEBS_KEEP": "24h"}, want: func(p *parameters) { p.Keep = 24 * time.Hour }},
		{name: "update", env: map[string]string{"SEBS_UPDATE": "code,inputs"}, want: func(p *parameters) { p.Update = []string{"code", "inputs"} }},
		{name: "unknown size", env: map[string]string{"SEBS_SIZE": "huge"}, err: `SEBS_SIZE=huge: unknown size "huge"; there are test, small, large`},
		{name: "memory of words", env: map[string]string{"SEBS_MEMORY": "lots"}, err: `SEBS_MEMORY=lots: "lots" is not a memory size in MB`},
		{name: "no samples", env: map[string]string{"SEBS_SAMPLES": "0"}, err: "SEBS_SAMPLES=0: 0 is not from 1"},
		{name: "samples of words", env: map[string]string{"SEBS_SAMPLES": "many"}, err: "neither a number of invocations nor a time such as 60s"},
		{name: "concurrency", env: map[string]string{"SEBS_CONCURRENCY": "-1"}, err: "SEBS_CONCURRENCY=-1"},
		{name: "unknown order", env: map[string]string{"SEBS_ORDER": "random"}, err: "SEBS_ORDER=random: unknown order; there are interleaved, sequential"},
		{name: "no seed", env: map[string]string{"SEBS_SEED": "0"}, err: "SEBS_SEED=0: want a number from 1 to 4294967295"},
		{name: "seed of words", env: map[string]string{"SEBS_SEED": "luck"}, err: "SEBS_SEED=luck: want a number from 1 to 4294967295"},
		{name: "prefix", env: map[string]string{"SEBS_PREFIX": "My-Run"}, err: "SEBS_PREFIX=My-Run: want 3 to 16 lower-case letters and digits"},
		{name: "keep", env: map[string]string{"SEBS_KEEP": "a day"}, err: "SEBS_KEEP=a day"},
		{name: "update", env: map[string]string{"SEBS_UPDATE": "everything"}, err: `unknown word "everything"`},
		{name: "unlike any", env: map[string]string{"SEBS_TIMEOUT": "3"}, err: `SEBS_TIMEOUT: there is no such parameter; there are SEBS_MEMORY, `},
		{name: "misspelt size", env: map[string]string{"SEBS_SIZE": "tset"}, err: `unknown size "tset" (did you mean "test"?)`},
		{name: "memory twice", env: map[string]string{"SEBS_MEMORY": "256,512, 256"}, err: `SEBS_MEMORY=256,512, 256: "256" is there twice`},
		{name: "two numbers of samples", env: map[string]string{"SEBS_SAMPLES": "100,200"}, err: "SEBS_SAMPLES=100,200: 200 is a second number of invocations"},
		{name: "two times", env: map[string]string{"SEBS_SAMPLES": "10s,20s"}, err: "SEBS_SAMPLES=10s,20s: 20s is a second time of measuring"},
		{name: "two concurrencies", env: map[string]string{"SEBS_CONCURRENCY": "1,2"}, err: `SEBS_CONCURRENCY=1,2: "2" is one too many`},
		{name: "lower case", env: map[string]string{"sebs_size": "small"}, err: `sebs_size: there is no such parameter (did you mean "SEBS_SIZE"?)`},
		{name: "order", env: map[string]string{"SEBS_ORDER": "seqential"}, err: `SEBS_ORDER=seqential: unknown order (did you mean "sequential"?); there are`},
		{name: "no data", env: map[string]string{"SEBS_DATA": "/no/such/folder"}, err: "SEBS_DATA: /no/such/folder is not a folder: name a checkout"},
		{name: "misspelt", env: map[string]string{"SEBS_MEMROY": "256"}, err: `SEBS_MEMROY: there is no such parameter (did you mean "SEBS_MEMORY"?); there are SEBS_MEMORY, `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := map[string]string{"SEBS_CACHE": "/cache"}
			var environ []string
			for k, v := range tt.env {
				env[k] = v
				environ = append(environ, k+"="+v)
			}
			got, err := readParameters(func(k string) string { return env[k] }, environ)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			want := parameters{MaxTime: 20 * time.Second, Cache: "/cache"}
			tt.want(&want)
			require.Equal(t, want, got)
		})
	}
}

func TestConcurrency(t *testing.T) {
	var unset, set parameters
	set.Concurrency = 7
	for mode, want := range map[Mode][2]int{Cold: {1, 7}, Warm: {1, 7}, Burst: {10, 7}, Sequential: {1, 1}} {
		require.Equal(t, want, [2]int{unset.concurrency(mode), set.concurrency(mode)}, mode)
	}
}

// TestResultsFolder: a relative folder is the module's, wherever go test runs.
func TestResultsFolder(t *testing.T) {
	for results, want := range map[string]string{"": "/module/results", "out": "/module/out", "../out/": "/out", "/abs/./out": "/abs/out"} {
		require.Equal(t, want, parameters{Results: results}.resultsFolder("/module"))
	}
}
