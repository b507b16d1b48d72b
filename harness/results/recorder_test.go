package results

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// What crashed sandboxes printed is kept with the cell, each with the line of
// its invocation, and not without bound.
func TestOutputs(t *testing.T) {
	r := testCell(t, "110.dynamic-html", "warm", Header{})
	require.Empty(t, r.Outputs())
	require.NoError(t, r.Output(&Invocation{Sequence: 3, Request: "r3", Cause: driver.Handler, Detail: "it raised"}, ""))
	require.NoFileExists(t, filepath.Join(r.Dir, "output.txt"), "nothing was printed")

	require.NoError(t, r.Output(&Invocation{Sequence: 3, Request: "r3", Cause: driver.Crash, Detail: "exit status 1: E"}, "first\x1b[2J\nE\n\n"))
	v := Invocation{Sequence: 4, Request: "r4", Cause: driver.TimedOut, Detail: "too long"}
	long := strings.Repeat("x", 1<<20) + "end"
	require.NoError(t, r.Output(&v, long))
	text, err := os.ReadFile(r.Outputs())
	require.NoError(t, err)
	require.Equal(t, filepath.Join(r.Dir, "output.txt"), r.Outputs())
	require.True(t, strings.HasPrefix(string(text), "=== seq 3, request r3, crash: exit status 1: E\nfirst\\x1b[2J\nE\n=== seq 4, request r4, timeout: too long\nxxx"))
	require.True(t, strings.HasSuffix(string(text), "xxxend\n"))
	require.Less(t, len(text), outputBytes+200)

	for range 100 {
		require.NoError(t, r.Output(&v, long))
	}
	info, err := os.Stat(r.Outputs())
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(mostOutputs*(outputBytes+200)))
	gone := &Recorder{Dir: filepath.Join(r.Dir, "none")}
	var disk *Error
	require.ErrorAs(t, gone.Output(&v, long), &disk)
}

// TestRows: a row is written whole or refused with what is wrong, and no name
// of a series leads out of the cell's folder.
func TestRows(t *testing.T) {
	r := testCell(t, "110.dynamic-html", "warm", Header{})
	require.NoError(t, r.Row("rtt", map[string]float64{"rtt_us": 2, "at_s": 1.5}))
	require.NoError(t, r.Row("rtt", map[string]float64{"rtt_us": 3}))
	for want, refused := range map[string]struct {
		series string
		row    map[string]float64
	}{
		`series "../../up": a name has letters`: {"../../up", map[string]float64{"x": 1}},
		`series "": a name has letters`:         {"", map[string]float64{"x": 1}},
		`series rtt: the row has no numbers`:    {"rtt", nil},
		`series rtt: key "": name the number`:   {"rtt", map[string]float64{"": 1}},
		`series rtt: key "bad key": name `:      {"rtt", map[string]float64{"bad key\n": 1}},
		`series rtt: x is NaN`:                  {"rtt", map[string]float64{"x": math.NaN()}},
	} {
		require.ErrorContains(t, r.Row(refused.series, refused.row), want)
	}
	s, err := r.End(End{})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"rtt": 2}, s.Series)
	names, err := r.Series()
	require.NoError(t, err)
	require.Equal(t, []string{"rtt"}, names)
	var rows []map[string]float64
	for row, err := range r.Rows("rtt") {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	require.Equal(t, []map[string]float64{{"rtt_us": 2, "at_s": 1.5}, {"rtt_us": 3}}, rows)
}

func TestRowsAreChecked(t *testing.T) {
	good := map[string]float64{"rtt_us": 1}
	require.NoError(t, checkRow("rtt", good))
	for _, name := range []string{"", "../../up", "a/b", `a\b`, ".hidden", "a b", "a\n", strings.Repeat("x", 65)} {
		require.ErrorContains(t, checkRow(name, good), fmt.Sprintf("series %q: a name has", name))
	}
	require.ErrorContains(t, checkRow("rtt", nil), "series rtt: the row has no numbers")
	require.ErrorContains(t, checkRow("rtt", map[string]float64{"": 1}), `series rtt: key "": name the number`)
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.ErrorContains(t, checkRow("rtt", map[string]float64{"rtt_us": x}), "series rtt: rtt_us is ")
	}
}

// TestFullDisk: a disk that is full in the middle of a line leaves none of it,
// and every later line is refused with the same error.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	r := testCell(t, "110.dynamic-html", "warm", Header{})
	require.NoError(t, r.Rest())
	path := filepath.Join(r.Dir, "invocations.jsonl")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink("/dev/full", path))
	first := r.Record(&Invocation{})
	require.ErrorContains(t, first, "no space left on device: free space, or set SEBS_RESULTS")
	require.Equal(t, first, r.Record(&Invocation{}))
}
