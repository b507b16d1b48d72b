package cleanup

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Files in a run's folder of results.
const (
	manifestFile = "run.json"
	LogFile      = "run.log"      // which is locked while the run lives
	LedgerFile   = "ledger.jsonl" // there if something was created outside this machine

	// sweptFile is there if a sweep found nothing left of the run.
	sweptFile = "swept.txt"
)

// Unswept is how long what is on a platform is kept by a run that does not say
// how long.
const Unswept = 24 * time.Hour

// pastRun is a run by its folder of results: what a sweep needs of run.json.
type pastRun struct {
	Format     int
	ID, Prefix string
	Started    time.Time
	Finished   time.Time
	Expiry     time.Time         // of what it creates
	Left       json.RawMessage   // what it could not remove
	Platforms  []string          // linked
	Opened     []string          // of these; runs of before it was recorded have none
	Parameters map[string]string // SEBS_ variables

	folder     string
	damaged    bool     // known by the name of its folder alone
	ledger     []record // of what may be left
	unreadable bool     // the ledger, or a part of it
}

// findRuns returns the runs that may have left something or have the prefix that
// is named. An error is of single runs.
func (s *Sweep) findRuns() ([]*pastRun, error) {
	files, err := fs.Glob(os.DirFS(s.Results), "*/"+manifestFile)
	if err != nil {
		return nil, err
	}
	var found []*pastRun
	var errs []error
	for _, file := range files {
		r, damaged := s.readRun(filepath.Join(s.Results, file))
		folders, err := tempFolders(r.ID)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.folder, err))
		}
		named := s.Prefix != "" && r.Prefix == s.Prefix
		if _, err := os.Stat(filepath.Join(r.folder, sweptFile)); err == nil && !named && len(folders) == 0 {
			continue
		}
		errs = append(errs, damaged)
		if r.Prefix == "" || (!named && len(folders) == 0 && !r.unfinished()) {
			continue
		}
		if !runID.MatchString(r.ID) { // nor part of a path
			errs = append(errs, fmt.Errorf("%s: the id %q is no run's", filepath.Join(r.folder, manifestFile), r.ID))
			continue
		}
		if r.ledger, err = r.outstanding(); err != nil {
			r.unreadable = true
			errs = append(errs, fmt.Errorf("%s: %w: what that names is found only if its platform lists it: repair %s, or delete it, as every sweep looks until then",
				r.folder, err, filepath.Join(r.folder, LedgerFile)))
		}
		found = append(found, r)
	}
	slices.SortStableFunc(found, func(a, b *pastRun) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return found, errors.Join(errs...)
}

// readRun reads a run.json. If it is damaged the run is known by the name of its
// folder, if that is a run's, and the error says so.
func (s *Sweep) readRun(path string) (*pastRun, error) {
	r := &pastRun{folder: filepath.Dir(path)}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	switch {
	case err == nil && r.Format > s.Format:
		return &pastRun{folder: r.folder}, fmt.Errorf("%s: its format is %d, and this program knows those up to %d: sweep with the program that wrote it", path, r.Format, s.Format)
	case err == nil:
		return r, nil
	}
	id, started, ok := parseFolderName(filepath.Base(r.folder))
	if !ok {
		return &pastRun{folder: r.folder}, fmt.Errorf("%s: %w: the name of its folder is no run's: see whether it is needed, and delete it", path, err)
	}
	return &pastRun{ID: id, Prefix: id, Started: started, folder: r.folder, damaged: true},
		fmt.Errorf("%s: %w: run %s is swept by the name of its folder: delete that when nothing is left", path, err, id)
}

// unfinished reports whether a run did not remove all that it created.
func (r *pastRun) unfinished() bool {
	return r.Finished.IsZero() || (len(r.Left) > 0 && string(r.Left) != `""`) || r.keeps()
}

// outstanding returns what may be left of what the run's ledger has: nothing but
// what run.json says, if it says that.
func (r *pastRun) outstanding() ([]record, error) {
	ledger, err := readLedger(os.DirFS(r.folder), LedgerFile)
	var left []record
	known := len(r.Left) == 0 || json.Unmarshal(r.Left, &left) == nil
	if r.Finished.IsZero() || r.keeps() || !known || slices.ContainsFunc(left, func(l record) bool { return l.Kind == "" }) {
		return ledger, err
	}
	return slices.DeleteFunc(ledger, func(entry record) bool { return !slices.ContainsFunc(left, entry.same) }), err
}

// removed notes in the ledger what a sweep found and removed, so that no later
// one looks for it. What was not found may be in the account of other
// credentials, or not exist yet.
func (r *pastRun) removed(platform string, now time.Time, found func(driver.Resource) bool) error {
	var errs []error
	r.ledger = slices.DeleteFunc(r.ledger, func(entry record) bool {
		if (entry.Platform != platform && entry.Platform != "") || !found(entry.Resource) {
			return false
		}
		entry.Removed = now.UTC()
		errs = append(errs, appendLine(filepath.Join(r.folder, LedgerFile), entry))
		return true
	})
	return errors.Join(errs...)
}

// keeps reports whether the run may have meant to keep what it created.
func (r *pastRun) keeps() bool {
	return r.damaged || r.Parameters["SEBS_PREFIX"] != "" || r.Parameters["SEBS_KEEP"] != ""
}

// allLinked reports whether all platforms that the run used are known and linked.
func (r *pastRun) allLinked() bool {
	used := r.Opened
	if used == nil {
		used = r.Platforms // at most
	}
	linked := driver.Platforms()
	return used != nil && !slices.ContainsFunc(used, func(name string) bool { return !slices.Contains(linked, name) })
}

// expiry returns until when the run meant to keep what it created.
func (r *pastRun) expiry() time.Time {
	if !r.Expiry.IsZero() {
		return r.Expiry
	}
	keep, err := time.ParseDuration(r.Parameters["SEBS_KEEP"])
	if err != nil {
		keep = Unswept
	}
	return r.Started.Add(keep)
}

// mark keeps later sweeps from looking for the run again.
func (r *pastRun) mark(now time.Time) error {
	text := "make sweep found nothing left of this run at " + now.UTC().Format(time.RFC3339) + "\n"
	if err := os.WriteFile(filepath.Join(r.folder, sweptFile), []byte(text), 0o644); err != nil {
		return fmt.Errorf("%w: nothing is left of it, and the next sweep looks again", err)
	}
	return nil
}
