// Package interpreter finds the languages of this machine: interpreters, virtual
// machines and compilers.
//
// It names real executables: a version manager's shim, a symbolic link or a
// virtual environment is followed to the program that runs in the end, so that
// starting it costs no detour and its path identifies it. It installs nothing
// and changes nothing.
package interpreter

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

// Interpreter is an interpreter on this machine; of a compiled language, its
// compiler.
type Interpreter struct {
	Language string // "python", "nodejs", "java", "go", "cpp"
	Path     string // the executable itself, absolute
	Prefix   string // the folder of its installation: executable and standard library
	Version  string // exact: "3.11.7"
	ABI      string // what compiled extensions must be built for: ".cpython-311-x86_64-linux-gnu.so", "115-x64-linux"
}

// Runtime returns the language at the version that functions ask for: "3.11",
// "20".
func (i Interpreter) Runtime() driver.Runtime {
	parts := strings.Split(i.Version, ".")
	n := languages[i.Language].parts
	return driver.Runtime{Language: i.Language, Version: strings.Join(parts[:min(n, len(parts))], ".")}
}

// String identifies the interpreter among all builds of it.
func (i Interpreter) String() string {
	return fmt.Sprintf("%s %s %s %s", i.Language, i.Version, i.ABI, i.Path)
}

// Tools returns the variables with which an installer uses this interpreter.
func (i Interpreter) Tools() []string { return languages[i.Language].tools(i) }

// tool returns the one variable of an installer that names the interpreter.
func tool(name string) func(Interpreter) []string {
	return func(i Interpreter) []string { return []string{name + "=" + i.Path} }
}

// nodeTools are Node.js and the npm that came with it, if it did.
func nodeTools(i Interpreter) []string {
	tools := []string{"NODE=" + i.Path}
	if npm := filepath.Join(filepath.Dir(i.Path), "npm"); executable(npm) {
		tools = append(tools, "NPM="+npm)
	}
	return tools
}

// executable reports whether path is a file that can be run.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// language is how interpreters of one language are found and asked.
type language struct {
	parts   int                           // of a version number that make a runtime
	names   func(version string) []string // of executables, the most exact first
	usual   string                        // the name that users type
	folders []string                      // where installations of several versions are kept, with ~ for the home folder and * for the version
	ask     []string                      // arguments with which it says what it is
	install string                        // what to do if there is no VERSION
	tools   func(Interpreter) []string    // variables of the language's installer

	// parse finds in what the executable path printed what it is; nil: it
	// printed path, version, ABI and prefix, each on a line.
	parse func(path, printed string) (Interpreter, error)
}

