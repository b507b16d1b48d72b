package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
	"github.com/sebs-go/sebs/harness/internal/guard"
	"github.com/sebs-go/sebs/harness/internal/selection"
	"github.com/sebs-go/sebs/harness/results"
)

// Sweep removes what runs left: those that were killed, could not clean up, or
// kept what they created. It finds runs by their folders of results, and what
// they left on the linked platforms by what these list and by the ledgers in the
// folders. A run that is alive, in this process or another, is left alone.
//
// What a run meant to keep, or a run that may be alive on another machine, is
// removed when it is expired; anything that has the prefix of SEBS_PREFIX at
// once, also without a folder of results. The rest is listed.
//
// On this machine it kills and deletes what the guard would have, had it not
// been killed too; of a run without a folder of results here only if its id is
// its prefix, as it is without SEBS_PREFIX. That, and whether a run is alive whose run.log was copied or
// deleted, it sees by the run's temporary folder and the lock of its prefix:
// sweep with the same TMPDIR and SEBS_CACHE. Like an experiment it runs only if
// -run names its test.
func Sweep(t *testing.T) {
	t.Helper()
	params, dir := maintenance(t, "a sweep")
	own, cleanUp, err := maintenanceRun(t)
	if err != nil {
		t.Fatal(err)
	}
	defer cleanUp()
	sweep := cleanup.Sweep{
		Results: dir, Cache: params.Cache, Format: results.Format, Prefix: params.Prefix, Own: own,
		Log: func(format string, args ...any) { t.Helper(); t.Log(environment.Plain(fmt.Sprintf(format, args...))) },
	}
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok { // to say what is left, instead of being killed
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-min(30*time.Second, time.Until(deadline)/10)))
		defer cancel()
	}
	if err := sweep.Run(ctx); err != nil {
		t.Error(environment.Plain(err.Error()))
	}
}

// maintenance skips a test that -run does not name, refuses build tags that link
// no platform, and returns the parameters and the folder with the folders of
// results.
func maintenance(t *testing.T, what string) (parameters, string) {
	t.Helper()
	sel, err := selection.New(t.Name(), "-run", selection.Flag("test.run"), "")
	if err == nil && !sel.Named() {
		t.Skipf("%s runs when -run names it: -run '^%s$'", what, t.Name())
	}
	var params parameters
	var root, note string
	if err == nil {
		err = uncached()
	}
	if err == nil {
		params, err = readParameters(os.Getenv, os.Environ())
	}
	if err == nil {
		root, err = moduleRoot()
	}
	if err == nil {
		note, err = checkAllTags(buildTags(), driver.Tags(), driver.Platforms())
	}
	if err != nil {
		t.Fatal(err)
	}
	if note != "" {
		t.Log(note)
	}
	return params, params.resultsFolder(root)
}

// maintenanceRun returns the run that platforms are opened for by what looks
// after earlier runs, whose ids are others, and what ends it.
func maintenanceRun(t *testing.T) (driver.Run, func(), error) {
	t.Helper()
	id := cleanup.NewID()
	temp, err := os.MkdirTemp("", cleanup.TempPattern(id))
	if err != nil {
		return driver.Run{}, nil, fmt.Errorf("temporary folder: %w", err)
	}
	lock, err := cleanup.Take(temp) // against other sweeps
	if err != nil {
		return driver.Run{}, nil, errors.Join(err, os.RemoveAll(temp))
	}
	g, err := guard.Start(t.Context(), temp, func(err error) { t.Error(err) })
	if err != nil {
		return driver.Run{}, nil, errors.Join(err, os.RemoveAll(temp), lock.Release())
	}
	own := driver.Run{ID: id, Expiry: time.Now(), Ledger: createsNothing{}, Dir: temp, Guard: g, Log: t.Output()}
	return own, func() {
		if err := errors.Join(g.Close(), lock.Release()); err != nil { // the guard deletes the folder
			t.Error(err)
		}
	}, nil
}

// createsNothing is the ledger of maintenance.
type createsNothing struct{}

// Record implements driver.Ledger.
func (createsNothing) Record(r driver.Resource) error {
	return fmt.Errorf("maintenance creates nothing, and %s %s was to be", r.Kind, r.Name)
}
