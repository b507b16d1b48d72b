package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/pool"
	"github.com/sebs-go/sebs/platforms/internal/stores"
)

// Open opens the platform: it connects to the engine of the user's docker
// command. Nothing is created yet.
func Open(ctx context.Context, run driver.Run) (*Platform, error) {
	if err := driver.CheckSettings(Name); err != nil {
		return nil, err
	}
	mbPerCPU, err := strconv.Atoi(run.Setting(perCPU.Name))
	if err != nil {
		return nil, err
	}
	cache, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
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
		run: run, engine: engine, direct: engine.Direct(), perCPU: mbPerCPU, cache: cache,
		pool: pool.New(max(engine.Info.MemTotal/4*3>>20, 1), maxSandboxes, 0),
		features: driver.Features{
			Runtimes:      runtimes(),
			Kinds:         []driver.Kind{driver.Archive, driver.Image},
			Architectures: []driver.Architecture{engine.Architecture(), other(engine.Architecture())},
			Triggers:      []driver.Trigger{driver.HTTP},
			Modules:       []driver.Module{driver.Storage, driver.NoSQL},
			MaxName:       128,
			Limits:        map[driver.Trigger]driver.Limits{driver.HTTP: pool.CallLimits},
			MemoryLimits:  engine.Info.MemoryLimit,
			ProcessLimits: engine.Info.PidsLimit,
			Pace:          driver.Pace{Deploy: 100 * time.Millisecond, Retire: 500 * time.Millisecond, Remove: 500 * time.Millisecond, Parallel: 4},
			Beside:        true,
		},
	}
	if p.Builder, err = containers.NewBuilder(engine, Name, p.features, run); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	p.functions = pool.NewFunctions(run, p.features, p.pool)
	p.unguard = p.guard()
	p.network = stores.NewLazy(p.createNetwork)
	p.images = stores.NewLazy(p.startRegistry)
	p.Stores = stores.New(run, p.startBuckets, p.startTables)
	return p, nil
}

// maxSandboxes bounds how many containers serve at once: an engine gets slow
// with more.
const maxSandboxes = 200

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

// guard has the docker command remove what this run creates, should this
// process be killed. Where there is none, that is left to a sweep.
func (p *Platform) guard() (release func()) {
	docker, err := exec.LookPath("docker")
	if err != nil {
		return func() {}
	}
	const remove = `
		of="label=$3"; limit=; command -v timeout >/dev/null && limit="timeout 20";
		all=$($limit "$1" -H "$2" ps -aq --filter "$of"); [ -z "$all" ] || $limit "$1" -H "$2" rm -fv $all;
		all=$($limit "$1" -H "$2" volume ls -q --filter "$of"); [ -z "$all" ] || $limit "$1" -H "$2" volume rm -f $all;
		all=$($limit "$1" -H "$2" network ls -q --filter "$of"); [ -z "$all" ] || $limit "$1" -H "$2" network rm $all`
	return p.run.Guard.Command("sh", "-c", strings.Join(strings.Fields(remove), " "), "sh",
		docker, p.engine.DaemonHost(), containers.LabelRun+"="+p.run.ID)
}
