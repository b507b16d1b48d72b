// Package process is the platform of this machine: a function is a child
// process, a sandbox a tree of processes. It needs neither containers nor a
// cloud, only the interpreters of the languages to be measured.
//
// The harness reaches a sandbox over a socket that the child inherits: nothing
// listens, nothing is polled, and the first request waits in the socket while
// the interpreter starts. A sandbox serves one call at a time; an idle one is
// used again; calls start as many as free memory allows, and wait beyond that.
//
// On Linux, with the rights for it (root, or CAP_SYS_ADMIN and writable control
// groups), each sandbox has a /tmp of its own, cannot write its code, and is
// held to its limits of memory and processes by control groups, and each of its
// processes to 1024 open files, as on AWS Lambda. Elsewhere a
// watchdog keeps the limits, with a tolerance, and one handler runs at a time,
// because all share /tmp. The run's log says which of the two it is. In both
// cases every process of a sandbox is killed with it, and with this process.
//
// This is no security boundary: functions run with the rights of the user and
// see the user's files. They are not given the user's environment; with mount
// namespaces, what /proc shows of the environments of this process and of those
// that started it is empty, too. But what runs as a user can read all that its
// other processes have, and as root all that anybody's have.
package process

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/internal/machine"
	"github.com/sebs-go/sebs/platforms/internal/pool"
	"github.com/sebs-go/sebs/platforms/internal/stores"
)

// Name is the platform's name, and its build tag.
const Name = "process"

func init() {
	driver.Register(Name, func(ctx context.Context, run driver.Run) (driver.Platform, error) { return Open(ctx, run) })
}

// Platform is this machine. Deployed functions live as long as it does.
type Platform struct {
	*machine.Builder
	*stores.Stores

	run       driver.Run
	isolation isolation
	features  driver.Features
	pool      *pool.Pool
	null      *os.File
	sandboxes string // the folder of their private folders
	serial    atomic.Int64
	functions *pool.Functions
	closing   sync.Once
}

var _ driver.Platform = (*Platform)(nil)

// Open opens the platform. It tries which isolation this machine allows; its
// interpreters are found when functions want them.
func Open(_ context.Context, run driver.Run) (*Platform, error) {
	i, reason, err := isolate(run)
	if err != nil {
		return nil, err
	}
	if reason != "" {
		fmt.Fprintf(run.Log, "process: functions run one at a time and share /tmp, because full isolation is not possible here: %s\n", strings.ReplaceAll(reason, "\n", "; "))
	}
	return open(run, i)
}

// open opens the platform with an isolation.
func open(run driver.Run, i isolation) (_ *Platform, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, i.close())
		}
	}()
	free, err := freeMemory()
	if err != nil {
		return nil, fmt.Errorf("find how much memory is free: %w", err)
	}
	dir, err := filepath.EvalSymlinks(run.Dir)
	if err != nil {
		return nil, err
	}
	busy := 0
	if !i.private() {
		busy = 1
	}
	if maxFiles() < fewFiles {
		fmt.Fprintf(run.Log, "process: no more than %d sandboxes at once, and calls wait, as only %d files may be open: %s\n", sandboxesFor(), maxFiles(), moreFiles)
	}
	p := &Platform{
		run:       run,
		isolation: i,
		pool:      pool.New(memoryFor(free), sandboxesFor(), busy),
		sandboxes: filepath.Join(dir, "sandboxes"),
		Stores:    machine.NewStores(run),
	}
	if err := os.Mkdir(p.sandboxes, 0o700); err != nil {
		return nil, err
	}
	if p.null, err = os.Open(os.DevNull); err != nil {
		return nil, err
	}
	p.features = driver.Features{
		Runtimes:      runtimes(),
		Prefers:       prefers,
		Kinds:         []driver.Kind{driver.Archive},
		Architectures: []driver.Architecture{architecture},
		Triggers:      []driver.Trigger{driver.HTTP},
		Modules:       []driver.Module{driver.Storage, driver.NoSQL},
		MaxName:       128,
		Limits:        map[driver.Trigger]driver.Limits{driver.HTTP: pool.CallLimits},
		MemoryLimits:  true,
		ProcessLimits: true,
		Pace:          driver.Pace{Deploy: 10 * time.Millisecond, Retire: 10 * time.Millisecond, Remove: 10 * time.Millisecond, Parallel: 4},
	}
	if p.Builder, err = machine.NewBuilder(Name, p.features, run); err != nil {
		return nil, err
	}
	p.functions = pool.NewFunctions(run, p.features, p.pool)
	return p, nil
}

