package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchunit"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// tableCell returns a summary of n invocations that took ms, ms+1, … each.
func tableCell(t *testing.T, benchmark string, mode Mode, ms, n int) *Summary {
	t.Helper()
	c := &Cell{
		experiment: "TestPerfCost",
		fn: &plannedFunction{function: function{
			platform: "process", benchmark: &Benchmark{Name: benchmark},
			spec: driver.Spec{Runtime: driver.Runtime{Language: "python", Version: "3.11"}, Architecture: driver.X64, Kind: driver.Archive, Trigger: driver.HTTP},
		}},
		cond: condition{memory: 256, size: Test, mode: mode}, sample: newSample(), sampler: newSampler(parameters{}, 1), k: 1,
	}
	start := answer.Warm
	if mode == Cold {
		start = answer.Cold
	}
	for i := range n {
		d := time.Duration(ms+i) * time.Millisecond
		c.sample.add(&Invocation{Batch: i, OK: true, Counted: true, Client: d, Handler: d / 2, Memory: 30_500_000, Start: start, Cold: mode == Cold, Count: 1})
	}
	c.sample.add(&Invocation{Cause: driver.Crash, Detail: "exit status 3"})
	return c.summary()
}

func TestTable(t *testing.T) {
	cells := []*Summary{
		tableCell(t, "110.dynamic-html", Cold, 100, 40),
		tableCell(t, "110.dynamic-html", Warm, 1, 100),
		tableCell(t, "210.thumbnailer", Cold, 900, 3),
		tableCell(t, "210.thumbnailer", Warm, 900, 0),
	}
	want := `
PerfCost platform=process runtime=python-3.11 arch=x64 package=archive trigger=http memory=256 size=test
  benchmark         mode    n  failed   median           interval       p95       p99  start-up  handler   memory
  110.dynamic-html  cold   40       1   120 ms    113 ms – 126 ms  (137 ms)  (139 ms)   59.8 ms  59.8 ms  30.5 MB
  110.dynamic-html  warm  100       1  50.5 ms  40 ms – 61 ms     95 ms   (99 ms)         –  25.2 ms  30.5 MB
  210.thumbnailer   cold    3       1   901 ms                  –  (902 ms)  (902 ms)    450 ms   450 ms  30.5 MB
  210.thumbnailer   warm    0       1        –                  –         –         –         –        –        –
`
	got := summaryTable(cells, []string{"PerfCost: something was said"}, map[string]string{"process": "by hand"}, "/results/run")
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
	require.True(t, strings.HasSuffix(got, "\nresults: /results/run\n"))
	require.Contains(t, summaryTable(nil, nil, nil, "/results/run"), "no cell was measured")
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
		cells := []*Summary{tableCell(t, "110.dynamic-html", Warm, 1, 10), tableCell(t, "110.dynamic-html", Warm, 1, 10)}
		tt.change(cells[1])
		for _, want := range tt.want {
			require.Contains(t, summaryTable(cells, nil, nil, ""), want)
		}
	}
}

func TestDuration(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0", 12: "12 ns", 999.6: "1 µs", 1234: "1.23 µs", 999_600: "1 ms", 20_400_000: "20.4 ms", 1.5e9: "1.5 s", 7.2e12: "2h0m0s",
	} {
		require.Equal(t, want, duration(ns))
	}
}

// TestPlainProgress: without a terminal, what lasts is a line each.
func TestPlainProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{started: time.Now(), plain: &out, cells: 2}
	s := tableCell(t, "110.dynamic-html", Cold, 100, 40)
	p.cellBegins(s.cell)
	p.sampled(s.cell, true)
	require.Empty(t, out.String())
	p.cellDone(s.cell, s)
	require.Equal(t, "sebs [1/2 0s] 110.dynamic-html python-3.11 memory=256 size=test mode=cold: 40 samples, 1 failed, median 120 ms (113 ms – 126 ms)\n", out.String())
}

func TestBenchUnits(t *testing.T) {
	for metric, want := range map[string]string{
		metricClient: "ns/op", metricHandler: "handler-ns", metricMemory: "memory-B", "download_time_ns": "download-time-ns",
		"upload_size_bytes": "upload-size-B", "vertices": "vertices",
	} {
		require.Equal(t, want, benchUnit(metric))
	}
}

