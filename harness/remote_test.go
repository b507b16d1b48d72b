package harness_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
	"github.com/sebs-go/sebs/platforms/sim"
)

// remote is the platform sim with functions that outlive the process: each is a
// file in a folder, as those of a cloud are. It is there in a child process that
// gets a world.
type remote struct {
	*sim.Platform
	run   driver.Run
	world string
	lag   time.Duration // until the list has what was created
	kill  int64         // the step at which the process is killed; 0: none
	fails string        // calls that fail: "deploy" halfway, "remove", "all" but deploying
	steps atomic.Int64
}

// remoteName is the platform's name.
const remoteName = "remote"

// linkRemote links the platform, if this process has a world for it.
func linkRemote() {
	world := os.Getenv("REMOTE_WORLD")
	if world == "" {
		return
	}
	driver.Register(remoteName, func(_ context.Context, run driver.Run) (driver.Platform, error) {
		kill, _ := strconv.Atoi(os.Getenv("REMOTE_KILL"))
		lag, _ := time.ParseDuration(os.Getenv("REMOTE_LAG"))
		return &remote{
			Platform: sim.New(run, sim.Options{}), run: run, world: world,
			lag: lag, kill: int64(kill), fails: os.Getenv("REMOTE_FAILS"),
		}, nil
	})
}

// step is a moment at which the process may be killed.
func (p *remote) step() {
	if p.steps.Add(1) == p.kill {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (p *remote) path(kind, name string) string { return filepath.Join(p.world, kind+" "+name) }

func (p *remote) Features() driver.Features {
	f := p.Platform.Features()
	f.Pace = driver.Pace{Deploy: 10 * time.Millisecond, Remove: 10 * time.Millisecond, Parallel: 2}
	return f
}

func (p *remote) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (driver.Target, error) {
	p.step()
	r := driver.Resource{Kind: "function", Name: s.Name, Run: p.run.ID, Expiry: p.run.Expiry}
	if err := p.run.Ledger.Record(r); err != nil {
		return driver.Target{}, err
	}
	p.step()
	data, err := json.Marshal(r)
	if _, missing := os.Stat(p.path(r.Kind, r.Name)); err == nil && missing != nil { // otherwise not even its expiry is renewed
		err = os.WriteFile(p.path(r.Kind, r.Name), data, 0o644)
	}
	if err != nil {
		return driver.Target{}, err
	}
	p.step()
	if p.fails == "deploy" {
		return driver.Target{}, errGone
	}
	return p.Platform.Deploy(ctx, s, pkg)
}

func (p *remote) Resources(context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		p.step()
		if p.fails == "all" {
			yield(driver.Resource{}, errGone)
			return
		}
		files, err := os.ReadDir(p.world)
		if err != nil {
			yield(driver.Resource{}, err)
		}
		for _, f := range files {
			var r driver.Resource
			info, err := f.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil && time.Since(info.ModTime()) < p.lag {
				continue
			}
			data, err := os.ReadFile(filepath.Join(p.world, f.Name()))
			if err == nil {
				err = json.Unmarshal(data, &r)
			}
			if (err != nil || p.run.Owns(r.Name)) && !yield(r, err) {
				return
			}
		}
	}
}

// errGone is the error of a platform that cannot be reached.
var errGone = errors.New("no route to the remote platform")

func (p *remote) Remove(_ context.Context, r driver.Resource) error {
	p.step()
	if p.fails == "all" || p.fails == "remove" {
		return errGone
	}
	if !p.run.Owns(r.Name) {
		return driver.ErrNotOurs
	}
	err := os.Remove(p.path(r.Kind, r.Name))
	p.step()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Meter tells what it is asked for, or of every other call.
func (p *remote) Meter(_ context.Context, t driver.Target, calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
	return func(yield func(driver.Usage, error) bool) {
		if !p.run.Owns(t.Function) {
			yield(driver.Usage{}, driver.ErrNotOurs)
			return
		}
		for i, c := range calls {
			if i%2 == 1 && os.Getenv("REMOTE_USAGE") == "half" {
				continue
			}
			if !yield(driver.Usage{Request: c.Request, Billed: time.Second}, nil) {
				return
			}
		}
	}
}

func (p *remote) Close(ctx context.Context) error {
	p.step()
	return p.Platform.Close(ctx)
}

// remoteWorld is a world with a function of somebody else.
type remoteWorld struct{ dir, results, temp, cache string }

func newRemoteWorld(t *testing.T) remoteWorld {
	t.Helper()
	w := remoteWorld{t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()}
	other := fmt.Sprintf(`{"kind": "function", "name": "somebody", "expiry": %q}`, time.Now().Format(time.RFC3339))
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "function somebody"), []byte(other), 0o644))
	return w
}

