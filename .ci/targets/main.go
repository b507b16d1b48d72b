// Targets checks that every package and every test compiles on other targets
// than this machine's:
//
//	go -C .ci/targets run . darwin/arm64 darwin/amd64 linux/arm64
//
// It checks the types of all packages from their sources, and runs vet's
// analyzers that need nothing but the package itself over those of this module.
// What go vet adds is to compile every dependency for every target, which takes
// a fresh machine minutes. It is a module of its own, so that nobody who imports
// the other one gets what it requires.
package main

import (
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/analysis/passes/appends"
	"golang.org/x/tools/go/analysis/passes/assign"
	"golang.org/x/tools/go/analysis/passes/atomic"
	"golang.org/x/tools/go/analysis/passes/bools"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/defers"
	"golang.org/x/tools/go/analysis/passes/errorsas"
	"golang.org/x/tools/go/analysis/passes/lostcancel"
	"golang.org/x/tools/go/analysis/passes/nilfunc"
	"golang.org/x/tools/go/analysis/passes/shift"
	"golang.org/x/tools/go/analysis/passes/stdmethods"
	"golang.org/x/tools/go/analysis/passes/structtag"
	"golang.org/x/tools/go/analysis/passes/tests"
	"golang.org/x/tools/go/analysis/passes/unreachable"
	"golang.org/x/tools/go/analysis/passes/unusedresult"
	"golang.org/x/tools/go/packages"
)

// analyzers are those of vet that need no facts of other packages.
var analyzers = []*analysis.Analyzer{
	appends.Analyzer, assign.Analyzer, atomic.Analyzer, bools.Analyzer, copylock.Analyzer, defers.Analyzer, errorsas.Analyzer,
	lostcancel.Analyzer, nilfunc.Analyzer, shift.Analyzer, stdmethods.Analyzer, structtag.Analyzer, tests.Analyzer,
	unreachable.Analyzer, unusedresult.Analyzer,
}

func main() {
	log.SetFlags(0)
	wrong := false
	for _, target := range os.Args[1:] {
		found, n := check(target)
		fmt.Printf("%s: %d packages\n", target, n)
		slices.Sort(found)
		for _, text := range slices.Compact(found) { // a package and its tests have the same files
			wrong = true
			fmt.Println(text)
		}
	}
	if wrong {
		os.Exit(1)
	}
}

// check returns what is wrong with the module's packages on a target, and how
// many there are.
func check(target string) (found []string, n int) {
	system, architecture, ok := strings.Cut(target, "/")
	if !ok {
		log.Fatalf("target %q: want system/architecture, such as darwin/arm64", target)
	}
	all, err := packages.Load(&packages.Config{
		Dir: "../..", Mode: packages.LoadAllSyntax, Tests: true,
		Env: append(os.Environ(), "GOOS="+system, "GOARCH="+architecture, "CGO_ENABLED=0"),
	}, "./...")
	if err != nil {
		log.Fatalf("load packages for %s: %v", target, err)
	}
	if len(all) == 0 {
		log.Fatalf("%s: there are no packages", target)
	}
	packages.Visit(all, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			found = append(found, e.Error())
		}
	})
	if len(found) > 0 {
		return found, len(all)
	}
	graph, err := checker.Analyze(analyzers, all, nil)
	if err != nil {
		log.Fatalf("analyze packages for %s: %v", target, err)
	}
	for action := range graph.All() {
		if !action.IsRoot {
			continue
		}
		if action.Err != nil {
			found = append(found, fmt.Sprintf("%s: %v", action, action.Err))
		}
		for _, d := range action.Diagnostics {
			found = append(found, fmt.Sprintf("%s: %s", action.Package.Fset.Position(d.Pos), d.Message))
		}
	}
	return found, len(all)
}
