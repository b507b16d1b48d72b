package cleanup

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestLedger(t *testing.T) {
	dir := t.TempDir()
	l := NewLedger(filepath.Join(dir, LedgerFile))
	require.NoFileExists(t, filepath.Join(dir, LedgerFile))
	f := driver.Resource{Kind: "function", Name: "r1-f", Run: "r1", Expiry: time.Unix(1e9, 0).UTC()}
	b := driver.Resource{Kind: "bucket", Name: "r1-b"}
	var writers sync.WaitGroup
	for range 10 {
		writers.Go(func() {
			if err := l.On("aws").Record(f); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	require.NoError(t, l.On("gcp").Record(b))
	require.Equal(t, []driver.Resource{f}, l.Resources("aws"))
	require.Equal(t, []driver.Resource{b}, l.Resources("gcp"))

	got, err := readLedger(os.DirFS(dir), LedgerFile)
	require.NoError(t, err)
	require.Equal(t, []record{{Platform: "aws", Resource: f}, {Platform: "gcp", Resource: b}}, got, "each once")
	require.Equal(t, []driver.Resource{f}, on("aws", got))

	f.Expiry = f.Expiry.Add(time.Hour)
	require.NoError(t, l.On("aws").Record(f))
	got, err = readLedger(os.DirFS(dir), LedgerFile)
	require.NoError(t, err)
	require.Equal(t, []record{{Platform: "gcp", Resource: b}, {Platform: "aws", Resource: f}}, got, "its expiry was renewed")

	// A sweep removes one, and a later run of the prefix creates it again.
	r := &pastRun{folder: dir, ledger: got}
	require.NoError(t, r.removed("aws", time.Now(), func(driver.Resource) bool { return true }))
	require.Equal(t, []record{{Platform: "gcp", Resource: b}}, r.ledger)
	got, err = readLedger(os.DirFS(dir), LedgerFile)
	require.NoError(t, err)
	require.Equal(t, r.ledger, got)
	require.NoError(t, NewLedger(filepath.Join(dir, LedgerFile)).On("aws").Record(f))
	got, err = readLedger(os.DirFS(dir), LedgerFile)
	require.NoError(t, err)
	require.Len(t, got, 2)
}

// TestLedgerFull: what cannot be written is not to be created.
func TestLedgerFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	l := NewLedger("/dev/full")
	require.ErrorContains(t, l.On("aws").Record(driver.Resource{Kind: "bucket", Name: "r1-b"}), "free space")
	require.Empty(t, l.Resources("aws"))
}

func TestReadLedger(t *testing.T) {
	const f, b = `{"platform":"aws","kind":"function","name":"r1-f"}`, `{"kind":"bucket","name":"r1-b"}`
	function := record{Platform: "aws", Resource: driver.Resource{Kind: "function", Name: "r1-f"}}
	bucket := record{Resource: driver.Resource{Kind: "bucket", Name: "r1-b"}}
	for _, tt := range []struct {
		name, text string
		want       []record
		err        string
	}{
		{name: "empty"},
		{name: "of before platforms were in it", text: f + "\n" + b + "\n", want: []record{function, bucket}},
		{name: "torn", text: f + "\n" + b[:9], want: []record{function}},
		{name: "torn before its line break", text: f + "\n" + b, want: []record{function}},
		{name: "damaged", text: f + "\n" + b[:9] + "\n\x00\n" + b + "\n", want: []record{function, bucket}, err: "ledger.jsonl:2: "},
		{name: "of another program", text: `{"name": "x"}` + "\n" + `["kind"]` + "\n", err: "want a kind and a name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readLedger(fstest.MapFS{LedgerFile: {Data: []byte(tt.text)}}, LedgerFile)
			require.Equal(t, tt.want, got)
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.err)
			}
		})
	}
	none, err := readLedger(fstest.MapFS{}, LedgerFile)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = readLedger(fstest.MapFS{LedgerFile: {Mode: os.ModeDir}}, LedgerFile)
	require.Error(t, err)
}

func FuzzReadLedger(f *testing.F) {
	f.Add([]byte(`{"platform":"aws","kind":"function","name":"r1-f"}` + "\n{}\n{\"ki"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, _ := readLedger(fstest.MapFS{LedgerFile: {Data: text}}, LedgerFile)
		for _, r := range all {
			if r.Kind == "" || r.Name == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}
