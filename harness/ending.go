package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
	"github.com/sebs-go/sebs/harness/results"
)

// close ends the run: what it created is removed, unless it is to be kept,
// platforms are closed, and the table is written and shown. A second call does
// nothing.
func (r *run) close(failed bool) error {
	if r.ctx == nil {
		return nil
	}
	if cause := context.Cause(r.ctx); cause != nil {
		r.manifest.Ended = cause.Error()
	}
	r.askUsage() // before what it is told of is removed
	r.manifest.Left = r.removeAll()
	r.progress.finish()
	if text := r.stalls.Remark(); text != "" {
		r.notes = append(r.notes, text)
	}
	r.manifest.Stalls = r.stalls.Records()
	r.manifest.Remarks = toldAll(slices.Concat(r.undone(failed), r.notes))
	r.manifest.Finished = time.Now().UTC()
	cells := r.summaries()
	errs := []error{results.WriteOutputs(r.folder, &r.manifest, cells)}
	r.unrecorded = r.manifest.Write(r.folder) // the last: a run that has finished is whole
	errs = append(errs, r.unrecorded)
	if _, err := fmt.Fprintf(os.Stdout, "%s\nresults: %s\n", results.Table(&r.manifest, cells), environment.Plain(r.folder)); err != nil {
		errs = append(errs, err)
	}
	if text := leftText(r.manifest.Left); text != "" {
		errs = append(errs, errors.New(text))
	}
	err := r.join(errs...)
	return errors.Join(err, r.release())
}

// undone returns what the run did not do, a line each.
func (r *run) undone(failed bool) []string {
	var lines []string
	if r.manifest.Ended != "" {
		lines = append(lines, "the run ended early: "+r.manifest.Ended)
	}
	if missing, planned := r.progress.unmeasured(); missing > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d cells were not measured", missing, planned))
	}
	if failed {
		lines = append(lines, "a test of the run failed: go test has said why")
	}
	if text := leftText(r.manifest.Left); text != "" {
		lines = append(lines, text)
	}
	return lines
}

// keeps reports whether resources stay for a later run.
func (r *run) keeps() bool { return r.params.Prefix != "" || r.params.Keep > 0 }

// closing bounds how long closing a platform may take.
const closing = 30 * time.Second

// removeAll removes what the run created, on all platforms at once, and closes
// them. It returns what is left. It has time of its own, bounded by the pace of
// each platform and by when the test is killed, whatever ended the run.
func (r *run) removeAll() []results.Leftover {
	ctx := context.WithoutCancel(r.ctx)
	if !r.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, r.cleanUpEnds())
		defer cancel()
	}
	if d := r.removal(); d > time.Second {
		r.progress.show(fmt.Sprintf("removing what was created: about %s", d.Round(time.Second)), true, true)
	}
	r.mu.Lock()
	names := slices.Sorted(maps.Keys(r.platforms))
	r.mu.Unlock()
	of := make([][]results.Leftover, len(names))
	var platforms sync.WaitGroup
	for i, name := range names {
		p := r.platforms[name]
		r.addPlatform(name, p.Platform) // stores that were started since it was opened
		platforms.Go(func() { of[i] = p.close(ctx, r.keeps()) })
	}
	platforms.Wait()
	left := slices.Concat(of...)
	if err := r.cleanUp(); err != nil {
		left = append(left, results.Leftover{Why: environment.Plain(err.Error())})
	}
	return left
}

// removal returns how long it usually takes to remove what the run has created
// outside this machine by now.
func (r *run) removal() time.Duration {
	if r.keeps() {
		return 0
	}
	var longest time.Duration
	r.paces.Range(func(name, pace any) bool {
		p := pace.(driver.Pace)
		longest = max(longest, p.Takes(len(r.ledger.Resources(name.(string))), p.Remove))
		return true
	})
	return longest
}

// cleanUpEnds returns when the clean-up must be over, so that what is left is
// still written: before the test is killed at its deadline, or, once all tests
// have ended, by the go command a minute after that.
func (r *run) cleanUpEnds() time.Time {
	if shared.enabled {
		return r.deadline.Add(45 * time.Second)
	}
	return r.deadline.Add(-min(time.Second, r.deadline.Sub(r.started)/40))
}

// close removes what the run created on the platform, unless it is kept, and
// closes it. It returns what is left.
func (p *openPlatform) close(ctx context.Context, keep bool) []results.Leftover {
	var left []results.Leftover
	if !keep {
		for _, l := range cleanup.Remove(ctx, p.Platform, p.run.ledger.Resources(p.name), nil) {
			left = append(left, results.Leftover{Platform: p.name, Kind: l.Kind, Name: l.Name, Detail: environment.Plain(l.Detail), Why: environment.Plain(l.Err.Error())})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, closing)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		left = append(left, results.Leftover{Platform: p.name, Why: environment.Plain(fmt.Sprintf("close the platform: %v", err))})
	}
	return left
}

// leftText says what is left, and what removes it; nothing if nothing is.
func leftText(left []results.Leftover) string {
	if len(left) == 0 {
		return ""
	}
	var platforms, what []string
	for _, l := range left {
		where := l.Platform
		if where == "" {
			where = "this machine"
		} else {
			platforms = append(platforms, l.Platform)
		}
		what = append(what, strings.TrimSpace(where+" "+l.Kind+" "+l.Name)+": "+l.Why)
	}
	const shown = 5
	if n := len(what) - shown; n > 0 {
		what = append(what[:shown], fmt.Sprintf("and %d more, which are in run.json", n))
	}
	command := "make sweep"
	if len(platforms) > 0 {
		command = "PLATFORM=" + strings.Join(slices.Compact(platforms), ",") + " make sweep"
	}
	return fmt.Sprintf("not everything was removed: %s; %s (the test that calls harness.Sweep) removes what is left", strings.Join(what, "; "), command)
}

// cleanUp deletes what the run has on this machine but for its results.
func (r *run) cleanUp() error {
	var errs []error
	if r.temp != "" {
		errs = append(errs, os.RemoveAll(r.temp))
	}
	if r.guard != nil {
		errs = append(errs, r.guard.Close())
	}
	r.temp, r.guard = "", nil
	return errors.Join(errs...)
}

// release gives up what the run holds on this machine. If it is not recorded
// that the run has ended, its prefix says to sweeps that it was killed.
func (r *run) release() error {
	errs := []error{r.cleanUp()}
	for _, stop := range r.stop {
		stop()
	}
	if r.cancel != nil {
		r.cancel(errors.New("the run has ended"))
	}
	if r.log != nil {
		errs = append(errs, r.log.Close())
	}
	for _, l := range r.locks {
		errs = append(errs, l.Release())
	}
	if r.unrecorded == nil {
		errs = append(errs, r.using.Delete())
	} else {
		errs = append(errs, r.using.Release())
	}
	r.ctx, r.log, r.using, r.locks, r.stop = nil, nil, nil, nil, nil
	return errors.Join(errs...)
}
