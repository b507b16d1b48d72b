package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/guard"
)

// unswept is how long what a killed run left on a platform is kept, unless it
// is named.
const unswept = 24 * time.Hour

// Sweep removes what killed runs left. It finds runs by their folders of
// results: those that never finished or could not clean up, and those that kept
// their resources. One that is still running is left alone.
//
// On this machine it kills and deletes what the guard would have, had it not
// been killed too. That, and whether a run is running whose run.log was copied
// or deleted, it sees by the run's temporary folder: sweep with the same TMPDIR.
// Of what is on the linked platforms it deletes what is expired or carries the
// prefix of SEBS_PREFIX, and lists the rest. Like an experiment it runs only if
// -run names its test.
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
	runs, err := leftRuns(dir, params.Prefix)
	if err != nil {
		t.Error(err) // of single runs: the others are swept
	}
	own, cleanUp, err := sweepingRun(t)
	if err != nil {
		t.Fatal(err)
	}
	defer cleanUp()
	if params.Prefix != "" { // not what a run is using
		prefix, err := lockPrefix(params.Cache, params.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := prefix.release(); err != nil {
				t.Error(err)
			}
		}()
	}
	for _, r := range runs {
		if err := r.sweep(t, own, r.Prefix == params.Prefix); err != nil {
			t.Errorf("run %s: %v", r.ID, err)
		}
	}
	t.Logf("%d of the runs in %s may have left something", len(runs), dir)
}

// sweepingRun returns the run of the sweep itself, whose id is that of no run
// that it sweeps, and what ends it.
func sweepingRun(t *testing.T) (driver.Run, func(), error) {
	t.Helper()
	id := newID()
	temp, err := os.MkdirTemp("", tempPattern(id))
	if err != nil {
		return driver.Run{}, nil, fmt.Errorf("temporary folder: %w", err)
	}
	g, err := guard.Start(t.Context(), temp, func(err error) { t.Error(err) })
	if err != nil {
		return driver.Run{}, nil, errors.Join(err, os.RemoveAll(temp))
	}
	own := driver.Run{ID: id, Expiry: time.Now(), Ledger: ledger{os.DevNull}, Dir: temp, Guard: g, Log: t.Output()}
	return own, func() {
		if err := g.Close(); err != nil { // which deletes the folder
			t.Error(err)
		}
	}, nil
}

// leftRun is a run that may have left something, by its folder of results.
type leftRun struct {
	manifest
	folder string
	kept   bool // something of it, which is not expired
}

// sweptFile is in the folder of results of a run of which a sweep found nothing
// left.
const sweptFile = "swept.txt"

// leftRuns returns the runs that may have left something, or carry the prefix
// that the sweep names.
func leftRuns(dir, prefix string) ([]leftRun, error) {
	files, err := fs.Glob(os.DirFS(dir), "*/run.json")
	if err != nil {
		return nil, err
	}
	var left []leftRun
	var errs []error
	for _, file := range files {
		r, damaged := readLeft(filepath.Join(dir, file))
		folders, err := tempFolders(r.ID)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.folder, err))
		}
		named := prefix != "" && r.Prefix == prefix
		if _, err := os.Stat(filepath.Join(r.folder, sweptFile)); err == nil && !named && len(folders) == 0 {
			continue
		}
		errs = append(errs, damaged)
		if r.Prefix != "" && (named || len(folders) > 0 || r.unfinished()) {
			left = append(left, r)
		}
	}
	return left, errors.Join(errs...)
}

// readLeft reads a run.json. If it is damaged the run is known by the name of
// its folder, if that is a run's, and the error says so.
func readLeft(path string) (leftRun, error) {
	r := leftRun{folder: filepath.Dir(path)}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &r.manifest)
	}
	if err == nil {
		return r, nil
	}
	r.manifest = manifest{}
	text, id, _ := strings.Cut(filepath.Base(r.folder), "-")
	started, parseErr := time.Parse(folderTime, text)
	if parseErr != nil || !runID.MatchString(id) {
		return r, fmt.Errorf("%s: %w: the name of its folder is no run's: see whether it is needed, and delete it", path, err)
	}
	r.ID, r.Prefix, r.Started = id, id, started
	return r, fmt.Errorf("%s: %w: run %s is swept by the name of its folder: delete that when nothing is left", path, err, id)
}

// unfinished reports whether a run did not remove all that it created.
func (r *leftRun) unfinished() bool {
	return r.Finished.IsZero() || r.Left != "" || r.Parameters["SEBS_PREFIX"] != "" || r.Parameters["SEBS_KEEP"] != ""
}

