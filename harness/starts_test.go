package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/harness/results"
)

// TestStartsAreToldApart: of a service that starts sandboxes ahead, and loses
// processes but not their sandboxes, a cold cell counts only what is cold and a
// warm one only what is warm; the others are counted by name.
func TestStartsAreToldApart(t *testing.T) {
	const n = 2000
	model := func(more string) string {
		return `{"seed": 9, "copy": "n", "warm": {"constant": "5ms"}, "cold": {"constant": "80ms"}, "start": "300ms", "init": "200ms"` + more + `}`
	}
	tests := []struct {
		name   string
		mode   Mode
		model  string
		starts map[answer.Start]float64 // fractions
		counts answer.Start             // empty: all
	}{
		{"ahead", Cold, model(`, "ahead": 0.3`), map[answer.Start]float64{answer.Cold: 0.7, answer.Proactive: 0.3}, answer.Cold},
		{"reload", Warm, model(`, "reload": 0.2`), map[answer.Start]float64{answer.Warm: 0.8, answer.Suppressed: 0.2}, answer.Warm},
		{"both", Warm, model(`, "reload": 0.2, "ahead": 1`), map[answer.Start]float64{answer.Warm: 0.8, answer.Suppressed: 0.2}, answer.Warm},
		{"reload sequential", Sequential, model(`, "reload": 0.2`), map[answer.Start]float64{answer.Warm: 0.8, answer.Suppressed: 0.2}, ""},
		{"burst", Burst, model(`, "ahead": 0.3`), map[answer.Start]float64{answer.Cold: 0.7, answer.Proactive: 0.3}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := simCell(t, tt.model, tt.mode, driver.HTTP, parameters{MaxSamples: n, MaxTime: 24 * time.Hour})
				for range n / c.k {
					c.Batch(t.Context())
				}
				require.NoError(t, c.close())
				s := c.Summary()
				require.Empty(t, s.Failures)
				for start, p := range tt.starts {
					require.InDelta(t, p*n, s.Starts[start], 4*20.5+1, start) // sqrt(2000·0.3·0.7) = 20.5
				}
				records, err := results.ReadInvocations(os.DirFS(c.recorder.Dir), "invocations.jsonl")
				require.NoError(t, err)
				counted := 0
				for _, v := range records {
					require.Equal(t, tt.counts == "" || v.Start == tt.counts, v.Counted, "%+v", v)
					told := answer.Answer{Begin: v.Begin, Boot: v.Boot, Handler: int64(v.Handler), Cold: v.Cold, Count: v.Count}
					require.Equal(t, told.Start(v.Client), v.Start, "by what is in the record")
					if v.Counted {
						counted++
					}
					switch v.Start {
					case answer.Cold:
						require.InDelta(t, 500e6, v.Startup(), 1e6, "all of its start")
					case answer.Proactive:
						require.Less(t, v.Client, 100*time.Millisecond)
						require.True(t, v.Cold, "the sandbox's first call")
						require.Zero(t, v.Startup())
					case answer.Suppressed:
						require.InDelta(t, 280e6, v.Client, 1e6, "init and the first handler, without a start")
						require.True(t, v.WorkerCold)
						require.False(t, v.Cold)
					}
				}
				require.Equal(t, counted, s.Counted)
				if tt.mode == Cold {
					require.Equal(t, s.Counted, s.Cold)
					require.Equal(t, s.Counted, s.Metric(results.StartupTime).N)
					table := results.Table(&results.Manifest{}, []*results.Summary{s})
					require.Contains(t, table, fmt.Sprintf("answers that were %d proactive do not count; proactive: the platform had begun to start the sandbox before the call", s.Starts[answer.Proactive]))
				}
			})
		})
	}
}

// TestColdSingleCalls: a warm cell tells of single calls whose answers were
// cold, and not of the batch that warms it up.
func TestColdSingleCalls(t *testing.T) {
	for _, tt := range []struct {
		mode  Mode
		calls func(ctx context.Context, c *Cell)
		want  string // empty: nothing is told
	}{
		{Warm, func(ctx context.Context, c *Cell) { c.Invoke(ctx) }, "mode=warm: 1 cold answer is not counted in a warm cell\n"},
		{Warm, func(ctx context.Context, c *Cell) { c.Invoke(ctx); _ = c.Retire(ctx); c.Invoke(ctx) }, "mode=warm: 2 cold answers are not counted in a warm cell\n"},
		{Warm, func(ctx context.Context, c *Cell) { c.Batch(ctx) }, ""},
		{Sequential, func(ctx context.Context, c *Cell) { c.Invoke(ctx) }, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := simCell(t, `{"copy": "n", "cold": {"constant": "1ms"}, "warm": {"constant": "1ms"}}`, tt.mode, driver.HTTP, parameters{MaxSamples: 9, MaxTime: time.Hour})
			tt.calls(t.Context(), c)
			c.Invoke(t.Context())
			require.NoError(t, c.close())
			table := results.Table(&results.Manifest{}, []*results.Summary{c.Summary()})
			if tt.want == "" {
				require.NotContains(t, table, "not counted")
			} else {
				require.Contains(t, table, tt.want)
			}
		})
	}
}