// child returns a run of a test in the world.
func (w remoteWorld) child(t *testing.T, pattern string, env ...string) *child {
	t.Helper()
	env = append([]string{"REMOTE_WORLD=" + w.dir, "SEBS_RESULTS=" + w.results, "TMPDIR=" + w.temp, "SEBS_CACHE=" + w.cache, "SEBS_SAMPLES=5"}, env...)
	c := newChild(t, env, "-test.run", pattern)
	c.results = w.results
	return c
}

// remoteModel selects two functions.
const remoteModel = "^TestModel$/platform=remote.*001.fast/(cold|warm)"

// sweep sweeps, and returns what it printed.
func (w remoteWorld) sweep(t *testing.T, env ...string) string {
	t.Helper()
	c := w.child(t, "^TestSweepModel$", env...)
	require.NoError(t, c.Run(), c.out.String())
	return c.out.String()
}

// ours returns the names of what runs have in the world.
func (w remoteWorld) ours(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(w.dir)
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		if f.Name() != "function somebody" {
			names = append(names, f.Name())
		}
	}
	require.Len(t, files, len(names)+1, "what somebody else has was touched")
	return names
}

// left returns run.json's left.
func (w remoteWorld) left(t *testing.T, c *child) []map[string]string {
	t.Helper()
	var manifest struct{ Left []map[string]string }
	read(t, filepath.Join(c.folder(t), "run.json"), &manifest)
	return manifest.Left
}

// TestKilledAnywhere: whenever a run is killed while it deploys and cleans up, a
// sweep removes what it left, although the platform's list lags.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	const enough = 100
	for step := 1; ; step++ {
		require.Less(t, step, enough)
		w := newRemoteWorld(t)
		c := w.child(t, remoteModel, "REMOTE_LAG=30s", "REMOTE_KILL="+strconv.Itoa(step))
		if err := c.Run(); err == nil {
			require.Empty(t, w.ours(t), "the run ended by itself")
			require.Greater(t, step, 10, "too few steps for two functions")
			return
		}
		require.Equal(t, syscall.SIGKILL, c.ProcessState.Sys().(syscall.WaitStatus).Signal(), c.out.String())
		text := w.sweep(t, "REMOTE_LAG=30s")
		require.Contains(t, text, "1 of the runs in", "step %d", step)
		require.Empty(t, w.ours(t), "step %d: %s", step, text)
	}
}

// TestSweptOnce: a run of which everything was found and removed is not looked
// for again. What the platform lists is enough to find it.
func TestSweptOnce(t *testing.T) {
	t.Parallel()
	for _, ledger := range []bool{true, false} {
		w := newRemoteWorld(t)
		c := w.child(t, remoteModel, "REMOTE_KILL=6")
		require.Error(t, c.Run())
		require.Len(t, w.ours(t), 2)
		if !ledger {
			require.NoError(t, os.Remove(filepath.Join(c.folder(t), "ledger.jsonl")))
		}
		require.Contains(t, w.sweep(t), "1 of the runs in")
		require.Empty(t, w.ours(t))
		require.Contains(t, w.sweep(t), "0 of the runs in")
	}
}

// TestSweepWithoutResults: what somebody left who was killed on this machine is
// found without results, and removed when it is expired.
func TestSweepWithoutResults(t *testing.T) {
	t.Parallel()
	for keep, kept := range map[string]int{"1h": 2, "1ms": 0} {
		w := newRemoteWorld(t)
		c := w.child(t, remoteModel, "REMOTE_KILL=6", "SEBS_KEEP="+keep)
		require.Error(t, c.Run())
		require.Len(t, w.ours(t), 2)
		require.NoError(t, os.RemoveAll(c.folder(t)))
		for range 2 {
			w.sweep(t)
			require.Len(t, w.ours(t), kept)
		}
		left, err := filepath.Glob(filepath.Join(w.cache, "prefixes", "*"))
		require.NoError(t, err)
		require.Equal(t, kept > 0, len(left) > 0, "the file of its prefix is there as long as something is")
	}
}

// TestSweepByPrefix: a prefix that is named is swept without its run's results.
func TestSweepByPrefix(t *testing.T) {
	t.Parallel()
	w := newRemoteWorld(t)
	c := w.child(t, remoteModel, "SEBS_PREFIX=mine")
	require.NoError(t, c.Run(), c.out.String())
	require.Len(t, w.ours(t), 2)
	require.Contains(t, w.sweep(t), "is kept until")
	require.Len(t, w.ours(t), 2, "it was kept")
	require.NoError(t, os.RemoveAll(c.folder(t)))
	w.sweep(t)
	require.Len(t, w.ours(t), 2, "nobody knows it")
	w.sweep(t, "SEBS_PREFIX=mine")
	require.Empty(t, w.ours(t))
}

