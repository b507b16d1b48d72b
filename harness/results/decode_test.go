package results

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// TestDecode: lines as this package writes them are decoded without encoding/json,
// others with it, and both the same.
func TestDecode(t *testing.T) {
	var full Invocation
	require.NoError(t, json.Unmarshal(fullInvocation.AppendJSON(nil), &full))
	plain := full
	plain.Detail = "it raised"
	tests := map[string]struct {
		line   string
		want   Invocation
		simple bool
	}{
		"every key":     {string(plain.AppendJSON(nil)), plain, true},
		"zero":          {string(Invocation{}.text()), Invocation{}, true},
		"escapes":       {string(full.AppendJSON(nil)), full, false},
		"blanks":        {`{"seq": 1, "ok": true}`, Invocation{Sequence: 1, OK: true}, false},
		"unknown key":   {`{"seq":1,"machine":"w1"}`, Invocation{Sequence: 1}, false},
		"other case":    {`{"SEQ":1}`, Invocation{Sequence: 1}, false},
		"fraction":      {`{"seq":1,"measurement":{"x":1.5e3}}`, Invocation{Sequence: 1, Measurement: json.RawMessage(`{"x":1.5e3}`)}, true},
		"large":         {`{"sent_us":1234567890123456789}`, Invocation{Sent: 1234567890123456789}, false},
		"format 1":      {`{"seq":1,"sandbox_cpu_ns":5,"sandbox_memory_bytes":7}`, Invocation{Sequence: 1, Usage: &driver.Usage{CPU: 5, MemoryBytes: 7}}, true},
		"format 1, big": {`{"seq": 1,"sandbox_cpu_ns":5}`, Invocation{Sequence: 1, Usage: &driver.Usage{CPU: 5}}, false},
		"no start":      {`{"ok":true,"sandbox":"s","count":2,"client_ns":9}`, Invocation{OK: true, Sandbox: "s", Count: 2, Client: 9, Start: answer.Warm}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var v Invocation
			line := []byte(tt.line)
			if n := len(line); line[n-1] == '\n' {
				line = line[:n-1]
			}
			require.Equal(t, tt.simple, new(decoder).simple(line, &v))
			require.NoError(t, new(decoder).decode(line, &v))
			require.Equal(t, tt.want, v)
			require.NoError(t, (&decoder{numbers: true}).decode(line, &v))
			require.Equal(t, tt.want.Client, v.Client)
			require.Equal(t, tt.want.Start, v.Start)
		})
	}
	for _, line := range []string{``, `{`, `{}x`, `[]`, `{"seq":01}`, `{"seq":1,}`, `{"ok":tru}`, `{"request":"a`, `{"measurement":{"x":}}`, `{"seq":"1"}`} {
		var v Invocation
		require.Error(t, new(decoder).decode([]byte(line), &v), line)
	}
}

func (v Invocation) text() []byte { return v.AppendJSON(nil) }

// FuzzDecode: whatever is decoded without encoding/json is what that would decode.
func FuzzDecode(f *testing.F) {
	f.Add(fullInvocation.AppendJSON(nil))
	f.Add([]byte(`{"seq":-1,"ok":true,"measurement":{"a":[1,"}\""]},"usage":{"cpu_ns":1}}`))
	f.Add([]byte(`{"measurement":[{"a":"\\"}],"sandbox_cpu_ns":3,"detail":"x"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var v Invocation
		if !new(decoder).simple(line, &v) {
			return
		}
		var want struct {
			Invocation
			SandboxCPU    time.Duration `json:"sandbox_cpu_ns"`
			SandboxMemory int64         `json:"sandbox_memory_bytes"`
		}
		require.NoError(t, json.Unmarshal(line, &want), "%q", line)
		if v.Usage != nil { // of either format
			v.Usage, want.Usage = nil, nil
		}
		require.Equal(t, want.Invocation, v, "%q", line)
	})
}

func BenchmarkDecode(b *testing.B) {
	v := fullInvocation
	v.Detail, v.Cause = "", ""
	line := v.AppendJSON(nil)
	line = line[:len(line)-1]
	d := decoder{numbers: true}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.decode(line, &v); err != nil {
			b.Fatal(err)
		}
	}
}
