package cleanup

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/guard"
)

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		require.Regexp(t, runID, id)
		require.Len(t, id, 14, "65 bits in letters of five")
		require.False(t, seen[id])
		seen[id] = true
	}
}

func TestFolderName(t *testing.T) {
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	name := FolderName("rabc", started)
	require.Equal(t, "20260102T030405Z-rabc", name)
	id, at, ok := parseFolderName(name)
	require.True(t, ok)
	require.Equal(t, "rabc", id)
	require.Equal(t, started, at)
	for _, bad := range []string{"", "latest", "20260102T030405Z", "20260102T030405Z-", "20260102T030405Z-../x", "2026-rabc"} {
		_, _, ok := parseFolderName(bad)
		require.False(t, ok, bad)
	}
}

// TestFindRuns: those are found that may have left something.
func TestFindRuns(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const finished = `, "finished": "2026-01-02T04:00:00Z"`
	for _, tt := range []struct {
		name, folder, text string
		swept, found       bool
		err                string
	}{
		{name: "killed", text: `{"format": 1, "id": "r1", "prefix": "r1"}`, found: true},
		{name: "finished", text: `{"format": 1, "id": "r1", "prefix": "r1"` + finished + `}`},
		{name: "left a sentence", text: `{"format": 1, "id": "r1", "prefix": "r1", "left": "no answer"` + finished + `}`, found: true},
		{name: "left a list", text: `{"format": 1, "id": "r1", "prefix": "r1", "left": [{"why": "no answer"}]` + finished + `}`, found: true},
		{name: "kept", text: `{"format": 1, "id": "r1", "prefix": "p", "parameters": {"SEBS_PREFIX": "p"}` + finished + `}`, found: true},
		{name: "named", text: `{"format": 1, "id": "r1", "prefix": "named"` + finished + `}`, found: true},
		{name: "swept", text: `{"format": 1, "id": "r1", "prefix": "r1"}`, swept: true},
		{name: "swept and named", text: `{"format": 1, "id": "r1", "prefix": "named"}`, swept: true, found: true},
		{name: "newer", text: `{"format": 2, "id": "r1", "prefix": "r1"}`, err: "its format is 2, and this program knows those up to 1"},
		{name: "another program's", text: `{"name": "x", "started": "2026-01-02T04:00:00Z"}`},
		{name: "another program's list", text: `[]`, err: "the name of its folder is no run's"},
		{name: "no id", text: `{"format": 1, "id": "*", "prefix": "r1"}`, err: `the id "*" is no run's`},
		{name: "a path as id", text: `{"format": 1, "id": "../..", "prefix": "r1"}`, err: "is no run's"},
		{name: "torn", folder: "20260102T030405Z-rabc", text: `{"format": 1, "id": "r`, found: true, err: "run rabc is swept by the name of its folder"},
		{name: "torn, of a folder with another name", text: `{"format": 1, "id": "r`, err: "the name of its folder is no run's"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &Sweep{Results: t.TempDir(), Format: 1, Prefix: "named"}
			if tt.folder == "" {
				tt.folder = "folder"
			}
			folder := filepath.Join(s.Results, tt.folder)
			require.NoError(t, os.Mkdir(folder, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, manifestFile), []byte(tt.text), 0o644))
			if tt.swept {
				require.NoError(t, os.WriteFile(filepath.Join(folder, sweptFile), nil, 0o644))
			}
			runs, err := s.findRuns()
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.err)
			}
			require.Equal(t, tt.found, len(runs) == 1)
		})
	}
}

