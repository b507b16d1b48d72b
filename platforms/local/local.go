// Package local is the platform of containers on this machine: a function is a
// package mounted into a container of its language's image, or an image of its
// own, and a sandbox is a container.
//
// A sandbox is created and started for the call that needs it; it serves one
// call at a time, and an idle one is used again. It runs without root,
// capabilities and privileges, on a read-only file system with a bounded /tmp,
// with limits of memory, processor, processes and time, and in a network of the
// run, in which it reaches the run's stores and this machine, but not the
// internet. What it wrote to /tmp counts as memory, as on OpenWhisk.
//
// The package refuses to run anything privileged, and to publish ports beyond
// loopback.
package local

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/pool"
	"github.com/sebs-go/sebs/platforms/internal/stores"
)

// Name is the platform's name, and its build tag.
const Name = "local"

func init() {
	driver.Register(Name, func(ctx context.Context, run driver.Run) (driver.Platform, error) { return Open(ctx, run) })
}

// Platform is a Docker engine. Deployed functions live as long as it does;
// packages, images and their layers stay in the engine for later runs.
type Platform struct {
	run      driver.Run
	engine   *containers.Engine
	features driver.Features
	direct   bool // containers are reached by their addresses, not by published ports
	perCPU   int  // MB of memory that come with one CPU; 0: no limit of CPU
	cache    string
	pool     *pool.Pool
	stores   *stores.Stores
	network  *stores.Lazy[network]
	images   *stores.Lazy[string] // the repository of function images
	serial   atomic.Int64

	mu        sync.Mutex
	unguard   func()
	functions map[string]*function
	used      string // the NoSQL store that was started
	closed    bool
}

var _ driver.Platform = (*Platform)(nil)

// Open opens the platform: it connects to the engine of the user's docker
// command. Nothing is created yet.
func Open(ctx context.Context, run driver.Run) (*Platform, error) {
	perCPU, err := memoryPerCPU(os.Getenv("SEBS_MB_PER_CPU"))
	if err != nil {
		return nil, err
	}
	if r := os.Getenv("SEBS_REGISTRY"); r != "" && r != ownRegistry {
		if err := containers.CheckRepository(r); err != nil {
			return nil, fmt.Errorf("SEBS_REGISTRY: %w; or %q for one of the run's own", err, ownRegistry)
		}
	}
	cache, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	engine, err := containers.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if engine.Info.OSType != "linux" {
		return nil, errors.Join(fmt.Errorf("the Docker engine runs %s containers, want Linux: %w", engine.Info.OSType, driver.ErrUnavailable), engine.Close())
	}
	p := &Platform{
		run: run, engine: engine, direct: engine.Direct(), perCPU: perCPU, cache: cache,
		pool:      pool.New(max(engine.Info.MemTotal/4*3>>20, 1), maxSandboxes, 0),
		functions: map[string]*function{},
		features: driver.Features{
			Runtimes:      runtimes(),
			Kinds:         []driver.Kind{driver.Archive, driver.Image},
			Architectures: []driver.Architecture{engine.Architecture(), other(engine.Architecture())},
			Triggers:      []driver.Trigger{driver.HTTP},
			Modules:       []driver.Module{driver.Storage, driver.NoSQL},
			MaxName:       128,
			MaxPayload:    pool.MaxBytes,
			MaxReply:      pool.MaxBytes,
			MemoryLimits:  engine.Info.MemoryLimit,
			ProcessLimits: engine.Info.PidsLimit,
		},
	}
	p.unguard = p.guard()
	p.network = stores.NewLazy(p.createNetwork)
	p.images = stores.NewLazy(p.startRegistry)
	p.stores = stores.New(run, p.startBuckets, p.startTables)
	return p, nil
}

// ownRegistry is the value of SEBS_REGISTRY for a registry that the run starts.
const ownRegistry = "local"

// maxSandboxes bounds how many containers serve at once: an engine gets slow
// with more.
const maxSandboxes = 200

// defaultPerCPU is AWS Lambda's: a whole CPU at 1769 MB.
const defaultPerCPU = 1769

// memoryPerCPU parses SEBS_MB_PER_CPU.
func memoryPerCPU(text string) (int, error) {
	if text == "" {
		return defaultPerCPU, nil
	}
	mb, err := strconv.Atoi(text)
	if err != nil || mb < 0 || mb > 1<<20 {
		return 0, fmt.Errorf("SEBS_MB_PER_CPU=%s: want the MB of memory that come with one CPU, or 0 for no limit of CPU", text)
	}
	return mb, nil
}

// cacheFolder returns where downloads and installed stores are kept.
func cacheFolder() (string, error) {
	dir := os.Getenv("SEBS_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no folder for downloads: %w; set SEBS_CACHE", err)
		}
		dir = filepath.Join(user, "sebs")
	}
	return filepath.Abs(dir)
}

// other returns the architecture that an engine can emulate at best.
func other(a driver.Architecture) driver.Architecture {
	if a == driver.ARM64 {
		return driver.X64
	}
	return driver.ARM64
}

// runtimes returns all runtimes of the data file, the default of each language
// first.
func runtimes() []driver.Runtime {
	data, err := dockerfiles.Data()
	if err != nil {
		return nil // every Recipe says so
	}
	var all []driver.Runtime
	for _, language := range slices.Sorted(maps.Keys(data[Name])) {
		for _, v := range data[Name][language].Versions {
			all = append(all, driver.Runtime{Language: language, Version: v})
		}
	}
	return all
}

// Features says what the platform can do.
func (p *Platform) Features() driver.Features { return p.features }