var languages = map[string]language{
	"python": {
		parts:   2,
		usual:   "python3",
		names:   func(v string) []string { return []string{"python" + v, "python3", "python"} },
		folders: []string{"~/.pyenv/versions/*/bin", "~/.local/share/uv/python/*/bin", "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"},
		ask: []string{"-S", "-B", "-c", `
import os, sys, _imp
path = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
print(path, "%d.%d.%d" % sys.version_info[:3], _imp.extension_suffixes()[0], os.path.realpath(sys.base_prefix), sep="\n")`},
		tools:   tool("PYTHON"),
		install: "install it (pyenv install VERSION, or apt-get install python3 python3-pip if the system has this version), or put it on the PATH",
	},
	"nodejs": {
		parts:   1,
		usual:   "node",
		names:   func(v string) []string { return []string{"node", "nodejs", "node" + v} },
		folders: []string{"~/.nvm/versions/node/*/bin", "~/.asdf/installs/nodejs/*/bin", "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"},
		ask: []string{"-e", `
const path = require('path');
const p = require('fs').realpathSync(process.execPath);
console.log([p, process.versions.node, process.versions.modules + '-' + process.arch + '-' + process.platform, path.dirname(path.dirname(p))].join('\n'))`},
		tools:   nodeTools,
		install: "install it (nvm install VERSION, or apt-get install nodejs npm if the system has this version), or put it on the PATH",
	},
	"java": {
		parts:   1,
		usual:   "java",
		names:   func(string) []string { return []string{"java"} },
		folders: []string{"/usr/lib/jvm/*/bin", "~/.sdkman/candidates/java/*/bin", "/Library/Java/JavaVirtualMachines/*/Contents/Home/bin"},
		ask:     []string{"-XshowSettings:properties", "-version"},
		tools:   func(i Interpreter) []string { return []string{"JAVA_HOME=" + i.Prefix} },
		install: "install a JDK of it (apt-get install openjdk-VERSION-jdk-headless maven), or put it on the PATH",
		parse:   parseJava,
	},
	"go": {
		parts:   2,
		usual:   "go",
		names:   func(string) []string { return []string{"go"} },
		folders: []string{"/usr/local/go/bin", "~/sdk/*/bin", "/usr/lib/*/bin", "/opt/homebrew/bin"},
		ask:     []string{"env", "GOROOT", "GOVERSION", "GOOS", "GOARCH"},
		tools:   tool("GO"),
		install: "install it, or put it on the PATH",
		parse:   parseGo,
	},
	"cpp": {
		parts:   1,
		usual:   "g++",
		names:   func(v string) []string { return []string{"g++-" + v, "g++"} },
		folders: []string{"/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"},
		ask:     []string{"-v"},
		tools:   tool("CXX"),
		install: "install it (apt-get install g++-VERSION cmake make), or put it on the PATH",
		parse:   parseCPP,
	},
}

// Find returns the interpreter of a language at a version as functions name
// it. It looks on the PATH first, then where version managers and packages put
// interpreters; what it learnt about an executable is kept as long as this
// process lives. A language that is not known matches driver.ErrUnsupported; a
// version that is not there matches driver.ErrUnavailable, and the error says
// where it was looked for and what to do. Safe for concurrent use.
func Find(ctx context.Context, lang, version string) (Interpreter, error) {
	l, ok := languages[lang]
	if !ok {
		return Interpreter{}, fmt.Errorf("interpreter for %s: %w", lang, driver.ErrUnsupported)
	}
	var notes []string
	for _, path := range candidates(l, version) {
		i, err := ask(ctx, lang, path)
		switch {
		case ctx.Err() != nil:
			return Interpreter{}, ctx.Err()
		case err != nil:
			notes = append(notes, fmt.Sprintf("%s cannot be used: %v", path, err))
		case i.Runtime().Version == version:
			return i, nil
		default:
			notes = append(notes, fmt.Sprintf("%s is %s", path, i.Version))
		}
	}
	found := fmt.Sprintf("it is neither on the PATH nor in %s", strings.Join(l.folders, ", "))
	if len(notes) > 0 {
		found = strings.Join(notes, "; ")
	}
	return Interpreter{}, fmt.Errorf("%s %s is %w: %s: %s", lang, version, driver.ErrUnavailable, found, strings.ReplaceAll(l.install, "VERSION", version))
}

// Default returns the version of a language that functions have which ask for
// none: the one that the PATH gives to its usual name, if it is one of the
// versions, or else the first of them that is on this machine. Empty: there is
// none. It asks no more executables than it has to.
func Default(ctx context.Context, lang string, versions []string) string {
	l, ok := languages[lang]
	if !ok {
		return ""
	}
	if path, err := exec.LookPath(l.usual); err == nil {
		if i, err := ask(ctx, lang, path); err == nil && slices.Contains(versions, i.Runtime().Version) {
			return i.Runtime().Version
		}
	}
	for _, v := range versions {
		if _, err := Find(ctx, lang, v); err == nil {
			return v
		}
	}
	return ""
}

