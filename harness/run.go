package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
	"github.com/sebs-go/sebs/harness/internal/guard"
	"github.com/sebs-go/sebs/harness/internal/selection"
	"github.com/sebs-go/sebs/harness/internal/stalls"
	"github.com/sebs-go/sebs/harness/plain"
	"github.com/sebs-go/sebs/harness/results"
)

// Main runs a package's tests with one run for all experiments of the process:
// shared platforms and stores, one folder of results, one table at the end.
// Call it from TestMain; it does not return. A -run or -bench that matches no
// test of the package fails if it is nearly the name of one, or has levels below
// the name, as 'Invoke/110' has.
func Main(m *testing.M) {
	shared.enabled = true
	code := m.Run()
	if code == 0 && selection.Misnamed(context.Background(), os.Stderr, shared.run != nil) {
		code = 1
	}
	if r := shared.run; r != nil {
		if err := r.close(code != 0); err != nil {
			fmt.Fprintln(os.Stderr, "sebs:", environment.Plain(err.Error()))
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// shared is the run of a process whose TestMain calls Main.
var shared struct {
	mu      sync.Mutex // experiments may be parallel tests
	enabled bool
	run     *run
}

// processStart is when the test binary started, from which its -timeout counts.
var processStart = time.Now()

// run is one `go test` of experiments: one folder of results.
type run struct {
	id       string
	prefix   string
	params   parameters
	seed     uint32 // of the order of cells
	root     string // the module's
	folder   string // of results
	temp     string // deleted at the end
	started  time.Time
	deadline time.Time // when the test binary is killed; zero: never
	ctx      context.Context
	cancel   context.CancelCauseFunc
	packages *build.Store
	guard    *guard.Guard
	using    *cleanup.Lock   // of the prefix
	locks    []*cleanup.Lock // of the log and the temporary folder
	ledger   *cleanup.Ledger

	paces      sync.Map // driver.Pace by the name of an opened platform
	unrecorded error    // why run.json does not say that the run has ended
	log        *plain.Writer
	progress   *progress
	stop       []func()

	measuring sync.Mutex // experiments measure one at a time, whatever tests are parallel

	mu        sync.Mutex
	folders   []Benchmark // of SEBS_BENCHMARKS
	looked    bool        // for folders
	platforms map[string]*openPlatform
	cells     []endedCell    // in the order of plans
	places    int            // of cells in that order, given so far
	latest    bool           // the file latest names it
	repeated  map[string]int // how often experiments began
	notes     []string       // that were told
	manifest  results.Manifest
	requests  atomic.Uint64

	sandboxes *sandboxes // that answered
	stalls    *stalls.Stalls
}

// openRun returns the process's shared run, or one that ends with the test.
func openRun(tb testing.TB) (*run, error) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.run != nil {
		return shared.run, nil
	}
	r, err := startRun(timeLeft(tb))
	if err != nil {
		return nil, err
	}
	if shared.enabled {
		shared.run = r
		return r, nil
	}
	tb.Cleanup(func() {
		if err := r.close(tb.Failed()); err != nil {
			tb.Errorf("sebs: %s", environment.Plain(err.Error()))
		}
	})
	return r, nil
}

// startRun begins a run: its folder of results, its guard, and a context that
// ends at a signal, when the Go command is gone, or before the deadline.
func startRun(deadline time.Time) (_ *run, err error) {
	if err := uncached(); err != nil {
		return nil, err
	}
	params, err := readParameters(os.Getenv, os.Environ())
	if err != nil {
		return nil, err
	}
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	if err := enoughFiles(); err != nil {
		return nil, err
	}
	r := &run{
		id: cleanup.NewID(), params: params, seed: cmp.Or(params.Seed, 1+rand.Uint32N(math.MaxUint32)), root: root, started: time.Now(), deadline: deadline,
		platforms: map[string]*openPlatform{}, sandboxes: newSandboxes(),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.release())
		}
	}()
	r.prefix = r.id
	if params.Prefix != "" {
		r.prefix = params.Prefix
	}
	if r.using, err = cleanup.TakePrefix(params.Cache, r.prefix); err != nil {
		return nil, err
	}
	if r.packages, err = build.OpenStore(params.Cache); err != nil {
		return nil, err
	}
	if r.folder, err = createFolder(params.resultsFolder(root), r.id, r.started); err != nil {
		return nil, err
	}
	r.ledger = cleanup.NewLedger(filepath.Join(r.folder, cleanup.LedgerFile))
	if err := r.begin(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(r.folder))
	}
	return r, nil
}

// begin takes what the run needs of this machine. What it leaves if it is
// killed is found by run.json, so that this comes first.
func (r *run) begin() error {
	path := filepath.Join(r.folder, cleanup.LogFile)
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return &results.Error{Err: err}
	}
	l, err := cleanup.Take(path)
	if err != nil {
		return errors.Join(&results.Error{Err: err}, log.Close())
	}
	r.locks = append(r.locks, l)
	r.log = plain.NewWriter(log, environment.Secrets()...)
	r.progress = newProgress(r.started)
	r.context()
	r.manifest = newManifest(r.ctx, r)
	if err := results.Begin(r.folder, &r.manifest); err != nil {
		return err
	}
	if r.temp, err = createTemp(r.id); err != nil {
		return err
	}
	if l, err = cleanup.Take(r.temp); err != nil { // for a sweep of copied results
		return fmt.Errorf("temporary folder: %w: set TMPDIR to a folder that can be locked", err)
	}
	r.locks = append(r.locks, l)
	lost := func(err error) { r.cancel(fmt.Errorf("%w: free space, or set TMPDIR to another folder", err)) }
	if r.guard, err = guard.Start(r.ctx, r.temp, lost); err != nil {
		return err
	}
	if names := environment.Withheld(); len(names) > 0 {
		text := "variables of this shell are withheld from all that is built and measured: " + strings.Join(names, ", ")
		fmt.Fprintln(r.log, text)
		r.note(text)
	}
	return nil
}

