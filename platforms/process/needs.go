package process

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/internal/tableserver"
)

func init() { driver.RegisterNeeds(Name, needs) }

// needs checks what this platform needs: the interpreters and installers of
// the languages to be measured, and what keeps sandboxes apart.
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
// is, one for all others, and one for what installs dependencies.
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
	if len(found) > 0 {
		all = append(all, installerNeeds(ctx, found[0])...)
	}
	return all
}

// installer is the program that installs the dependencies of a language.
type installer struct {
	name    string
	command func(interpreter.Interpreter) []string // that makes it print its version
	remedy  string
}

var installers = map[string]installer{
	"python": {
		name:    "pip",
		command: func(i interpreter.Interpreter) []string { return []string{i.Path, "-m", "pip", "--version"} },
		remedy:  "functions with dependencies need it: install the package python3-pip, or run python -m ensurepip",
	},
	"nodejs": {
		name: "npm",
		command: func(i interpreter.Interpreter) []string {
			if npm := filepath.Join(filepath.Dir(i.Path), "npm"); executable(npm) {
				return []string{npm, "--version"}
			}
			return []string{"npm", "--version"}
		},
		remedy: "functions with dependencies need it: install the package npm",
	},
	"java": {
		name:    "maven",
		command: func(interpreter.Interpreter) []string { return []string{"mvn", "--version"} },
		remedy:  "functions with dependencies need it: install the package maven",
	},
	"cpp": {
		name:    "cmake",
		command: func(interpreter.Interpreter) []string { return []string{"cmake", "--version"} },
		remedy:  "functions in C++ need it: install the package cmake",
	},
}

// installerNeeds checks what installs the dependencies of a language, where
// that is a program beside the interpreter.
func installerNeeds(ctx context.Context, i interpreter.Interpreter) []driver.Need {
	by, ok := installers[i.Language]
	if !ok {
		return nil
	}
	need := driver.Need{What: by.name, Optional: true, Remedy: by.remedy}
	command := by.command(i)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = environment.Query.Variables()
	out, err := cmd.Output()
	if need.OK = err == nil; need.OK {
		need.Found = version(string(out))
	} else {
		need.Found = fmt.Sprintf("%s: %v", strings.Join(command, " "), err)
	}
	return []driver.Need{need}
}

// version returns the version in what a program printed about itself: the
// first word that begins with a digit and has a dot, or else everything.
func version(text string) string {
	part := func(r rune) bool {
		return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(".+-_", r))
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !part(r) }) {
		if word[0] >= '0' && word[0] <= '9' && strings.Contains(word, ".") {
			return word
		}
	}
	return strings.TrimSpace(text)
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

func filesNeed() driver.Need {
	need := driver.Need{What: "open files", Optional: true, Remedy: fmt.Sprintf("raise the limit for many calls at once: ulimit -n %d", 8*fewFiles)}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		need.Found = err.Error()
		return need
	}
	need.OK = limit.Cur >= fewFiles
	need.Found = fmt.Sprintf("%d, for %d sandboxes at once", limit.Cur, sandboxesFor())
	return need
}
