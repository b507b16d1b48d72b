package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// telling returns a platform that tells some usages whatever it is asked, and
// what it was asked for.
func telling(fails error, all ...driver.Usage) (func([]driver.MeteredCall) iter.Seq2[driver.Usage, error], *[]driver.MeteredCall) {
	var asked []driver.MeteredCall
	return func(calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
		asked = append(asked, calls...)
		return func(yield func(driver.Usage, error) bool) {
			for _, u := range all {
				if !yield(u, nil) {
					return
				}
			}
			if fails != nil {
				yield(driver.Usage{}, fails)
			}
		}
	}, &asked
}

// usages returns what is known of each record.
func usages(t *testing.T, c *Cell) []*driver.Usage {
	t.Helper()
	var all []*driver.Usage
	for v, err := range c.Invocations() {
		require.NoError(t, err)
		all = append(all, v.Usage)
	}
	return all
}

// meteredCell records a call whose usage came with its answer, and three others.
func meteredCell(t *testing.T) *Recorder {
	t.Helper()
	r := testCell(t, "110.dynamic-html", "warm", Header{Concurrency: 1, Samples: 50, Metered: true})
	for i, id := range []string{"p0", "p1", "p2", ""} {
		v := Invocation{Sequence: i, Batch: i, Request: fmt.Sprint("r", i), OK: true, Counted: true, PlatformRequest: id, Sent: 1_000_000, Client: 5}
		if i == 0 {
			v.Usage = &driver.Usage{Billed: 100, CPU: 7}
		}
		require.NoError(t, r.Record(&v))
	}
	return r
}

// TestUsage: what the platform tells later is joined to the records it is of, as
// often as it is asked, and what is missing is counted.
func TestUsage(t *testing.T) {
	r := meteredCell(t)
	s, err := r.Summary()
	require.NoError(t, err)
	require.Equal(t, 3, s.UsageMissing)

	nothing, asked := telling(nil, driver.Usage{PlatformRequest: "other", Billed: 9}, driver.Usage{Billed: 9})
	found, missing, err := r.AskUsage(nothing)
	require.NoError(t, err)
	require.Zero(t, found)
	require.Equal(t, 3, missing)
	require.NoFileExists(t, filepath.Join(r.Dir, usageFile))
	sent := time.UnixMicro(1_000_000)
	require.Equal(t, []driver.MeteredCall{
		{Request: "r1", PlatformRequest: "p1", Sent: sent, Received: sent.Add(5)},
		{Request: "r2", PlatformRequest: "p2", Sent: sent, Received: sent.Add(5)},
		{Request: "r3", Sent: sent, Received: sent.Add(5)},
	}, *asked)

	// By either id; what is told twice, or came with the answer, is not taken again.
	some, _ := telling(nil, driver.Usage{PlatformRequest: "p2", Billed: 300, Init: 4}, driver.Usage{PlatformRequest: "p2", Billed: 999}, driver.Usage{PlatformRequest: "p0", Billed: 1})
	found, missing, err = r.AskUsage(some)
	require.NoError(t, err)
	require.Equal(t, 1, found)
	require.Equal(t, 2, missing)
	away := errors.New("the service is away")
	more, asked := telling(away, driver.Usage{Request: "r3", Billed: 200})
	found, missing, err = r.AskUsage(more)
	require.ErrorIs(t, err, away)
	require.Equal(t, 1, found, "what was told before is kept")
	require.Equal(t, 1, missing)
	require.Len(t, *asked, 2, "what is known is not asked for")

	require.Equal(t, []*driver.Usage{{Billed: 100, CPU: 7}, nil, {Billed: 300, Init: 4}, {Billed: 200}}, usages(t, r.Cell))
	data, err := os.ReadFile(filepath.Join(r.Dir, usageFile))
	require.NoError(t, err)
	require.Equal(t, `{"seq":2,"request":"r2","platform_request":"p2","init_ns":4,"billed_ns":300}
{"seq":3,"request":"r3","billed_ns":200}
`, string(data))

	s, err = r.Report()
	require.NoError(t, err)
	require.Equal(t, 1, s.UsageMissing)
	billed := s.Metric(BilledTime)
	require.Equal(t, 3, billed.N)
	require.Equal(t, []float64{100, 300}, []float64{billed.Min, billed.Max}, "what came with the answer holds")
	require.Equal(t, 1, s.Metric(PlatformInit).N)
	text, err := os.ReadFile(filepath.Join(r.Dir, "summary.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"usage_missing": 1`)
}

// TestUsageInParts: what came with an answer holds, and what was billed is asked
// for if it did not come.
func TestUsageInParts(t *testing.T) {
	r := testCell(t, "110.dynamic-html", "warm", Header{Concurrency: 1, Samples: 50, Metered: true})
	for i, u := range []*driver.Usage{{Duration: 5, CPU: 3}, {Duration: 6, Billed: 100}, nil} {
		require.NoError(t, r.Record(&Invocation{Sequence: i, Batch: i, Request: fmt.Sprint("r", i), OK: true, Counted: true, Usage: u}))
	}
	ask, asked := telling(nil, driver.Usage{Request: "r0", Duration: 9, Init: 4, Billed: 100, MemoryBytes: 7})
	found, missing, err := r.AskUsage(ask)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 2}, []int{found, missing, len(*asked)})
	require.Equal(t, []*driver.Usage{{Duration: 5, CPU: 3, Init: 4, Billed: 100, MemoryBytes: 7}, {Duration: 6, Billed: 100}, nil}, usages(t, r.Cell))
	s, err := r.Summary()
	require.NoError(t, err)
	require.Equal(t, 1, s.UsageMissing)
}