// Available returns which of the versions of a language are on this machine, in
// the order given.
func Available(ctx context.Context, lang string, versions []string) []Interpreter {
	found := make([]Interpreter, len(versions))
	var wg sync.WaitGroup
	for i, v := range versions {
		wg.Go(func() { found[i], _ = Find(ctx, lang, v) }) // a version that is missing is left out
	}
	wg.Wait()
	return slices.DeleteFunc(found, func(i Interpreter) bool { return i.Path == "" })
}

// candidates lists the executables that may be the version, the likeliest
// first, none twice.
func candidates(l language, version string) []string {
	var paths []string
	add := func(path string) {
		if executable(path) && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	// Shims of version managers are slow to say that their version is not
	// selected, so the installations come before them.
	var late []string
	for _, name := range l.names(version) {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if path, err = filepath.Abs(path); err != nil {
			continue
		}
		if filepath.Base(filepath.Dir(path)) == "shims" && name != l.usual {
			late = append(late, path)
			continue
		}
		add(path)
	}
	home, _ := os.UserHomeDir() // without one, its folders do not exist
	for _, folder := range l.folders {
		if rest, ok := strings.CutPrefix(folder, "~"); ok {
			if home == "" {
				continue
			}
			folder = home + rest
		}
		for _, f := range expand(folder, version) {
			for _, name := range l.names(version) {
				add(filepath.Join(f, name))
			}
		}
	}
	for _, path := range late {
		add(path)
	}
	return paths
}

// expand returns the folders that a pattern with * stands for: the
// installations of a version, the newest first.
func expand(pattern, version string) []string {
	before, after, ok := strings.Cut(pattern, "*")
	if !ok {
		return []string{pattern}
	}
	entries, err := os.ReadDir(before)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		// "3.11.7", "v20.20.2", "cpython-3.11.7-linux-x86_64-gnu",
		// "java-17-openjdk-amd64", "temurin-21.jdk", "go1.26.8"
		number := e.Name()[max(strings.IndexAny(e.Name(), "0123456789"), 0):]
		if rest, ok := strings.CutPrefix(number, version); ok && (rest == "" || rest[0] == '.' || rest[0] == '-') {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return compareVersions(b, a) })
	for i, n := range names {
		names[i] = before + n + after
	}
	return names
}

// compareVersions compares names by the numbers in them.
func compareVersions(a, b string) int {
	numbers := func(s string) []int {
		var all []int
		for f := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < '0' || r > '9' }) {
			n := 0
			for _, c := range f[:min(len(f), 9)] {
				n = n*10 + int(c-'0')
			}
			all = append(all, n)
		}
		return all
	}
	return slices.Compare(numbers(a), numbers(b))
}

// asked remembers what executables answered, by language and path.
var asked sync.Map // string -> *answer

type answer struct {
	once sync.Once
	Interpreter
	err error
}

// patience is how long an interpreter may take to say what it is.
const patience = 20 * time.Second

// ask runs an executable to learn what it is.
func ask(ctx context.Context, lang, path string) (Interpreter, error) {
	v, _ := asked.LoadOrStore(lang+":"+path, new(answer))
	a := v.(*answer)
	a.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, languages[lang].ask...)
		cmd.WaitDelay = time.Second
		cmd.Env = environment.Query.Variables()
		var said, complained bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &complained
		parse := languages[lang].parse
		if parse == nil {
			parse = parseLines
		} else {
			cmd.Stderr = &said
		}
		if err := cmd.Run(); err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("no answer in %v", patience)
			}
			a.err = inItsWords(err, complained.String()+said.String())
			return
		}
		out := said.String()
		if a.Interpreter, a.err = parse(path, out); a.err == nil && (!filepath.IsAbs(a.Path) || a.Version == "") {
			a.err = errUnknown
		}
		a.Language = lang
	})
	return a.Interpreter, a.err
}

// JavaHeap returns how many MB the heap of a Java function has whose limit is
// memory MB: the rest is for the virtual machine itself, its compiled code and
// its threads.
func JavaHeap(memory int) int { return max(memory-memory/16-48, 16) }
