package cleanup

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Ledger is the file of what a run was about to create outside this machine, a
// line each. Safe for concurrent use.
type Ledger struct {
	path string

	mu      sync.Mutex
	written []record
}

// record is a line of a ledger. Lines of runs before platforms were in them have
// none.
type record struct {
	Platform string `json:"platform,omitempty"`
	driver.Resource
	Removed time.Time `json:"removed,omitzero"` // when a sweep that found it removed it
}

// same reports whether two records are of the same resource.
func (r record) same(other record) bool {
	return r.Platform == other.Platform && r.Kind == other.Kind && r.Name == other.Name
}

// NewLedger returns the ledger at path, which is made with its first line.
func NewLedger(path string) *Ledger { return &Ledger{path: path} }

// On returns the ledger for a platform.
func (l *Ledger) On(platform string) driver.Ledger { return platformLedger{l, platform} }

type platformLedger struct {
	ledger   *Ledger
	platform string
}

// Record implements driver.Ledger. A line that is there already is not written
// again.
func (p platformLedger) Record(r driver.Resource) error {
	return p.ledger.record(record{Platform: p.platform, Resource: r})
}

func (l *Ledger) record(r record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, have := range l.written {
		if have.same(r) && have.Expiry.Equal(r.Expiry) {
			return nil
		}
	}
	if err := appendLine(l.path, r); err != nil {
		return fmt.Errorf("ledger: %w: free space, or set SEBS_RESULTS to another folder", err)
	}
	l.written = append(l.written, r)
	return nil
}

// appendLine adds a line to a file and waits until it is on the disk. A part of
// one, on a full disk, is taken away again.
func appendLine(path string, r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return errors.Join(err, f.Truncate(info.Size()))
	}
	return f.Sync()
}

// Resources returns what was recorded for a platform.
func (l *Ledger) Resources(platform string) []driver.Resource {
	l.mu.Lock()
	defer l.mu.Unlock()
	return on(platform, l.written)
}

// on returns the resources of a platform, and those of which it is not known.
func on(platform string, records []record) []driver.Resource {
	var all []driver.Resource
	for _, r := range records {
		if r.Platform == platform || r.Platform == "" {
			all = append(all, r.Resource)
		}
	}
	return all
}

// readLedger returns what a ledger has that no sweep has removed; one that does
// not exist is empty. A last line that
// is not whole was not acted upon. Any other that cannot be read is an error,
// beside all that can.
func readLedger(fsys fs.FS, name string) ([]record, error) {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []record
	var errs []error
	end := bytes.LastIndexByte(data, '\n') + 1
	lines := bufio.NewScanner(bytes.NewReader(data[:end]))
	lines.Buffer(nil, len(data)+1)
	for n := 1; lines.Scan(); n++ {
		var r record
		err := json.Unmarshal(lines.Bytes(), &r)
		if err == nil && (r.Kind == "" || r.Name == "") {
			err = errors.New("want a kind and a name")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, n, err))
			continue
		}
		all = slices.DeleteFunc(all, r.same)
		if r.Removed.IsZero() {
			all = append(all, r)
		}
	}
	return all, errors.Join(append(errs, lines.Err())...)
}