// leastFiles is how many open files a run needs, with one call at a time.
const leastFiles = 64

// enoughFiles returns an error if this process may open too few files.
func enoughFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("find how many files may be open: %w", err)
	}
	if limit.Cur < leastFiles {
		return fmt.Errorf("only %d files may be open at once, and a run needs %d: ulimit -n %d", limit.Cur, leastFiles, 16*leastFiles)
	}
	return nil
}

// context makes the run's context.
func (r *run) context() {
	ctx, cancel := context.WithCancelCause(context.Background())
	r.ctx, r.cancel = ctx, cancel

	reserve := min(30*time.Second, time.Until(r.deadline)/10) // to end within the time of -timeout
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	parent := os.Getppid()
	ticks := time.NewTicker(250 * time.Millisecond)
	go func() {
		for {
			select {
			case s := <-signals:
				// A second signal ends the process at once; the guard cleans up.
				signal.Reset(os.Interrupt, syscall.SIGTERM)
				cancel(fmt.Errorf("interrupted by signal %s", s))
				r.progress.show(fmt.Sprintf("interrupted by signal %s: ending the run; once more to kill it", s), true, true)
			case <-ticks.C:
				if os.Getppid() != parent {
					cancel(errors.New("the go command is gone"))
					return
				}
				if !r.deadline.IsZero() && time.Until(r.deadline) < reserve+r.removal() {
					cancel(errTimeOver)
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	r.stop = append(r.stop, ticks.Stop, func() { signal.Stop(signals) })
	r.stalls = stalls.Watch(ctx)
	if !r.deadline.IsZero() {
		timer := time.AfterFunc(time.Until(r.deadline)-reserve, func() { cancel(errTimeOver) })
		r.stop = append(r.stop, func() { timer.Stop() })
	}
}

var errTimeOver = errors.New("the time of -timeout is over")

// timeLeft returns when the test binary is killed, zero for never.
func timeLeft(tb testing.TB) time.Time {
	if t, ok := tb.(*testing.T); ok {
		deadline, _ := t.Deadline()
		return deadline
	}
	if d := flagDuration("test.timeout"); d > 0 {
		return processStart.Add(d)
	}
	return time.Time{}
}

// request returns a new request id, unique in the run.
func (r *run) request() string {
	var id [40]byte // of which the string is the only allocation
	return string(strconv.AppendUint(append(append(id[:0], r.id...), '-'), r.requests.Add(1), 10))
}

// note tells something about the run, once: as it is found, and in the table.
func (r *run) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
		r.keep()
		r.progress.show(text, true, true)
	}
}

// withFolders returns the benchmarks with those of SEBS_BENCHMARKS, which
// replace built-in ones of the same name, unless they cannot run alone.
func (r *run) withFolders(benchmarks []Benchmark) ([]Benchmark, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.looked && r.params.Benchmarks != "" {
		folders, err := foldersFromEnv(r.params.Benchmarks)
		if err != nil {
			return nil, fmt.Errorf("SEBS_BENCHMARKS: %w", err)
		}
		r.folders, r.looked = folders, true
	}
	all := slices.Clone(benchmarks)
	for _, b := range r.folders {
		i := slices.IndexFunc(all, func(have Benchmark) bool { return have.Name == b.Name })
		switch {
		case i < 0:
			all = append(all, b)
		case all[i].Serves && b.folder.unsent() != "":
			all[i].instead = fmt.Sprintf("%s: the built-in one runs, since that of SEBS_BENCHMARKS reads %q of its event, which its input.py does not make: SeBS's experiments do",
				b.Name, b.folder.unsent())
		default:
			all[i] = b
		}
	}
	return all, nil
}

// updates reports whether SEBS_UPDATE names what.
func (r *run) updates(what string) bool { return slices.Contains(r.params.Update, what) }

// platform opens a platform once.
func (r *run) platform(name string) (*openPlatform, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.platforms[name]; p != nil {
		return p, nil
	}
	dir := filepath.Join(r.temp, name) // exists if opening failed before
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("temporary folder: %w", err)
	}
	if err := r.opens(name); err != nil {
		return nil, err
	}
	p, err := driver.Open(r.ctx, name, driver.Run{
		ID: r.id, Prefix: r.prefix, Expiry: r.manifest.Expiry, Ledger: r.ledger.On(name),
		Dir: dir, Guard: r.guard, Log: r.log,
	})
	if err != nil {
		return nil, fmt.Errorf("open platform %s: %w", name, err)
	}
	r.paces.Store(name, p.Features().Pace)
	o := &openPlatform{Platform: p, name: name, run: r, stores: map[string]*Store{}, inputs: map[string]*input{}}
	r.platforms[name] = o
	r.addPlatform(name, p)
	r.keep()
	return o, nil
}

// opens records that a platform is about to be opened, for a sweep, should the
// run be killed. The caller holds mu.
func (r *run) opens(name string) error {
	if slices.Contains(r.manifest.Opened, name) {
		return nil
	}
	r.manifest.Opened = append(r.manifest.Opened, name)
	return r.manifest.Write(r.folder)
}

// expiry returns when a sweep may remove what the run creates although it is not
// known to have ended: not before that must be.
func (r *run) expiry() time.Time {
	from := r.started
	if r.deadline.After(from) {
		from = r.deadline
	}
	return from.Add(cmp.Or(r.params.Keep, cleanup.Unswept)).UTC()
}