// architecture is this machine's.
var architecture = map[string]driver.Architecture{"amd64": driver.X64, "arm64": driver.ARM64}[runtime.GOARCH]

// runtimes returns the supported runtimes, of each language in the order of
// dockerfiles/platforms.json. Recipe says which of them are missing.
func runtimes() []driver.Runtime {
	var all []driver.Runtime
	for _, language := range names {
		l, err := dockerfiles.Lookup(Name, language)
		if err != nil {
			continue // its build says so
		}
		for _, v := range l.Versions {
			all = append(all, driver.Runtime{Language: language, Version: v})
		}
	}
	return all
}

// prefers returns the version of a language that this machine has for those who
// ask for none, or else the first that it has.
func prefers(ctx context.Context, language string) string {
	l, err := dockerfiles.Lookup(Name, language)
	if err != nil {
		return ""
	}
	return interpreter.Default(ctx, language, l.Versions)
}

// Features says what the platform can do. The default of a language is the
// version that this machine has.
func (p *Platform) Features() driver.Features { return p.features }

// Isolation says how sandboxes are kept apart on this machine, for the record
// of a run.
func (p *Platform) Isolation() string { return p.isolation.describe() }

// Recipe is the builder's, of a function whose stores this machine can have.
func (p *Platform) Recipe(ctx context.Context, s driver.Spec) (driver.Recipe, error) {
	if err := machine.CheckModules(ctx, s.Modules); err != nil {
		return driver.Recipe{}, err
	}
	return p.Builder.Recipe(ctx, s)
}

// Deploy makes the function exist. Its code is run from where the package is.
func (p *Platform) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (driver.Target, error) {
	return p.functions.Deploy(ctx, s, func() (*pool.Function, error) {
		i, err := p.Interpreter(ctx, s.Runtime)
		if err != nil {
			return nil, err
		}
		return newFunction(p, s, pkg, i)
	})
}

// Endpoint returns how to call a function that this process deployed.
func (p *Platform) Endpoint(ctx context.Context, t driver.Target) (driver.Endpoint, error) {
	return p.functions.Endpoint(ctx, t)
}

// Retire stops the function's sandboxes: idle ones now, those with a call when
// it ends. It returns when nothing is left of the idle ones.
func (p *Platform) Retire(ctx context.Context, name string) error {
	return p.functions.Retire(ctx, name)
}

// Resources lists the functions, and the buckets and tables of the stores that
// were started.
func (p *Platform) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(driver.Resource{}, err)
			return
		}
		for r := range p.functions.Resources() {
			if !yield(r, nil) {
				return
			}
		}
		p.Stores.Resources(ctx)(yield)
	}
}

// Remove deletes a function, a bucket or a table.
func (p *Platform) Remove(ctx context.Context, r driver.Resource) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !p.run.Owns(r.Name) {
		return fmt.Errorf("%w: the name does not begin with %s", driver.ErrNotOurs, p.run.Prefix)
	}
	if r.Kind == pool.KindFunction {
		return p.functions.Remove(ctx, r.Name)
	}
	return p.Stores.Remove(ctx, r)
}

// Close kills all sandboxes, also those with a call, and stops the stores. A
// second Close does nothing.
func (p *Platform) Close(ctx context.Context) (err error) {
	p.closing.Do(func() {
		err = p.functions.Close(ctx)
		err = errors.Join(err, p.Stores.Close(), p.isolation.close(), p.null.Close(), os.RemoveAll(p.sandboxes))
	})
	return err
}
