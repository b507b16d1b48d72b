package results

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/bar"
)

// TestBars: the report of a run of a million records takes at most 10 s and 300 MB,
// of calls made one by one and in batches, with a measurement in each.
func TestBars(t *testing.T) {
	bar.Named(t)
	for _, k := range []int{1, 200} {
		name := fmt.Sprintf("report of a million, %d at once", k)
		t.Run(name, func(t *testing.T) {
			const n = 1_000_000
			folder := t.TempDir()
			m := Manifest{Format: Format, ID: "rabcdefghijklm", Started: time.Now(), Finished: time.Now()}
			require.NoError(t, m.Write(folder))
			r, err := CreateCell(folder, "TestBars", Name{{"platform", "process"}, {"benchmark", "b"}}, Name{{"mode", "sequential"}}, Header{Place: 1, Concurrency: k, Samples: n})
			require.NoError(t, err)
			for i := range n {
				d := time.Duration(1_000_000 + i*7919%1_000_003)
				require.NoError(t, r.Record(&Invocation{
					Sequence: i, Block: 1, Batch: i / k, Request: fmt.Sprintf("rabcdefghijklm-%d", i), OK: true, Counted: true,
					Sent: 1_750_000_000_000_000 + int64(i)*1000, Client: d, Send: 20_000, FirstByte: d - 30_000, LastByte: 10_000, Reused: i > 0, Status: 200, Bytes: 512,
					Begin: 1_750_000_000_000_100 + int64(i)*1000, End: 1_750_000_000_000_900 + int64(i)*1000, Handler: d / 2, Init: 8, Boot: 1_750_000_000_000_000,
					Sandbox: "0123456789abcdef", Start: answer.Warm, Worker: "0123456789abcdef", Count: int64(i + 2), CPU: 10, Memory: 30_000_000,
					Measurement: json.RawMessage(`{"compute_time": 12.5, "text_size": 1000}`),
				}))
			}
			require.NoError(t, r.Rest())
			var took time.Duration
			grown := bar.Memory(t, func() {
				start := time.Now()
				_, err := Report(folder)
				took = time.Since(start)
				require.NoError(t, err)
			})
			bar.AtMost(t, name, took.Seconds(), 10, "s")
			bar.AtMost(t, "memory of it", grown, 300, "MB")
		})
	}
}