// sweep removes what a run left, unless it is running.
func (r *leftRun) sweep(t *testing.T, own driver.Run, named bool) error {
	t.Helper()
	if !runID.MatchString(r.ID) { // nor part of a path
		return fmt.Errorf("the id %q is no run's", r.ID)
	}
	locks, err := r.lock(named)
	defer func() {
		for _, l := range locks {
			if err := l.release(); err != nil {
				t.Error(err)
			}
		}
	}()
	if errors.Is(err, errHeld) && !named {
		t.Logf("run %s is left alone: %v", r.ID, err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(r.sweepHere(t, named), r.sweepPlatforms(t, own, named)); err != nil {
		return err
	}
	return r.mark(own.Expiry)
}

// mark keeps later sweeps from looking for the run again if nothing of it can be
// left: nothing is kept, it created nothing outside this machine, where the next
// sweep may have other credentials, and all its platforms are known and linked.
func (r *leftRun) mark(now time.Time) error {
	if r.kept || len(r.Platforms) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(r.folder, ledgerFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	linked := driver.Platforms()
	if slices.ContainsFunc(r.Platforms, func(name string) bool { return !slices.Contains(linked, name) }) {
		return nil
	}
	return writeFile(filepath.Join(r.folder, sweptFile), []byte("make sweep found nothing left of this run at "+now.UTC().Format(time.RFC3339)+"\n"))
}

// lock takes the locks that a run has while it is running, and that other runs
// have while they use its prefix. The prefix of the sweep itself is named. The
// folder of results may be a copy, or lack its log: whether the run is running
// on this machine is then told by its temporary folder alone.
func (r *leftRun) lock(named bool) ([]*lock, error) {
	var locks []*lock
	log := filepath.Join(r.folder, logFile)
	if _, err := os.Stat(log); err == nil {
		if locks, err = addLock(locks, takeLock, log); err != nil {
			return locks, err
		}
	}
	folders, err := tempFolders(r.ID)
	if err != nil {
		return locks, err
	}
	for _, folder := range folders {
		if locks, err = addLock(locks, lockFolder, folder); err != nil {
			return locks, err
		}
	}
	if r.Parameters["SEBS_PREFIX"] == "" || named {
		return locks, nil
	}
	cache, err := driver.CacheFolder(r.Parameters["SEBS_CACHE"])
	if err != nil {
		return locks, err
	}
	l, err := lockPrefix(cache, r.Prefix)
	return append(locks, l), err
}

// addLock adds the lock of what only the run itself locks. What is gone by now
// needs none.
func addLock(locks []*lock, take func(string) (*lock, error), path string) ([]*lock, error) {
	l, err := take(path)
	switch {
	case errors.Is(err, errHeld):
		return locks, fmt.Errorf("it is running: %w", errHeld)
	case errors.Is(err, fs.ErrNotExist):
		return locks, nil
	case err != nil:
		return locks, fmt.Errorf("find whether it is running: %w", err)
	}
	return append(locks, l), nil
}

// sweepHere removes what a run left on this machine if it was killed together
// with its guard: what that was to clean up, and the temporary folder, in which
// the guard's journal is. A folder without a journal is none of a run that has
// locks: it is kept as what is on platforms is.
func (r *leftRun) sweepHere(t *testing.T, named bool) error {
	t.Helper()
	folders, err := tempFolders(r.ID)
	errs := []error{err}
	for _, folder := range folders {
		_, err := os.Stat(filepath.Join(folder, guard.Journal))
		switch {
		case err == nil:
			t.Logf("killing and deleting what run %s left on this machine, as its guard was killed too: %s", r.ID, folder)
			errs = append(errs, guard.CleanUp(t.Context(), folder))
		case r.swept(t, named, "folder "+folder, r.Started.Add(unswept)):
			errs = append(errs, os.RemoveAll(folder))
		}
	}
	return errors.Join(errs...)
}

// sweepPlatforms lists what a run left on the linked platforms, and deletes
// what is expired, or all of it if the run was named.
func (r *leftRun) sweepPlatforms(t *testing.T, own driver.Run, named bool) error {
	t.Helper()
	var errs []error
	for _, name := range driver.Platforms() {
		if err := r.sweepPlatform(t.Context(), t, name, own, named); err != nil {
			errs = append(errs, fmt.Errorf("platform %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *leftRun) sweepPlatform(ctx context.Context, t *testing.T, name string, own driver.Run, named bool) error {
	t.Helper()
	own.Prefix = r.Prefix
	var err error
	if own.Dir, err = os.MkdirTemp(own.Dir, name); err != nil {
		return err
	}
	p, err := driver.Open(ctx, name, own)
	if err != nil {
		return err
	}
	var errs []error
	for left, err := range p.Resources(ctx) {
		if err != nil {
			errs = append(errs, err)
			break
		}
		if r.swept(t, named, name+": "+left.Kind+" "+left.Name, left.Expiry) {
			errs = append(errs, p.Remove(ctx, left))
		}
	}
	return errors.Join(append(errs, p.Close(ctx))...)
}

// swept says whether to delete something that a run left, and tells it: what is
// expired, or anything if the run was named.
func (r *leftRun) swept(t *testing.T, named bool, what string, expiry time.Time) bool {
	t.Helper()
	expired := !expiry.IsZero() && time.Now().After(expiry)
	if !named && !expired {
		r.kept = true
		t.Logf("%s of run %s is kept until %s: SEBS_PREFIX=%s make sweep deletes it now", what, r.ID, expiry.Format(time.RFC3339), r.Prefix)
		return false
	}
	t.Logf("deleting %s of run %s", what, r.ID)
	return true
}
