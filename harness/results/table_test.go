package results

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// testCell records a cell in a folder of its own.
func testCell(t *testing.T, benchmark, mode string, h Header) *Recorder {
	t.Helper()
	function := Name{{"platform", "process"}, {"benchmark", benchmark}, {"runtime", "python-3.11"}, {"arch", "x64"}, {"package", "archive"}, {"trigger", "http"}}
	r, err := CreateCell(t.TempDir(), "TestPerfCost", function, Name{{"memory", "256"}, {"size", "test"}, {"mode", mode}}, h)
	require.NoError(t, err)
	return r
}

// tableCell returns a summary of n invocations that took ms, ms+1, … each, and
// of one that failed.
func tableCell(t *testing.T, benchmark, mode string, ms, n int) *Summary {
	t.Helper()
	r := testCell(t, benchmark, mode, Header{Concurrency: 1, Samples: 50})
	start := answer.Warm
	if mode == "cold" {
		start = answer.Cold
	}
	for i := range n {
		d := time.Duration(ms+i) * time.Millisecond
		require.NoError(t, r.Record(&Invocation{Sequence: i, Batch: i, OK: true, Counted: true, Client: d, Handler: d / 2, Memory: 30_500_000, Start: start, Cold: mode == "cold", Count: 1}))
	}
	require.NoError(t, r.Record(&Invocation{Sequence: n, Batch: n, Cause: driver.Crash, Detail: "exit status 3"}))
	s, err := r.End(End{Stopped: "that is all"})
	require.NoError(t, err)
	return s
}

func TestTable(t *testing.T) {
	cells := []*Summary{
		tableCell(t, "110.dynamic-html", "cold", 100, 40),
		tableCell(t, "110.dynamic-html", "warm", 1, 100),
		tableCell(t, "210.thumbnailer", "cold", 900, 3),
		tableCell(t, "210.thumbnailer", "warm", 900, 0),
	}
	want := `
PerfCost platform=process runtime=python-3.11 arch=x64 package=archive trigger=http memory=256 size=test
  benchmark         mode    n  failed   median           interval       p95       p99  start-up  handler   memory
  110.dynamic-html  cold   40       1   120 ms    113 ms – 126 ms  (137 ms)  (139 ms)   59.8 ms  59.8 ms  30.5 MB
  110.dynamic-html  warm  100       1  50.5 ms  40 ms – 61 ms     95 ms   (99 ms)         –  25.2 ms  30.5 MB
  210.thumbnailer   cold    3       1   901 ms                  –  (902 ms)  (902 ms)    450 ms   450 ms  30.5 MB
  210.thumbnailer   warm    0       1        –                  –         –         –         –        –        –
`
	got := Table(&Manifest{Finished: time.Now(), Remarks: []string{"PerfCost: something was said"}, Isolation: map[string]string{"process": "by hand"}}, cells)
	table, notes, _ := strings.Cut(got, "\n\n")
	fields := func(s string) [][]string {
		var all [][]string
		for line := range strings.Lines(strings.TrimSpace(s)) {
			all = append(all, strings.Fields(line))
		}
		return all
	}
	require.Equal(t, fields(want), fields(table), got)
	widths := map[int]bool{}
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
		widths[len([]rune(line))] = true
	}
	require.Len(t, widths, 1, "columns are aligned:\n%s", table)
	require.Contains(t, notes, "110.dynamic-html memory=256,size=test,mode=cold: 1 failed: crash: exit status 3")
	require.Contains(t, notes, "\nPerfCost: something was said\n")
	require.Contains(t, notes, "( ) the sample is too small for this quantile")
	require.Contains(t, notes, "\nisolation on process: by hand\n")
	require.NotContains(t, got, "has not ended")
	require.Contains(t, Table(&Manifest{}, nil), "the run has not ended: it is still running, or it was killed\n\nno cell was measured")
}

// TestNotesNameTheirCell: a note has all that tells its cell from the others.
func TestNotesNameTheirCell(t *testing.T) {
	const note = " memory=256,size=test,mode=warm: 1 failed"
	for _, tt := range []struct {
		change func(s *Summary)
		want   []string
	}{
		{func(*Summary) {}, []string{"\n110.dynamic-html" + note}},
		{func(s *Summary) { s.Function["runtime"] = "nodejs-20" }, []string{"\n110.dynamic-html python-3.11" + note, "\n110.dynamic-html nodejs-20" + note}},
		{func(s *Summary) { s.Function["variant"] = "pypy" }, []string{"\n110.dynamic-html" + note, "\n110.dynamic-html pypy" + note}},
		{func(s *Summary) { s.Function["platform"] = "local" }, []string{"\nprocess 110.dynamic-html" + note, "\nlocal 110.dynamic-html" + note}},
		{func(s *Summary) { s.Experiment = "TestColdStart" }, []string{"\nPerfCost 110.dynamic-html" + note, "\nColdStart 110.dynamic-html" + note}},
	} {
		cells := []*Summary{tableCell(t, "110.dynamic-html", "warm", 1, 10), tableCell(t, "110.dynamic-html", "warm", 1, 10)}
		tt.change(cells[1])
		for _, want := range tt.want {
			require.Contains(t, Table(&Manifest{}, cells), want)
		}
	}
}