// Isolation describes the engine, for the record of a run.
func (p *Platform) Isolation() string {
	cpu := "no limit of CPU"
	if p.perCPU > 0 {
		cpu = fmt.Sprintf("one CPU for %d MB of memory", p.perCPU)
	}
	text := fmt.Sprintf("%s, %s", p.engine, cpu)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used != "" {
		text += ", tables in " + p.used
	}
	return text
}

// Deploy makes the function exist.
func (p *Platform) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (driver.Endpoint, error) {
	if err := ctx.Err(); err != nil {
		return driver.Endpoint{}, err
	}
	if err := p.check(s); err != nil {
		return driver.Endpoint{}, err
	}
	if !p.run.Owns(s.Name) {
		return driver.Endpoint{}, fmt.Errorf("%w: the name does not begin with %s", driver.ErrNotOurs, p.run.Prefix)
	}
	if len(s.Name) > p.features.MaxName {
		return driver.Endpoint{}, fmt.Errorf("the name %s has more than %d bytes", s.Name, p.features.MaxName)
	}
	f, err := p.newFunction(ctx, s, pkg)
	if err != nil {
		return driver.Endpoint{}, err
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return driver.Endpoint{}, pool.ErrClosed
	}
	old := p.functions[s.Name]
	changed := old == nil || !old.same(f)
	if changed {
		p.functions[s.Name] = f
	}
	p.mu.Unlock()
	if changed && old != nil {
		if err := p.pool.Retire(ctx, old.pooled, true); err != nil {
			return driver.Endpoint{}, err
		}
	}
	return driver.Endpoint{
		URL:  "http://" + s.Name + "/",
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dial(ctx, s.Name) },
	}, nil
}

// dial gives a call its sandbox.
func (p *Platform) dial(ctx context.Context, name string) (net.Conn, error) {
	f, err := p.function(name)
	if err != nil {
		return nil, err
	}
	c, err := p.pool.Dial(ctx, f.pooled)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// function returns a deployed function.
func (p *Platform) function(name string) (*function, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.functions[name]
	if f == nil {
		return nil, fmt.Errorf("function %s: %w", name, driver.ErrNotFound)
	}
	return f, nil
}

// Retire removes the function's containers: idle ones now, those with a call
// when it ends. It returns when nothing is left of the idle ones.
func (p *Platform) Retire(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := p.function(name)
	if err != nil {
		return err
	}
	return p.pool.Retire(ctx, f.pooled, false)
}

// Buckets returns the object store: MinIO in a container.
func (p *Platform) Buckets(ctx context.Context) (driver.Buckets, error) { return p.stores.Buckets(ctx) }

// Tables returns the NoSQL store: ScyllaDB's Alternator in a container, or
// dynalite where that image cannot be had.
func (p *Platform) Tables(ctx context.Context) (driver.Tables, error) { return p.stores.Tables(ctx) }

// Resources lists the functions, the buckets and tables of the stores that were
// started, and the containers and networks that a killed run of this prefix
// left in the engine.
func (p *Platform) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(driver.Resource{}, err)
			return
		}
		p.mu.Lock()
		names := slices.Sorted(maps.Keys(p.functions))
		p.mu.Unlock()
		for _, n := range names {
			if !yield(driver.Resource{Kind: "function", Name: n, Run: p.run.ID, Expiry: p.run.Expiry}, nil) {
				return
			}
		}
		for r, err := range p.stores.Resources(ctx) {
			if !yield(r, err) {
				return
			}
		}
		left, err := p.left(ctx)
		if err != nil {
			yield(driver.Resource{}, err)
			return
		}
		for _, r := range left {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Remove deletes a function, a bucket, a table, a container, a volume or a
// network.
func (p *Platform) Remove(ctx context.Context, r driver.Resource) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !p.run.Owns(r.Name) {
		return fmt.Errorf("%w: the name does not begin with %s", driver.ErrNotOurs, p.run.Prefix)
	}
	switch r.Kind {
	case kindContainer, kindNetwork, kindVolume:
		return p.removeLeft(ctx, r)
	case "function":
	default:
		return p.stores.Remove(ctx, r)
	}
	p.mu.Lock()
	f := p.functions[r.Name]
	delete(p.functions, r.Name)
	p.mu.Unlock()
	if f == nil {
		return nil
	}
	return p.pool.Retire(ctx, f.pooled, true)
}

// Close removes all containers, also those with a call, the stores and the
// network.
func (p *Platform) Close(ctx context.Context) error {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	clear(p.functions)
	p.mu.Unlock()
	if closed {
		return nil
	}
	err := errors.Join(p.pool.Close(ctx), p.stores.Close(), p.images.Close(), p.network.Close(), p.engine.Close())
	p.unguard()
	return err
}

// guard has the docker command remove what this run creates, should this
// process be killed. Where there is none, that is left to a sweep.
func (p *Platform) guard() (release func()) {
	docker, err := exec.LookPath("docker")
	if err != nil {
		return func() {}
	}
	const remove = `
		of="label=$3";
		all=$("$1" -H "$2" ps -aq --filter "$of"); [ -z "$all" ] || "$1" -H "$2" rm -fv $all;
		all=$("$1" -H "$2" network ls -q --filter "$of"); [ -z "$all" ] || "$1" -H "$2" network rm $all`
	return p.run.Guard.Command("sh", "-c", strings.Join(strings.Fields(remove), " "), "sh",
		docker, p.engine.DaemonHost(), containers.LabelRun+"="+p.run.ID)
}
