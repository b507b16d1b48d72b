package results

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchunit"
)

func TestBenchUnits(t *testing.T) {
	for metric, want := range map[string]string{
		ClientTime: "ns/op", HandlerTime: "handler-ns", PeakMemory: "memory-B", "download_time_ns": "download-time-ns",
		"upload_size_bytes": "upload-size-B", "vertices": "vertices",
	} {
		require.Equal(t, want, benchUnit(metric))
	}
}

// TestMeasurements: what handlers measure becomes metrics; what is not a number
// does not.
func TestMeasurements(t *testing.T) {
	s := newValues()
	s.add(&Invocation{OK: true, Counted: true, Measurement: []byte(`{"compute_time": 1.5, "download_size": 10, "depth": 3, "note": "text", "nested": {"a": 1}}`)})
	require.Equal(t, []string{"client_ns", "handler_ns", "cpu_ns", "memory_bytes", "compute_time_ns", "depth", "download_size_bytes"}, s.metrics())
	require.Equal(t, []float64{1500}, s.columns["compute_time_ns"].into(nil))
	require.Equal(t, []float64{10}, s.columns["download_size_bytes"].into(nil))
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
		s := newValues()
		for i := range 2 {
			s.add(&Invocation{Batch: i, OK: true, Counted: true, Measurement: []byte(tt.measurement)})
		}
		require.Len(t, s.measured.warnings(), 1, tt.measurement)
		require.Contains(t, s.measured.warnings()[0], tt.want)
		require.Contains(t, s.measured.warnings()[0], "(2 answers)")
		units := map[string]bool{}
		for _, m := range s.metrics() {
			require.Equal(t, 2, s.columns[m].n, "%s: %s", tt.measurement, m)
			_, unit := benchunit.Tidy(1, benchUnit(m))
			require.False(t, units[unit], "%s: two metrics have the unit %s", tt.measurement, unit)
			units[unit] = true
		}
	}
	s := tableCell(t, "110.dynamic-html", "warm", 1, 10)
	s.Warnings = []string{"measurement: x"}
	require.Contains(t, Table(&Manifest{}, []*Summary{s}), "mode=warm: measurement: x\n")
}

// TestMeasurementsOfAnyKind: no key of an answer reaches the harness's own
// metrics, breaks bench.txt or fills the memory, and no number makes statistics
// infinite.
func TestMeasurementsOfAnyKind(t *testing.T) {
	s := newValues()
	for _, key := range []string{
		"handler_ns", "client_ns", "memory_bytes", "memory_B", "handler-ns", "p95_ns", "ns/op",
		"", "two words", "two\nlines", "µ", strings.Repeat("k", 65),
	} {
		data, err := json.Marshal(map[string]any{key: 7, "huge_time": 1e306, "huge": -1e200, "fine": 1})
		require.NoError(t, err)
		s.add(&Invocation{OK: true, Counted: true, Measurement: data})
	}
	require.Equal(t, []string{"client_ns", "handler_ns", "cpu_ns", "memory_bytes", "fine"}, s.metrics())
	require.Equal(t, s.tally.Counted, s.columns[HandlerTime].n)
	for i := range 1000 {
		s.add(&Invocation{OK: true, Counted: true, Measurement: fmt.Appendf(nil, `{"key%d": 1}`, i)})
	}
	require.LessOrEqual(t, len(s.columns), len(ownMetrics)+maxMeasurements)
}
