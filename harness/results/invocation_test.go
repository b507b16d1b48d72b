package results

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// fullInvocation has every key of the record set.
var fullInvocation = Invocation{
	Sequence: 3, Block: 4, Batch: 2, Request: "r1234567-9", OK: false, Counted: true, Checked: true, Uncounted: Resuming,
	Cause: driver.Handler, Detail: "ValueError: \"quoted\" \\ <é> \u2028",
	Sent: 1_750_000_000_000_001, Client: 12 * time.Millisecond, Queue: 1, DNS: 2, Connect: 3, TLS: 4, Send: 5, FirstByte: 6, LastByte: 7,
	Reused: true, Status: 200, Bytes: 512, PlatformRequest: "p-1",
	Begin: 1_750_000_000_000_002, End: 1_750_000_000_000_009, Handler: 7000, Init: 8, Boot: 9, Sandbox: "s", Cold: true, Start: answer.Proactive,
	Worker: "w", WorkerCold: true, Count: 1, CPU: 10, Memory: 11, Measurement: json.RawMessage(`{"compute_time":1.5}`),
	Intended: 1_750_000_000_000_000, Retire: 12, Poll: 13, Gateway: true,
	Usage: &driver.Usage{Duration: 1, Init: 2, Billed: 3, CPU: 4, MemoryBytes: 5, ConfiguredBytes: 6},
}

func TestInvocationIsWhatJSONWouldBe(t *testing.T) {
	for name, v := range map[string]Invocation{"every key": fullInvocation, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			line := v.AppendJSON(nil)
			want, err := json.Marshal(v)
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(line))

			var back Invocation
			require.NoError(t, json.Unmarshal(line, &back))
			require.Equal(t, v, back)
		})
	}
}

// TestRecordIsOneLine: however a function lays its answer out.
func TestRecordIsOneLine(t *testing.T) {
	v := Invocation{Measurement: json.RawMessage("{\r\n  \"a\": [1,\n 2]\n}")}
	line := v.AppendJSON(nil)
	require.Equal(t, 1, bytes.Count(line, []byte("\n")), string(line))
	require.Contains(t, string(line), `"measurement":{"a":[1,2]}`)
}

// TestReadLongRecords: a record as long as an answer can be is read.
func TestReadLongRecords(t *testing.T) {
	dir := t.TempDir()
	file, err := CreateLines(filepath.Join(dir, "invocations.jsonl"))
	require.NoError(t, err)
	long := Invocation{Measurement: json.RawMessage(`{"a":"` + strings.Repeat("x", 17<<20) + `"}`)}
	require.NoError(t, file.Write(long.AppendJSON))
	require.NoError(t, file.Rest())
	all, err := ReadInvocations(os.DirFS(dir), "invocations.jsonl")
	require.NoError(t, err)
	require.Len(t, all, 1)
}

func FuzzInvocationStrings(f *testing.F) {
	f.Add("plain", "two\nlines", "\xff\xfe")
	f.Fuzz(func(t *testing.T, request, detail, sandbox string) {
		v := Invocation{Request: request, Detail: detail, Sandbox: sandbox}
		var back Invocation
		require.NoError(t, json.Unmarshal(v.AppendJSON(nil), &back))
	})
}

func TestReadInvocations(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "invocations.jsonl")
	file, err := CreateLines(path)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, file.Write(fullInvocation.AppendJSON))
	}
	require.NoError(t, file.Rest())

	all, err := ReadInvocations(os.DirFS(dir), "invocations.jsonl")
	require.NoError(t, err)
	require.Equal(t, []Invocation{fullInvocation, fullInvocation, fullInvocation}, all)

	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	t.Run("a line cut by a kill is dropped", func(t *testing.T) {
		require.NoError(t, os.WriteFile(path, whole[:len(whole)-20], 0o644))
		all, err := ReadInvocations(os.DirFS(dir), "invocations.jsonl")
		require.NoError(t, err)
		require.Len(t, all, 2)
	})
	t.Run("a broken line in the middle is an error", func(t *testing.T) {
		broken := append([]byte("{oops}\n"), whole...)
		require.NoError(t, os.WriteFile(path, broken, 0o644))
		_, err := ReadInvocations(os.DirFS(dir), "invocations.jsonl")
		require.ErrorContains(t, err, "invocations.jsonl:1:")
	})
}

func TestLinesAreNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	first, err := CreateLines(path)
	require.NoError(t, err)
	t.Cleanup(func() { first.Rest() })
	_, err = CreateLines(path)
	require.ErrorIs(t, err, os.ErrExist)
}

func BenchmarkRecord(b *testing.B) {
	file, err := CreateLines(filepath.Join(b.TempDir(), "x.jsonl"))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := file.Write(fullInvocation.AppendJSON); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, file.Rest())
}

// TestStartup: the way to a service's gateway is no part of a start-up, the start
// of a sandbox by the connection is.
func TestStartup(t *testing.T) {
	v := Invocation{OK: true, Start: answer.Cold, Client: 100, Queue: 10, DNS: 1, Connect: 2, TLS: 3, Handler: 50}
	require.EqualValues(t, 40, v.Startup())
	v.Gateway = true
	require.EqualValues(t, 34, v.Startup())
	v.Start = answer.Warm
	require.Zero(t, v.Startup())
}
