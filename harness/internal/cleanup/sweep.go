package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/guard"
)

// Sweep removes what earlier runs left.
type Sweep struct {
	Results string     // the folder with their folders of results
	Cache   string     // where prefixes are locked, unless a run had another cache
	Format  int        // the newest format of results that is understood
	Prefix  string     // whose resources are removed even if they are to be kept; empty: none
	Own     driver.Run // of the sweep itself, but for its prefix

	Log func(format string, args ...any)
}

// Run sweeps. What failed for one run does not keep it from sweeping others. A
// run that is alive is left alone; if it has the prefix that was named, that is
// an error.
func (s *Sweep) Run(ctx context.Context) error {
	runs, err := s.findRuns()
	killed, strayErr := killedPrefixes(s.Cache)
	errs := []error{err, strayErr}
	for _, g := range s.groups(runs, killed) {
		if err := g.sweep(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", g, err))
		}
	}
	s.Log("looked at %d of the runs in %s, and at %d killed elsewhere: the others left nothing", len(runs), s.Results, len(killed))
	return errors.Join(errs...)
}

// group is the runs of one prefix: they share what is on platforms.
type group struct {
	*Sweep
	prefix string
	runs   []*pastRun // in the order in which they started; none if no folder of results has the prefix
	named  bool

	killed bool // one of them, on this machine
	kept   bool // something of them, which is not expired
}

// groups returns the runs by their prefixes, and the prefixes that have no run
// here: the one that is named, and those of whom else was killed on this machine
// (a doctor, a run whose results are elsewhere).
func (s *Sweep) groups(runs []*pastRun, killed []string) []*group {
	var all []*group
	add := func(prefix string) *group {
		for _, g := range all {
			if g.prefix == prefix {
				return g
			}
		}
		g := &group{Sweep: s, prefix: prefix, named: prefix == s.Prefix}
		all = append(all, g)
		return g
	}
	for _, r := range runs {
		g := add(r.Prefix)
		g.runs = append(g.runs, r)
	}
	if s.Prefix != "" {
		add(s.Prefix)
	}
	for _, prefix := range killed {
		add(prefix)
	}
	return all
}

// String names the group in messages.
func (g *group) String() string {
	if len(g.runs) == 1 {
		return "run " + g.runs[0].ID
	}
	return "prefix " + g.prefix
}

// ids returns the ids of the runs. A prefix that has none here is the id of one
// whose results are elsewhere, unless somebody chose it.
func (g *group) ids() []string {
	var ids []string
	for _, r := range g.runs {
		ids = append(ids, r.ID)
	}
	if len(ids) == 0 && newID.MatchString(g.prefix) {
		ids = append(ids, g.prefix)
	}
	return ids
}