// TestLeft: what a run cannot remove is in run.json and told with the command
// that removes it, which does.
func TestLeft(t *testing.T) {
	t.Parallel()
	for fails, more := range map[string]int{"remove": 0, "all": 1} { // that it could not list is one more
		w := newRemoteWorld(t)
		c := w.child(t, remoteModel, "REMOTE_FAILS="+fails)
		require.Error(t, c.Run())
		left := w.left(t, c)
		require.Len(t, left, 2+more)
		for _, l := range left {
			require.Equal(t, remoteName, l["platform"])
			require.Contains(t, l["why"], errGone.Error())
			if l["kind"] != "" {
				require.Contains(t, w.ours(t), l["kind"]+" "+l["name"])
			}
		}
		require.Contains(t, c.out.String(), "PLATFORM=remote make sweep")
		requireSummary(t, c.folder(t), "not everything was removed: ", "PLATFORM=remote make sweep")

		again := w.child(t, "^TestSweepModel$", "REMOTE_FAILS="+fails)
		require.Error(t, again.Run())
		require.Contains(t, again.out.String(), errGone.Error())
		require.Len(t, w.ours(t), 2)
		w.sweep(t)
		require.Empty(t, w.ours(t))
		require.Contains(t, w.sweep(t), "0 of the runs in")
	}
}

// TestDeployFailsHalfway: what a deployment made before it failed is removed,
// although the list lags.
func TestDeployFailsHalfway(t *testing.T) {
	t.Parallel()
	w := newRemoteWorld(t)
	c := w.child(t, remoteModel, "REMOTE_FAILS=deploy", "REMOTE_LAG=30s")
	require.Error(t, c.Run())
	require.Contains(t, c.out.String(), errGone.Error())
	require.Empty(t, w.left(t, c))
	require.Empty(t, w.ours(t))
	ledger, err := os.ReadFile(filepath.Join(c.folder(t), "ledger.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(ledger), `"platform":"remote","kind":"function"`)
}

// TestAsk asks for usage in the child processes of the test below.
func TestAsk(t *testing.T) { harness.Usage(t) }

// TestUsageDaysLater: what a platform did not tell at the end of a run is asked
// for later, when the run's functions are gone.
func TestUsageDaysLater(t *testing.T) {
	t.Parallel()
	w := newRemoteWorld(t)
	c := w.child(t, remoteModel, "REMOTE_USAGE=half")
	require.NoError(t, c.Run(), c.out.String())
	require.Empty(t, w.ours(t))
	requireSummary(t, c.folder(t), "has not told the usage of 2 calls; make usage RUN=results/<run>")
	summary := func() *results.Summary {
		files, err := filepath.Glob(filepath.Join(c.folder(t), "*", "*", "*mode=cold", "summary.json"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		var s results.Summary
		read(t, files[0], &s)
		return &s
	}
	require.Equal(t, 2, summary().UsageMissing)
	require.Equal(t, 3, summary().Metric(results.BilledTime).N)

	ask := w.child(t, "^TestAsk$", "SEBS_RUN="+c.folder(t), "REMOTE_USAGE=all")
	require.NoError(t, ask.Run(), ask.out.String())
	require.Contains(t, ask.out.String(), "usage of 5 calls was told now; it is missing of 0")
	require.Zero(t, summary().UsageMissing)
	require.Equal(t, 5, summary().Metric(results.BilledTime).N)
	table, err := os.ReadFile(filepath.Join(c.folder(t), "summary.txt"))
	require.NoError(t, err)
	require.Contains(t, ask.out.String(), string(table))
	require.NotContains(t, string(table), "make usage")

	again := w.child(t, "^TestAsk$") // of the latest run
	require.NoError(t, again.Run(), again.out.String())
	require.Contains(t, again.out.String(), "usage of 0 calls was told now; it is missing of 0")

	unlinked := w.child(t, "^TestAsk$", "REMOTE_WORLD=")
	require.Error(t, unlinked.Run())
	require.Contains(t, unlinked.out.String(), "it is not linked, pass -tags remote")
}

// TestSweepBeside: in the process of an experiment a sweep leaves its run alone.
func TestSweepBeside(t *testing.T) {
	t.Parallel()
	w := newRemoteWorld(t)
	c := w.child(t, "^TestModel$/platform=remote.*001.fast/warm|^TestSweepModel$")
	require.NoError(t, c.Run(), c.out.String())
	require.Contains(t, c.out.String(), "is left alone: it is running")
	require.Empty(t, w.ours(t))
}

// TestKeep: what runs of one prefix share is kept as long as the last of them
// says, also on a platform that does not renew its expiry.
func TestKeep(t *testing.T) {
	t.Parallel()
	w := newRemoteWorld(t)
	for _, keep := range []string{"1ms", "24h"} {
		c := w.child(t, remoteModel, "SEBS_PREFIX=mine", "SEBS_KEEP="+keep)
		require.NoError(t, c.Run(), c.out.String())
	}
	w.sweep(t)
	require.Len(t, w.ours(t), 2)
}
