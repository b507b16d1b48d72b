// Package doctor checks a machine: what the harness and the linked platforms
// need of it, and whether a function in each language can be built and called,
// which is the only proof that its tools, libraries and registries work.
//
// It refuses to install or change anything: each thing missing has its remedy.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/disk"
	"github.com/sebs-go/sebs/harness/plain"
)

// Options are what a check of the machine has to know.
type Options struct {
	Cache    string                              // folder of packages
	Results  string                              // folder of results
	Settings func(platform string) []driver.Need // what its settings are
}

// Check checks what the harness and each linked platform need of this machine,
// builds and calls a function in each language, each as a sub-test, and prints
// what it found. The test fails if something is missing.
func Check(t *testing.T, o Options) {
	t.Helper()
	checks := examine(t.Context(), o)
	for i, name := range driver.Platforms() {
		if on := &checks[1+i]; (examinations{*on}).missing() == 0 { // else it cannot be opened
			on.needs = append(on.needs, trials(t, name, o.Cache)...)
		}
	}
	fmt.Print(checks.table())
	if n := checks.missing(); n > 0 {
		t.Errorf("missing: %d", n)
	}
}

// examination is what a group of people's concerns needs: this machine in
// general, or one platform.
type examination struct {
	of    string
	needs []driver.Need
}

// examinations are in the order in which they are shown.
type examinations []examination

// patience is how long all checks may take together.
const patience = time.Minute

// examine checks what the harness and the linked platforms need.
func examine(ctx context.Context, o Options) examinations {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	names := driver.Platforms()
	all := make(examinations, 1+len(names))
	var wg sync.WaitGroup
	wg.Go(func() { all[0] = examination{"this machine", generalNeeds(o.Cache, o.Results)} })
	for i, name := range names {
		wg.Go(func() {
			all[1+i] = examination{"platform " + name, slices.Concat(o.Settings(name), driver.Needs(ctx, name))}
		})
	}
	wg.Wait()
	return all
}

// missing returns how many needs are not met that are not optional.
func (all examinations) missing() int {
	n := 0
	for _, e := range all {
		for _, need := range e.needs {
			if !need.OK && !need.Optional {
				n++
			}
		}
	}
	return n
}

// table returns what was found, a line for each need, and what to do below
// those that are not met.
func (all examinations) table() string {
	width := 0
	for _, e := range all {
		for _, need := range e.needs {
			width = max(width, utf8.RuneCountInString(need.What))
		}
	}
	const status = 8 // "optional"
	var b strings.Builder
	optional := 0
	for _, e := range all {
		fmt.Fprintf(&b, "\n%s\n", e.of)
		if len(e.needs) == 0 {
			fmt.Fprintf(&b, "  %-*s  nothing is needed\n", status, "ok")
		}
		for _, need := range e.needs {
			word := "ok"
			switch {
			case need.OK:
			case need.Optional:
				word = "optional"
				optional++
			default:
				word = "missing"
			}
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(need.What))
			found, rest, _ := strings.Cut(need.Found, "\n")
			line := fmt.Sprintf("  %-*s  %s%s  %s", status, word, need.What, pad, plain.Line(found, 300))
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			for line := range strings.Lines(rest) { // the end of what a tool said
				fmt.Fprintf(&b, "  %-*s    %s\n", status, "", plain.Line(line, 300))
			}
			if !need.OK && need.Remedy != "" {
				fmt.Fprintf(&b, "  %-*s  → %s\n", status, "", plain.Line(need.Remedy, 300))
			}
		}
	}
	b.WriteString("\n")
	switch missing := all.missing(); {
	case missing > 0:
		fmt.Fprintf(&b, "missing: %d, each with what to do after the arrow\n", missing)
	case optional > 0:
		b.WriteString("nothing is missing; what is optional adds languages, benchmarks or precision\n")
	default:
		b.WriteString("nothing is missing\n")
	}
	return b.String()
}

// generalNeeds checks what every platform needs.
func generalNeeds(cache, results string) []driver.Need {
	return append([]driver.Need{
		{What: "Go", Found: runtime.Version() + " for " + runtime.GOOS + "/" + runtime.GOARCH, OK: true},
		roomNeed("packages", cache, 2e9, "SEBS_CACHE"),
		roomNeed("results", results, 100e6, "SEBS_RESULTS"),
		roomNeed("objects", os.TempDir(), 500e6, "TMPDIR"),
	}, clockNeeds()...)
}

// roomNeed checks that a folder, or the one that it would be made in, can be
// written and has room for least bytes.
func roomNeed(what, folder string, least uint64, variable string) driver.Need {
	need := driver.Need{
		What:   "room for " + what,
		Remedy: fmt.Sprintf("make room, or set %s to a folder that can be written on a disk with %s free", variable, disk.Size(least)),
	}
	at := folder
	for {
		_, err := os.Stat(at)
		if err == nil {
			break
		}
		if parent := filepath.Dir(at); errors.Is(err, fs.ErrNotExist) && parent != at {
			at = parent
			continue
		}
		need.Found = err.Error()
		return need
	}
	const write = 2
	if err := syscall.Access(at, write); err != nil {
		need.Found = fmt.Sprintf("%s cannot be written: %v", at, err)
		return need
	}
	free, err := disk.Free(at)
	if err != nil {
		need.Found = fmt.Sprintf("%s: %v", at, err)
		return need
	}
	need.OK = free >= least
	need.Found = fmt.Sprintf("%s free in %s", disk.Size(free), folder)
	return need
}

// coarsest is the coarsest clock with which the phases of a call can be told
// apart.
const coarsest = 10 * time.Microsecond

// clockNeeds checks the clocks that are measured with.
func clockNeeds() []driver.Need {
	step := clockStep()
	resolution := driver.Need{
		What:   "clock",
		Found:  fmt.Sprintf("monotonic, in steps of %v", step),
		OK:     step <= coarsest,
		Remedy: fmt.Sprintf("phases of a call need steps of at most %v: choose another clock source of the kernel", coarsest),
	}
	if source := clockSource(); source != "" {
		resolution.Found += ", source " + source
	}
	synchronised := driver.Need{
		What:     "time of day",
		Optional: true,
		Remedy:   "times of functions on other machines are compared with it: run a time service (chrony, systemd-timesyncd, ntpd)",
	}
	synchronised.Found, synchronised.OK = clockSynchronised()
	return []driver.Need{resolution, synchronised}
}

// clockStep returns the smallest difference of two readings of the clock.
func clockStep() time.Duration {
	step := time.Hour
	for range 1000 {
		begin := time.Now()
		for range 1_000_000 { // an ended clock does not hang
			if d := time.Since(begin); d > 0 {
				step = min(step, d)
				break
			}
		}
	}
	return step
}