// TestDamagedUsage: a last line that was torn is left out, any other damage is
// said.
func TestDamagedUsage(t *testing.T) {
	const whole = `{"seq":1,"billed_ns":5}` + "\n"
	for name, tt := range map[string]struct{ text, err string }{
		"torn":         {whole + `{"seq":2,"bil`, ""},
		"no JSON":      {whole + "x\n", "usage.jsonl:2: invalid character"},
		"order":        {whole + whole, "usage.jsonl:2: seq 1 follows seq 1"},
		"other number": {`{"seq":"1"}` + "\n", "usage.jsonl:1:"},
		"of nobody":    {`{"seq":0,"billed_ns":7}` + "\n" + whole + `{"seq":9,"billed_ns":7}` + "\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := meteredCell(t)
			require.NoError(t, os.WriteFile(filepath.Join(r.Dir, usageFile), []byte(tt.text), 0o644))
			var err error
			var got []*driver.Usage
			for v, failed := range r.Invocations() {
				err = errors.Join(err, failed)
				got = append(got, v.Usage)
			}
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				require.ErrorContains(t, err, "delete the file")
				ask, _ := telling(nil, driver.Usage{Request: "r3", Billed: 5})
				_, _, err := r.AskUsage(ask)
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []*driver.Usage{{Billed: 100, CPU: 7}, {Billed: 5}, nil, nil}, got)
		})
	}
}

func FuzzUsage(f *testing.F) {
	f.Add([]byte(`{"seq":1,"billed_ns":5}` + "\n"))
	f.Add([]byte("{\"seq\":2}\n{\"seq\":1}\n"))
	f.Add([]byte(`{"seq":1e99}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := meteredCell(t)
		require.NoError(t, os.WriteFile(filepath.Join(r.Dir, usageFile), text, 0o644))
		n := 0
		for _, err := range r.Invocations() {
			if err == nil {
				n++
			}
		}
		require.LessOrEqual(t, n, 4)
	})
}

// TestUsageOfManyCalls: a hundred thousand records are joined a part at a time,
// in little memory, whatever the order in which the platform tells.
func TestUsageOfManyCalls(t *testing.T) {
	const n = 100_000
	r := testCell(t, "110.dynamic-html", "warm", Header{Concurrency: 1, Samples: 50, Metered: true})
	id := func(i int) string { return fmt.Sprintf("3f2a9c1e-0000-4000-8000-%012d", i) }
	for i := range n {
		v := Invocation{Sequence: i, Batch: i, Request: fmt.Sprint("r", i), OK: true, Counted: true, PlatformRequest: id(i), Client: 5}
		require.NoError(t, r.Record(&v))
	}
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before, most := heap(), 0
	ask := func(odd bool) (found int) {
		found, _, err := r.AskUsage(func(calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
			require.LessOrEqual(t, len(calls), mostAsked)
			most = max(most, heap()-before)
			return func(yield func(driver.Usage, error) bool) {
				for i := len(calls) - 1; i >= 0; i-- {
					c := calls[i]
					if (c.PlatformRequest[len(c.PlatformRequest)-1]%2 == 1) == odd && !yield(driver.Usage{PlatformRequest: c.PlatformRequest, Billed: 9}, nil) {
						return
					}
				}
			}
		})
		require.NoError(t, err)
		return found
	}
	require.Equal(t, n/2, ask(true))
	require.Equal(t, n/2, ask(false))
	require.Less(t, most, 16<<20, "bytes")
	s, err := r.Summary()
	require.NoError(t, err)
	require.Zero(t, s.UsageMissing)
	require.Equal(t, n, s.Metric(BilledTime).N)

	data, err := os.ReadFile(filepath.Join(r.Dir, usageFile))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	require.Len(t, lines, n)
	var last later
	require.NoError(t, json.Unmarshal([]byte(lines[n-1]), &last))
	require.Equal(t, later{Sequence: n - 1, Usage: driver.Usage{Request: fmt.Sprint("r", n-1), PlatformRequest: id(n - 1), Billed: 9}}, last)
}