// TestMeasurements: what handlers measure becomes metrics; what is not a number
// does not.
func TestMeasurements(t *testing.T) {
	s := newSample()
	s.add(&Invocation{OK: true, Counted: true, Measurement: []byte(`{"compute_time": 1.5, "download_size": 10, "depth": 3, "note": "text", "nested": {"a": 1}}`)})
	require.Equal(t, []string{"client_ns", "handler_ns", "cpu_ns", "memory_bytes", "compute_time_ns", "depth", "download_size_bytes"}, s.metrics())
	require.Equal(t, []float64{1500}, s.values["compute_time_ns"].into(nil))
	require.Equal(t, []float64{10}, s.values["download_size_bytes"].into(nil))
}

// TestMeasurementsThatAreNoMetrics are told, with what is wrong with them.
func TestMeasurementsThatAreNoMetrics(t *testing.T) {
	many := map[string]int{}
	for i := range 33 {
		many[fmt.Sprintf("key%d", i)] = i
	}
	tooMany, err := json.Marshal(many)
	require.NoError(t, err)
	tests := []struct{ measurement, want string }{
		{`{"two words": 1}`, `"two words" is not a name`},
		{`{"2nd": 1}`, `"2nd" is not a name`},
		{`{"größe_size": 1}`, `"gr\u00f6\u00dfe_size" is not a name: want a letter, then at most 63`},
		{`{"n": "1"}`, `"n" is not a number`},
		{`{"n": 1e95}`, `"n" is beyond 1e90`},
		{`[1]`, "cannot unmarshal array"},
		{string(tooMany), "more than 32 keys: none of them is a metric"},
		{`{"x_time": 1, "x_time_ns": 2}`, `"x_time_ns" has the unit x-time-ns in bench.txt, which is that of "x_time"`},
		{`{"x_time": 1, "x_time_sec": 2}`, `"x_time_sec" has the unit x-time-sec in bench.txt, which is that of "x_time"`},
		{`{"a_b": 1, "a-b": 2}`, `"a_b" has the unit a-b in bench.txt, which is that of "a-b"`},
		{`{"memory_MB": 1}`, `"memory_MB" has the unit memory-MB in bench.txt, which is that of the harness's memory_bytes`},
		{`{"p95_ns": 1}`, `"p95_ns" has the unit p95-ns in bench.txt, which is that of the harness's p95 of client_ns`},
		{`{"handler_sec": 1}`, `which is that of the harness's handler_ns`},
	}
	for _, tt := range tests {
		s := newSample()
		for i := range 2 {
			s.add(&Invocation{Batch: i, OK: true, Counted: true, Measurement: []byte(tt.measurement)})
		}
		require.Len(t, s.measured.warnings(), 1, tt.measurement)
		require.Contains(t, s.measured.warnings()[0], tt.want)
		require.Contains(t, s.measured.warnings()[0], "(2 answers)")
		units := map[string]bool{}
		for _, m := range s.metrics() {
			require.Equal(t, 2, s.values[m].n, "%s: %s", tt.measurement, m)
			_, unit := benchunit.Tidy(1, benchUnit(m))
			require.False(t, units[unit], "%s: two metrics have the unit %s", tt.measurement, unit)
			units[unit] = true
		}
	}
	s := tableCell(t, "110.dynamic-html", Warm, 1, 10)
	s.cell.sample.add(&Invocation{Batch: 11, OK: true, Counted: true, Measurement: []byte(`{"two words": 1}`)})
	require.Contains(t, summaryTable([]*Summary{s.cell.summary()}, nil, nil, ""), `measurement: "two words" is not a name`)
}

// TestMeasurementsOfAnyKind: no key of an answer reaches the harness's own
// metrics, breaks bench.txt or fills the memory, and no number makes statistics
// infinite.
func TestMeasurementsOfAnyKind(t *testing.T) {
	s := newSample()
	for _, key := range []string{
		"handler_ns", "client_ns", "memory_bytes", "memory_B", "handler-ns", "p95_ns", "ns/op",
		"", "two words", "two\nlines", "µ", strings.Repeat("k", 65),
	} {
		data, err := json.Marshal(map[string]any{key: 7, "huge_time": 1e306, "huge": -1e200, "fine": 1})
		require.NoError(t, err)
		s.add(&Invocation{OK: true, Counted: true, Measurement: data})
	}
	require.Equal(t, []string{"client_ns", "handler_ns", "cpu_ns", "memory_bytes", "fine"}, s.metrics())
	require.Equal(t, s.counted, s.values[metricHandler].n)
	for i := range 1000 {
		s.add(&Invocation{OK: true, Counted: true, Measurement: fmt.Appendf(nil, `{"key%d": 1}`, i)})
	}
	require.LessOrEqual(t, len(s.values), len(ownMetrics)+maxMeasurements)
}