// TestOutstanding: of the ledger of a run that has ended, what it could not
// remove; all of it if that is not known.
func TestOutstanding(t *testing.T) {
	const f, b = "aws function r1-f", "aws bucket r1-b"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"killed":              {`{}`, []string{f, b}},
		"clean":               {`{"finished": "2026-01-02T04:00:00Z"}`, nil},
		"left one":            {`{"finished": "2026-01-02T04:00:00Z", "left": [{"platform": "aws", "kind": "bucket", "name": "r1-b", "why": "x"}]}`, []string{b}},
		"left one elsewhere":  {`{"finished": "2026-01-02T04:00:00Z", "left": [{"platform": "gcp", "kind": "bucket", "name": "r1-b", "why": "x"}]}`, nil},
		"left who knows what": {`{"finished": "2026-01-02T04:00:00Z", "left": [{"platform": "aws", "why": "x"}]}`, []string{f, b}},
		"left a sentence":     {`{"finished": "2026-01-02T04:00:00Z", "left": "x"}`, []string{f, b}},
		"kept":                {`{"finished": "2026-01-02T04:00:00Z", "parameters": {"SEBS_KEEP": "1h"}}`, []string{f, b}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &pastRun{folder: t.TempDir()}
			ledger := NewLedger(filepath.Join(r.folder, LedgerFile)).On("aws")
			require.NoError(t, ledger.Record(driver.Resource{Kind: "function", Name: "r1-f"}))
			require.NoError(t, ledger.Record(driver.Resource{Kind: "bucket", Name: "r1-b"}))
			require.NoError(t, json.Unmarshal([]byte(tt.text), r))
			all, err := r.outstanding()
			require.NoError(t, err)
			var got []string
			for _, e := range all {
				got = append(got, e.Platform+" "+e.Kind+" "+e.Name)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

// TestExpiry: what a run says, or what its parameters say.
func TestExpiry(t *testing.T) {
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for keep, want := range map[string]time.Duration{"": Unswept, "2h": 2 * time.Hour, "soon": Unswept} {
		r := &pastRun{Started: started, Parameters: map[string]string{"SEBS_KEEP": keep}}
		require.Equal(t, started.Add(want), r.expiry(), keep)
		r.Expiry = started.Add(time.Minute)
		require.Equal(t, r.Expiry, r.expiry(), keep)
	}
}

// TestMarkUnwritable: results that cannot be written are no reason to keep what
// was left, and it is said that the next sweep looks again.
func TestMarkUnwritable(t *testing.T) {
	r := &pastRun{folder: filepath.Join(t.TempDir(), "gone")}
	require.ErrorContains(t, r.mark(time.Now()), "nothing is left of it, and the next sweep looks again")
}

// TestUnreadableLedger: a run is not marked as swept, and every sweep says why,
// until its ledger can be read or is deleted.
func TestUnreadableLedger(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for name, damage := range map[string]func(path string) error{
		"garbage":  func(path string) error { return os.WriteFile(path, []byte("garbage\n"), 0o644) },
		"a folder": func(path string) error { return os.Mkdir(path, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &Sweep{Results: t.TempDir(), Cache: t.TempDir(), Format: 1, Log: t.Logf}
			folder := filepath.Join(s.Results, "folder")
			require.NoError(t, os.Mkdir(folder, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, manifestFile), []byte(`{"format": 1, "id": "r1", "prefix": "r1", "opened": []}`), 0o644))
			ledger, swept := filepath.Join(folder, LedgerFile), filepath.Join(folder, sweptFile)
			require.NoError(t, damage(ledger))
			for range 2 {
				require.ErrorContains(t, s.Run(t.Context()), "repair "+ledger+", or delete it")
				require.NoFileExists(t, swept)
			}
			require.NoError(t, os.Remove(ledger))
			require.NoError(t, s.Run(t.Context()))
			require.FileExists(t, swept)
		})
	}
}

// TestSweepElsewhere: what a run whose results are elsewhere left on this
// machine goes, if its prefix is named or it was killed, and not while it lives.
func TestSweepElsewhere(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	id, other := NewID(), NewID()
	make := func(id string) string {
		folder := filepath.Join(temp, "sebs-"+id+"-1")
		require.NoError(t, os.Mkdir(folder, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, guard.Journal), []byte("+ 1 folder "+folder+" ;\n"), 0o600))
		return folder
	}
	folder, kept := make(id), make(other)
	elsewhere := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Rename(kept, elsewhere))
	require.NoError(t, os.Symlink(elsewhere, kept))
	s := &Sweep{Results: t.TempDir(), Cache: t.TempDir(), Format: 1, Prefix: id, Log: t.Logf}

	lock, err := Take(folder)
	require.NoError(t, err)
	require.ErrorIs(t, s.Run(t.Context()), ErrHeld)
	require.DirExists(t, folder)
	require.NoError(t, lock.Release())
	require.NoError(t, s.Run(t.Context()))
	require.NoDirExists(t, folder)

	folder, s.Prefix = make(id), ""
	require.NoError(t, s.Run(t.Context()))
	require.DirExists(t, folder, "nobody knows of it")
	require.NoError(t, os.MkdirAll(filepath.Dir(prefixFile(s.Cache, id)), 0o755))
	require.NoError(t, os.WriteFile(prefixFile(s.Cache, id), nil, 0o644))
	require.NoError(t, s.Run(t.Context()))
	require.NoDirExists(t, folder, "it was killed")

	s.Prefix = other
	require.NoError(t, s.Run(t.Context()))
	require.FileExists(t, filepath.Join(elsewhere, guard.Journal), "a link is no folder of this user")
}

func FuzzReadRun(f *testing.F) {
	f.Add([]byte(`{"format": 1, "id": "r1", "prefix": "r1", "left": [{"why": "x"}], "parameters": {"SEBS_KEEP": "2h"}}`))
	f.Add([]byte(`{"id": 7}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		folder := filepath.Join(t.TempDir(), "20260102T030405Z-rabc")
		require.NoError(t, os.Mkdir(folder, 0o755))
		path := filepath.Join(folder, manifestFile)
		require.NoError(t, os.WriteFile(path, text, 0o644))
		r, err := (&Sweep{Format: 1}).readRun(path)
		if err == nil {
			require.LessOrEqual(t, r.Format, 1)
		} else if r.ID != "" {
			require.Equal(t, "rabc", r.ID)
			require.True(t, r.unfinished())
		}
		_, _ = r.expiry(), r.allLinked()
	})
}