// TestStartOfOldRecords: records from before the key start get it from what
// they have.
func TestStartOfOldRecords(t *testing.T) {
	line := `{"seq":0,"ok":true,"client_ns":300000000,"begin_us":1700000000290000,"end_us":1700000000299000,"handler_ns":9000000,"boot_us":%d,"sandbox":"s","cold":%t,"worker":"w","count":%d}`
	for want, text := range map[answer.Start]string{
		answer.Cold:       fmt.Sprintf(line, 1700000000100000, true, 1),
		answer.Warm:       fmt.Sprintf(line, 1700000000100000, false, 2),
		answer.Proactive:  fmt.Sprintf(line, 1699999900100000, true, 1),
		answer.Suppressed: fmt.Sprintf(line, 1700000000100000, false, 1),
		"":                `{"seq":0,"ok":false,"cause":"network"}`,
	} {
		all, err := results.ReadInvocations(fstest.MapFS{"invocations.jsonl": {Data: []byte(text + "\n")}}, "invocations.jsonl")
		require.NoError(t, err)
		require.Equal(t, want, all[0].Start)
		require.Zero(t, all[0].Block)
	}
}

// TestImpossibleAnswers: what cannot be is a failure with the cause protocol,
// and no part of the statistics.
func TestImpossibleAnswers(t *testing.T) {
	tests := []struct {
		name string
		lie  func(call int, a *answer.Answer)
		want string // of the third call's detail
	}{
		{"the truth", func(int, *answer.Answer) {}, ""},
		{"handler of years", func(_ int, a *answer.Answer) { a.Handler = 9e17 }, "handler_ns is"},
		{"handler of twice the call", func(_ int, a *answer.Answer) { a.Handler = 2 * int64(time.Second) }, "handler_ns is"},
		{"begin in another century", func(_ int, a *answer.Answer) { a.Begin += 1e15; a.End += 1e15 }, "begin_us is"},
		{"memory", func(_ int, a *answer.Answer) { a.Memory = 9e17 }, "memory_bytes is"},
		{"one sandbox called cold by all", func(_ int, a *answer.Answer) { a.Sandbox = "always" }, "the sandbox always answered cold before"},
		{"a sandbox that had answered", func(call int, a *answer.Answer) {
			a.Sandbox = "early"
			if call < 2 {
				a.Cold = false
			}
		}, "the sandbox early answered before the call was made"},
		{"cold on a used connection", func(_ int, a *answer.Answer) {
			a.Cold, a.WorkerCold, a.Count, a.Sandbox = true, true, 1, fmt.Sprint(a.Begin)
		}, "the connection, which is its sandbox, has served before"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mode := Cold
			if strings.Contains(tt.name, "connection") {
				mode = Sequential
			}
			c := simCell(t, `{"copy": "n", "cold": {"constant": "1ms"}, "warm": {"constant": "1ms"}}`, mode, driver.HTTP, parameters{MaxSamples: 9, MaxTime: time.Hour})
			lying(t, c, tt.lie)
			for range 3 {
				c.Batch(t.Context())
			}
			require.NoError(t, c.close())
			all, err := results.ReadInvocations(os.DirFS(c.recorder.Dir), "invocations.jsonl")
			require.NoError(t, err)
			require.Equal(t, tt.want == "", all[2].OK, "%+v", all[2])
			require.Contains(t, all[2].Detail, tt.want)
			if tt.want != "" {
				require.Equal(t, driver.Protocol, all[2].Cause)
				require.False(t, all[2].Counted)
			}
		})
	}
}

// lying makes what the cell's function answers go through lie.
func lying(t *testing.T, c *Cell, lie func(call int, a *answer.Answer)) {
	t.Helper()
	target, err := c.fn.on.Deploy(t.Context(), c.spec, c.fn.built.Package)
	require.NoError(t, err)
	endpoint, err := c.fn.on.Endpoint(t.Context(), target)
	require.NoError(t, err)
	decode, calls := endpoint.Decode, 0
	endpoint.Decode = func(ctx context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
		reply, _, err := decode(ctx, r)
		require.NoError(t, err)
		a, err := answer.Parse(reply.Body)
		require.NoError(t, err)
		lie(calls, &a)
		calls++
		reply.Body, err = json.Marshal(a)
		return reply, nil, err
	}
	c.client, err = invoke.New(endpoint)
	require.NoError(t, err)
}
