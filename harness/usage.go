package harness

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/results"
)

const (
	// usagePatience is how many times as long as a platform usually takes it is
	// waited for at the end of a run.
	usagePatience = 3
	// usageAtLast bounds the one question of a run that was interrupted.
	usageAtLast = 30 * time.Second
	// usageInterval is the least time between two questions.
	usageInterval = time.Second
)

// metered is a cell that has ended, on a platform that tells usage after answers.
type metered struct {
	*endedCell
	meter   driver.Meter
	begun   time.Time // when its platform is first asked
	ends    time.Time // when it is asked last
	every   time.Duration
	found   int
	missing int
	err     error // of the last question
}

// questions returns the cells of whose calls usage is missing.
func (r *run) questions() []*metered {
	var all []*metered
	for i := range r.cells {
		c := &r.cells[i]
		meter, ok := c.on.Platform.(driver.Meter)
		if !ok || c.summary.UsageMissing == 0 {
			continue
		}
		delay := c.on.Features().UsageDelay
		m := &metered{endedCell: c, meter: meter, begun: c.over.Add(delay), every: max(delay/2, usageInterval), missing: c.summary.UsageMissing}
		m.ends = c.over.Add(usagePatience * delay)
		if r.params.Usage != nil {
			m.ends = c.over.Add(*r.params.Usage)
			if m.ends.Before(m.begun) {
				m.begun = m.ends
			}
		}
		all = append(all, m)
	}
	return all
}

// askUsage asks platforms for what they tell of calls after their answers, before
// what they tell it of is removed: until nothing is missing, for a time that
// follows from how long they usually take. It waits for nothing once the run is
// interrupted.
func (r *run) askUsage() {
	all := r.questions()
	if len(all) == 0 {
		return
	}
	ctx := r.ctx
	if errors.Is(context.Cause(ctx), errTimeOver) {
		return
	}
	interrupted := ctx.Err() != nil
	if interrupted {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), usageAtLast)
		defer cancel()
	}
	for open := all; len(open) > 0 && ctx.Err() == nil; {
		var still []*metered
		next, ends := time.Time{}, time.Time{}
		calls := 0
		for _, m := range open {
			if interrupted || !time.Now().Before(m.begun) {
				last := interrupted || !time.Now().Before(m.ends)
				m.ask(ctx)
				if m.missing == 0 || last {
					continue
				}
				m.begun = minTime(time.Now().Add(m.every), m.ends)
			}
			still, calls = append(still, m), calls+m.missing
			if next.IsZero() || m.begun.Before(next) {
				next = m.begun
			}
			if m.ends.After(ends) {
				ends = m.ends
			}
		}
		if open = still; len(open) == 0 {
			break
		}
		r.progress.show(fmt.Sprintf("waiting for the usage of %s, which the platform tells later, for %s at most (SEBS_USAGE)",
			figures.Plural(calls, "call"), time.Until(ends).Round(time.Second)), true, false)
		timer := time.NewTimer(time.Until(next))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	for _, m := range all {
		if m.err != nil {
			r.note(fmt.Sprintf("ask %s for usage: %v", m.recorder.Platform(), m.err))
		}
		if m.found == 0 {
			continue
		}
		s, err := m.recorder.Report()
		if s != nil {
			m.summary = s
		}
		if err != nil {
			r.note(fmt.Sprintf("statistics with usage: %v", err))
		}
	}
}

// ask asks once.
func (m *metered) ask(ctx context.Context) {
	var found int
	found, m.missing, m.err = m.recorder.AskUsage(func(calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
		return m.meter.Meter(ctx, m.recorder.Target(), calls)
	})
	m.found += found
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Usage asks platforms again for what they measured and billed of the calls of an
// earlier run, and makes its statistics anew: SEBS_RUN is its folder of results,
// or else it is the latest. It asks once; call it again as long as some is
// missing and the platform may still tell. The run's functions may be gone. Like
// an experiment it runs only if -run names its test.
func Usage(t *testing.T) {
	t.Helper()
	params, dir := maintenance(t, "asking for usage")
	folder, err := params.runFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := cleanup.Take(filepath.Join(folder, cleanup.LogFile))
	switch {
	case errors.Is(err, cleanup.ErrHeld):
		t.Fatalf("%s: the run is under way, and asks at its end", folder)
	case err == nil:
		defer func() { _ = lock.Release() }()
	case !errors.Is(err, os.ErrNotExist): // results may be copied without the log
		t.Fatal(err)
	}
	old, err := results.Open(os.DirFS(folder))
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	own, cleanUp, err := maintenanceRun(t)
	if err != nil {
		t.Fatal(err)
	}
	defer cleanUp()
	own.Prefix = old.Manifest.Prefix
	found, missing, asked := 0, 0, 0
	opened := map[string]driver.Platform{}
	for _, c := range old.Cells {
		if !c.Metered() {
			continue
		}
		asked++
		meter, err := openMeter(t, opened, c.Platform(), own)
		if err != nil {
			t.Error(environment.Plain(err.Error()))
			continue
		}
		n, left, err := c.AskUsage(folder, func(calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
			return meter.Meter(t.Context(), c.Target(), calls)
		})
		found, missing = found+n, missing+left
		if err != nil {
			t.Error(environment.Plain(fmt.Sprintf("%s: %v", c.Path, err)))
		}
	}
	if asked == 0 {
		t.Logf("%s: no cell is of a platform that tells usage after answers", folder)
		return
	}
	if found > 0 {
		table, err := results.Report(folder)
		fmt.Print(table)
		if err != nil {
			t.Error(environment.Plain(err.Error()))
		}
	}
	t.Logf("%s: usage of %s was told now; it is missing of %d", folder, figures.Plural(found, "call"), missing)
}

// openMeter opens a platform, once, that tells usage after answers.
func openMeter(t *testing.T, opened map[string]driver.Platform, name string, own driver.Run) (driver.Meter, error) {
	t.Helper()
	p := opened[name]
	if p == nil {
		own.Dir = filepath.Join(own.Dir, name)
		err := os.MkdirAll(own.Dir, 0o755)
		if err == nil {
			p, err = driver.Open(t.Context(), name, own)
		}
		if err != nil {
			return nil, fmt.Errorf("open platform %s: %w", name, err)
		}
		opened[name] = p
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), closing)
			defer cancel()
			if err := p.Close(ctx); err != nil {
				t.Error(environment.Plain(err.Error()))
			}
		})
	}
	meter, ok := p.(driver.Meter)
	if !ok {
		return nil, fmt.Errorf("platform %s no longer tells usage: %w", name, driver.ErrUnsupported)
	}
	return meter, nil
}

// runFolder returns the folder of results that SEBS_RUN names, from the module's
// root, or of the latest run.
func (p parameters) runFolder(dir string) (string, error) {
	if p.Run == "" {
		data, err := os.ReadFile(filepath.Join(dir, latestFile))
		if err != nil {
			return "", fmt.Errorf("the latest run: %w: set SEBS_RUN to a folder of results", err)
		}
		return strings.TrimSpace(string(data)), nil
	}
	root, err := moduleRoot()
	if err != nil || filepath.IsAbs(p.Run) {
		return p.Run, err
	}
	return filepath.Join(root, p.Run), nil
}