// sweep removes what the runs left, unless one is alive.
func (g *group) sweep(ctx context.Context) error {
	prefixes, others, err := g.lock()
	defer func() {
		for _, l := range append(others, prefixes...) {
			_ = l.Release() // again, for one that was deleted
		}
	}()
	if errors.Is(err, ErrHeld) && !g.named {
		g.Log("%s is left alone: %v", g, err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(g.sweepHere(ctx), g.sweepPlatforms(ctx)); err != nil {
		return err
	}
	return g.finish(prefixes)
}

// lock takes the locks that the runs have while they are alive. Their folders
// of results may be copies, or lack their logs; a run may have had another
// cache. One lock that is held is enough.
func (g *group) lock() (prefixes, others []*Lock, err error) {
	var paths []string
	caches := []string{g.Cache}
	for _, id := range g.ids() {
		folders, err := tempFolders(id)
		if err != nil {
			return prefixes, others, err
		}
		paths = append(paths, folders...)
	}
	for _, r := range g.runs {
		paths = append(paths, filepath.Join(r.folder, LogFile))
		cache, err := driver.CacheFolder(r.Parameters["SEBS_CACHE"])
		if err != nil {
			return prefixes, others, err
		}
		if !slices.Contains(caches, cache) {
			caches = append(caches, cache)
		}
	}
	for _, path := range paths {
		l, err := Take(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // what is gone needs none
		case errors.Is(err, ErrHeld):
			return prefixes, others, fmt.Errorf("it is running: %w", err)
		case err != nil:
			return prefixes, others, fmt.Errorf("find whether it is running: %w", err)
		default:
			others = append(others, l)
		}
	}
	for i, cache := range caches {
		_, err := os.Stat(prefixFile(cache, g.prefix))
		g.killed = g.killed || err == nil
		if err != nil && i > 0 { // nobody had it there, and nobody takes it there now
			continue
		}
		l, err := TakePrefix(cache, g.prefix)
		if errors.Is(err, ErrHeld) {
			err = fmt.Errorf("it is running: %w", err)
		}
		if err != nil {
			return prefixes, others, err
		}
		prefixes = append(prefixes, l)
	}
	return prefixes, others, nil
}

// wanted says whether to remove something, and tells it if not: everything if
// the prefix was named, or if it is known that all runs ended that had it and
// none meant to keep anything; otherwise what is expired.
func (g *group) wanted(what string, r driver.Resource) bool {
	until := r.Expiry
	over := len(g.runs) > 0
	for _, run := range g.runs {
		if e := run.expiry(); e.After(until) {
			until = e
		}
		over = over && !run.keeps() && (!run.Finished.IsZero() || g.killed)
	}
	if g.named || over || (!until.IsZero() && time.Now().After(until)) {
		return true
	}
	g.kept = true
	how := "is kept until " + until.Format(time.RFC3339)
	if until.IsZero() {
		how = "is kept, as nobody here knows for how long"
	}
	g.Log("%s of %s %s: SEBS_PREFIX=%s make sweep deletes it now", what, g, how, g.prefix)
	return false
}

// sweepHere removes what runs left on this machine that were killed together
// with their guards: what these were to clean up, and the temporary folders, in
// which their journals are. A folder without a journal is none of a run that has
// locks: it is kept as what is on platforms is. One of another user is left alone.
func (g *group) sweepHere(ctx context.Context) error {
	var errs []error
	for _, id := range g.ids() {
		folders, err := tempFolders(id)
		errs = append(errs, err)
		for _, folder := range folders {
			_, err := os.Stat(filepath.Join(folder, guard.Journal))
			switch {
			case !owned(folder):
				g.kept = true
				g.Log("%s is left alone: it is no folder of this user", folder)
			case err == nil:
				g.Log("killing and deleting what run %s left on this machine, as its guard has not yet: %s", id, folder)
				err := guard.CleanUp(ctx, folder)
				if _, gone := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || errors.Is(gone, fs.ErrNotExist) {
					err = nil // its guard had not been killed, and was faster
				}
				errs = append(errs, err)
			case g.wanted("folder "+folder, driver.Resource{}):
				g.Log("deleting folder %s of run %s", folder, id)
				errs = append(errs, os.RemoveAll(folder))
			}
		}
	}
	return errors.Join(errs...)
}

// platforms returns the linked platforms that the runs have used, and those that
// they have used and that are not linked.
func (g *group) platforms() (here, missing []string) {
	linked := driver.Platforms()
	var used []string
	for _, r := range g.runs {
		if r.Opened == nil { // it is not known
			used = append(used, linked...)
		}
		used = append(used, r.Opened...)
		for _, entry := range r.ledger {
			if entry.Platform != "" {
				used = append(used, entry.Platform)
			}
		}
	}
	if len(g.runs) == 0 || g.named {
		used = append(used, linked...)
	}
	slices.Sort(used)
	for _, name := range slices.Compact(used) {
		if slices.Contains(linked, name) {
			here = append(here, name)
		} else {
			missing = append(missing, name)
		}
	}
	return here, missing
}

// sweepPlatforms removes what is on platforms.
func (g *group) sweepPlatforms(ctx context.Context) error {
	var errs []error
	here, missing := g.platforms()
	for _, name := range here {
		if err := g.sweepPlatform(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("platform %s: %w", name, err))
		}
	}
	if len(missing) > 0 {
		g.Log("%s also used %s: PLATFORM=%s make sweep looks there", g, strings.Join(missing, ", "), strings.Join(missing, ","))
	}
	return errors.Join(errs...)
}

// closing bounds how long closing a platform may take.
const closing = 30 * time.Second

func (g *group) sweepPlatform(ctx context.Context, name string) error {
	own := g.Own
	own.Prefix = g.prefix
	var err error
	if own.Dir, err = os.MkdirTemp(own.Dir, name); err != nil {
		return err
	}
	p, err := driver.Open(ctx, name, own)
	if err != nil {
		return err
	}
	var ledger []driver.Resource
	for _, r := range g.runs {
		ledger = append(ledger, on(name, r.ledger)...)
	}
	type key struct{ kind, name string }
	found := map[key]bool{}
	left := Remove(ctx, p, ledger, func(r driver.Resource, listed bool) bool {
		what := name + ": " + r.Kind + " " + r.Name
		if !g.wanted(what, r) {
			return false
		}
		if !listed {
			what += " (of its ledger; it may not exist)"
		}
		found[key{r.Kind, r.Name}] = listed
		g.Log("deleting %s of %s", what, g)
		return true
	})
	var errs []error
	for _, l := range left {
		delete(found, key{l.Kind, l.Name})
		errs = append(errs, l)
	}
	for _, r := range g.runs {
		errs = append(errs, r.removed(name, time.Now(), func(r driver.Resource) bool { return found[key{r.Kind, r.Name}] }))
	}
	ctx, cancel := context.WithTimeout(ctx, closing)
	defer cancel()
	return errors.Join(append(errs, p.Close(ctx))...)
}

// finish notes that nothing is left, if that is known: nothing is kept, and all
// that the ledger has could be read, was found and removed.
func (g *group) finish(prefixes []*Lock) error {
	if g.kept {
		return nil
	}
	var errs []error
	marked := true
	for _, r := range g.runs {
		if len(r.ledger) > 0 || r.unreadable || !r.allLinked() {
			marked = false
			continue
		}
		errs = append(errs, r.mark(g.Own.Expiry))
	}
	for _, l := range prefixes {
		if marked {
			errs = append(errs, l.Delete())
		}
	}
	return errors.Join(errs...)
}
