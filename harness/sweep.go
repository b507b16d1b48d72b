package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// unswept is how long what a killed run left is kept, unless it is named.
const unswept = 24 * time.Hour

// tempPattern is the pattern of os.MkdirTemp for a run's temporary folder.
func tempPattern(id string) string { return "sebs-" + id + "-*" }

// Sweep lists what killed runs left on the linked platforms and in the folder
// for temporary files, and deletes what is expired or carries the prefix of
// SEBS_PREFIX. It finds runs by their folders of results: those that never
// finished, and those that kept their resources. Like an experiment it runs
// only if -run names its test.
func Sweep(t *testing.T) {
	t.Helper()
	sel, err := newSelection(t.Name(), "-run", flagString("test.run"), "")
	if err != nil {
		t.Fatal(err)
	}
	if !sel.named() {
		t.Skipf("a sweep runs when -run names it: -run '^%s$'", t.Name())
	}
	if err := uncached(); err != nil {
		t.Fatal(err)
	}
	params, err := readParameters(os.Getenv, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := params.resultsFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := leftRuns(dir)
	if err != nil {
		t.Error(err) // of single runs: the others are swept
	}
	named := params.Prefix
	if named != "" { // not what a run is using
		lock, err := lockPrefix(params.Cache, named)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := lock.release(); err != nil {
				t.Error(err)
			}
		}()
	}
	t.Setenv("SEBS_PREFIX", "") // the sweep's own run has a prefix of its own
	for _, m := range runs {
		err := errors.Join(sweepRun(t.Context(), t, m, m.Prefix == named), sweepTemp(t, m, m.Prefix == named))
		if err != nil {
			t.Errorf("run %s: %v", m.ID, err)
		}
	}
	t.Logf("%d of the runs in %s may have left something", len(runs), dir)
}

// leftRuns reads the manifests of runs that did not finish or kept resources.
func leftRuns(dir string) ([]manifest, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "run.json"))
	if err != nil {
		return nil, err
	}
	var left []manifest
	var errs []error
	for _, path := range files {
		var m manifest
		data, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
			continue
		}
		if m.Prefix != "" && (m.Finished.IsZero() || m.Parameters["SEBS_PREFIX"] != "" || m.Parameters["SEBS_KEEP"] != "") {
			left = append(left, m)
		}
	}
	return left, errors.Join(errs...)
}

// sweepRun lists what a run left, and deletes what is expired, or all of it if
// the run was named.
func sweepRun(ctx context.Context, t *testing.T, m manifest, named bool) error {
	t.Helper()
	var errs []error
	for _, name := range driver.Platforms() {
		p, err := driver.Open(ctx, name, driver.Run{
			ID: m.ID, Prefix: m.Prefix, Expiry: time.Now(), Ledger: ledger{os.DevNull},
			Dir: t.TempDir(), Guard: noGuard{}, Log: t.Output(),
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for r, err := range p.Resources(ctx) {
			if err != nil {
				errs = append(errs, err)
				break
			}
			if swept(t, m, named, name+": "+r.Kind+" "+r.Name, r.Expiry) {
				errs = append(errs, p.Remove(ctx, r))
			}
		}
		errs = append(errs, p.Close(ctx))
	}
	return errors.Join(errs...)
}

// sweepTemp does so with a run's temporary folder, which is left if the run and
// its guard were both killed.
func sweepTemp(t *testing.T, m manifest, named bool) error {
	t.Helper()
	if !runID.MatchString(m.ID) {
		return fmt.Errorf("the id %q is no run's", m.ID) // nor part of a path
	}
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), tempPattern(m.ID)))
	errs := []error{err}
	for _, folder := range folders {
		if swept(t, m, named, "folder "+folder, m.Started.Add(unswept)) {
			errs = append(errs, os.RemoveAll(folder))
		}
	}
	return errors.Join(errs...)
}

// swept says whether to delete something that a run left, and tells it: what is
// expired, or anything if the run was named.
func swept(t *testing.T, m manifest, named bool, what string, expiry time.Time) bool {
	t.Helper()
	expired := !expiry.IsZero() && time.Now().After(expiry)
	if !named && !expired {
		t.Logf("%s of run %s is kept until %s: SEBS_PREFIX=%s make sweep deletes it now", what, m.ID, expiry.Format(time.RFC3339), m.Prefix)
		return false
	}
	t.Logf("deleting %s of run %s", what, m.ID)
	return true
}

// noGuard guards nothing: a sweep starts no processes.
type noGuard struct{}

func (noGuard) Process(int) func()       { return func() {} }
func (noGuard) Command(...string) func() { return func() {} }
func (noGuard) Folder(string) func()     { return func() {} }
