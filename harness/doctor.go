package harness

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
	"github.com/sebs-go/sebs/harness/plain"
)

// Doctor checks what the harness and each linked platform need of this machine,
// builds and calls a function in each language, and prints what it found, with
// what to do about each thing missing. The test fails if something is missing
// without which a platform cannot work, or if a language is there whose function
// cannot be built and called. Like an experiment it runs only if -run names its
// test; its sub-tests are the functions: -run TestDoctor/process/cpp. Nothing is
// left but what package managers cache, and images on platforms that use them.
func Doctor(t *testing.T) {
	t.Helper()
	sel, err := newSelection(t.Name(), "-run", flagString("test.run"), "")
	if err != nil {
		t.Fatal(err)
	}
	if !sel.named() {
		t.Skipf("the check of this machine runs when -run names it: -run '^%s$'", t.Name())
	}
	if err := uncached(); err != nil {
		t.Fatal(err)
	}
	params, err := readParameters(os.Getenv, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	results, err := params.resultsFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	checks := examine(t.Context(), params.Cache, results)
	for i, name := range driver.Platforms() {
		if on := &checks[1+i]; (examinations{*on}).missing() == 0 { // else it cannot be opened
			on.needs = append(on.needs, trials(t, name, params.Cache)...)
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
func examine(ctx context.Context, cache, results string) examinations {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	names := driver.Platforms()
	all := make(examinations, 1+len(names))
	var wg sync.WaitGroup
	wg.Go(func() { all[0] = examination{"this machine", generalNeeds(cache, results)} })
	for i, name := range names {
		wg.Go(func() {
			all[1+i] = examination{"platform " + name, slices.Concat(settingNeeds(name), driver.Needs(ctx, name))}
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
		Remedy: fmt.Sprintf("make room, or set %s to a folder that can be written on a disk with %s free", variable, bytesFor(least)),
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
	free, err := freeBytes(at)
	if err != nil {
		need.Found = fmt.Sprintf("%s: %v", at, err)
		return need
	}
	need.OK = free >= least
	need.Found = fmt.Sprintf("%s free in %s", bytesFor(free), folder)
	return need
}

// freeBytes returns how much room this user has on the disk of a folder.
func freeBytes(folder string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

// bytesFor returns a number of bytes for people.
func bytesFor(n uint64) string {
	if n < 1e9 {
		return fmt.Sprintf("%d MB", n/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
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
