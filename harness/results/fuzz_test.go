package results_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/results"
)

// FuzzReport: whatever is in the files of a run, it is refused with an error or
// has a table, and the same one again.
func FuzzReport(f *testing.F) {
	record := results.Invocation{OK: true, Counted: true, Client: 5, Batch: 1, Measurement: []byte(`{"x_time": 1}`)}
	var lines []byte
	for record.Sequence = range 3 {
		lines = record.AppendJSON(lines)
	}
	f.Add([]byte(`{"format":2,"id":"r","started":"2026-12-01T00:00:00Z"}`), []byte(`{"place":1,"concurrency":2,"samples":50,"end":{"looks":[13,2]}}`), lines, []byte("{\"x\":1}\n"))
	f.Add([]byte(`{"format":1,"id":"r","started":"2026-12-01T00:00:00Z","parameters":{"SEBS_SAMPLES":"7,x"}}`), []byte(`{"place":1,"concurrency":1}`), append(lines, `{"seq`...), []byte("{"))
	f.Add([]byte(`{"format":2,"id":"r","started":"2026-12-01T00:00:00Z","left":"x"}`), []byte(`{"samples":-1,"concurrency":-5}`), []byte(`{"ok":true,"counted":true,"batch":-3,"client_ns":-7}`), []byte("[]\n"))
	f.Fuzz(func(t *testing.T, manifest, header, records, rows []byte) {
		folder := t.TempDir()
		const cell = "TestX/platform=p,benchmark=b/mode=warm"
		for name, data := range map[string][]byte{
			"run.json": manifest, cell + "/cell.json": header, cell + "/invocations.jsonl": records, cell + "/series-x.jsonl": rows,
		} {
			path := filepath.Join(folder, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, data, 0o644))
		}
		table, err := results.Report(folder)
		if err != nil {
			return
		}
		again, err := results.Report(folder)
		require.NoError(t, err)
		require.Equal(t, table, again)
	})
}

// FuzzReadInvocations: a file of records is read or refused with its line.
func FuzzReadInvocations(f *testing.F) {
	f.Add([]byte("{\"seq\":1}\n\n{\"seq\":2}\n{\"se"))
	f.Add([]byte("\x00\x00\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := results.ReadInvocations(fstest.MapFS{"x.jsonl": {Data: data}}, "x.jsonl")
		if err != nil {
			require.ErrorContains(t, err, "x.jsonl:")
		}
		require.LessOrEqual(t, len(all), bytes.Count(data, []byte("\n"))+1)
	})
}
