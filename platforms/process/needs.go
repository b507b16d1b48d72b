package process

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/internal/tableserver"
)

func init() { driver.RegisterNeeds(Name, needs) }

// needs checks what this platform needs: the interpreters and compilers of the
// languages to be measured, and what keeps sandboxes apart.
func needs(ctx context.Context) []driver.Need {
	all := languageNeeds(ctx)
	return append(all, tablesNeed(ctx), isolationNeed(), memoryNeed(), filesNeed())
}

// languageNeeds checks each language at each version. One of all is enough.
func languageNeeds(ctx context.Context) []driver.Need {
	data, err := dockerfiles.Data()
	if err != nil {
		return []driver.Need{{What: "languages", Found: err.Error(), Remedy: "this is a fault of this program, not of the machine"}}
	}
	languages := slices.Sorted(maps.Keys(data[Name]))
	found := make([][]driver.Need, len(languages))
	var wg sync.WaitGroup
	for i, l := range languages {
		wg.Go(func() { found[i] = languageNeed(ctx, l, data[Name][l].Versions) })
	}
	wg.Wait()
	all := slices.Concat(found...)
	if !slices.ContainsFunc(all, func(n driver.Need) bool { return n.OK }) {
		all = append(all, driver.Need{What: "any language", Found: "no interpreter of the above", Remedy: "install one of them, or put it on the PATH"})
	}
	return all
}

// languageNeed checks the versions of a language: a need for each that there
// is, and one for all others.
func languageNeed(ctx context.Context, language string, versions []string) []driver.Need {
	found := interpreter.Available(ctx, language, versions)
	var all []driver.Need
	for _, i := range found {
		all = append(all, driver.Need{What: language + " " + i.Runtime().Version, Found: i.Version + "  " + i.Path, OK: true, Optional: true})
	}
	missing := slices.DeleteFunc(slices.Clone(versions), func(v string) bool {
		return slices.ContainsFunc(found, func(i interpreter.Interpreter) bool { return i.Runtime().Version == v })
	})
	if len(missing) > 0 {
		all = append(all, driver.Need{
			What: language, Found: "not found: " + strings.Join(missing, ", "), Optional: true,
			Remedy: "to measure functions in such a version, install it or put it on the PATH",
		})
	}
	return all
}

// tablesNeed checks for a NoSQL server.
func tablesNeed(ctx context.Context) driver.Need {
	need := driver.Need{
		What: "NoSQL server", Found: "there is what installs and runs it", OK: true, Optional: true,
		Remedy: "benchmarks with tables need it",
	}
	if err := tableserver.Available(ctx); err != nil {
		need.OK, need.Found = false, err.Error()
	}
	return need
}

// unguarded is the guard of a check, which ends before anyone could kill it.
type unguarded struct{}

func (unguarded) Process(int) func()       { return func() {} }
func (unguarded) Command(...string) func() { return func() {} }
func (unguarded) Folder(string) func()     { return func() {} }

// isolationNeed tries how sandboxes can be kept apart.
func isolationNeed() driver.Need {
	need := driver.Need{
		What: "isolation", Optional: true,
		Remedy: "handlers run one at a time and share /tmp, and limits have a tolerance: run as root on Linux with writable control groups for more",
	}
	dir, err := os.MkdirTemp("", "sebs-doctor")
	if err != nil {
		need.Found = err.Error()
		return need
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is empty
	i, reason, err := isolate(driver.Run{ID: strings.TrimPrefix(filepath.Base(dir), "sebs-"), Prefix: "doctor", Dir: dir, Guard: unguarded{}, Log: os.Stderr})
	if err != nil {
		need.Found = err.Error()
		return need
	}
	defer func() { _ = i.close() }() // nothing ran in it
	need.OK = reason == ""
	need.Found = i.describe()
	if reason != "" {
		need.Found += ": " + reason
	}
	return need
}

// leastMemory is what one sandbox of the largest benchmarks takes.
const leastMemory = 1 << 30

func memoryNeed() driver.Need {
	need := driver.Need{What: "memory", Optional: true, Remedy: "fewer sandboxes than calls can run at once, and calls wait: end other programs"}
	free, err := freeMemory()
	if err != nil {
		need.Found = err.Error()
		return need
	}
	need.OK = memoryFor(free)<<20 >= leastMemory
	need.Found = fmt.Sprintf("%d MB for all sandboxes together, three quarters of what is free", memoryFor(free))
	return need
}

// fewFiles is how many open files suffice for a burst of ten calls.
const fewFiles = 1024

var moreFiles = fmt.Sprintf("raise the limit for many calls at once: ulimit -n %d", 8*fewFiles)

func filesNeed() driver.Need {
	return driver.Need{
		What:     "open files",
		Found:    fmt.Sprintf("%d, for %d sandboxes at once", maxFiles(), sandboxesFor()),
		OK:       maxFiles() >= fewFiles,
		Optional: true,
		Remedy:   moreFiles,
	}
}
