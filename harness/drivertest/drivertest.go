// Package drivertest is the definition of "implements": the rules that every
// platform and every store keeps, each with the reason for it.
//
// A platform's test calls [Platform]; it deploys a probe, a function that does
// what its event asks, and lets it answer, misbehave and die. A store's test
// calls [Buckets] or [Tables]; Platform does so for the stores of a platform.
//
//	func TestConformance(t *testing.T) {
//		drivertest.Platform(t, open, drivertest.Options{})
//	}
//
// A runtime that the platform says is not available is left out with its reason,
// unless all are. Every rule is a sub-test, so -run selects one: for a runtime, a kind of
// package, a trigger and a name, as Conformance/python-3.11/archive/http/retire.
// Rules share nothing: each
// opens the platform anew under a prefix of its own and removes what it made.
//
// For each rule there is a deliberately broken platform that only this rule
// catches; the tests of this package show it. The package refuses to measure,
// and to test what a platform does not claim: what is out of its Features is
// not run, and not reported as skipped.
package drivertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
)

// Options adapt the suite to a platform. The zero value is right for most.
type Options struct {
	// Name is the platform's registered name; the package store shows it.
	Name string

	// Runtimes are the runtimes to test; nil: the default of every language
	// of the platform. Each needs a probe.
	Runtimes []driver.Runtime

	// Kinds are the kinds of packages to test; nil: all of the platform.
	Kinds []driver.Kind

	// Triggers are the triggers to test; nil: all of the platform.
	Triggers []driver.Trigger

	// Timeout is the time-out of functions that are made to exceed it; 0: two
	// seconds. A cold start must fit in it.
	Timeout time.Duration

	// Writes returns how many changes the platform made so far, where it can
	// count them. A second Deploy must not add to it.
	Writes func(driver.Platform) int
}

// Platform checks that a platform keeps the rules of package driver. open
// opens it for a run; it is called for every rule, with another prefix.
func Platform(t *testing.T, open driver.OpenFunc, o Options) {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	e := newEnvironment(t, open, o)
	f := e.features
	if len(o.Runtimes) == 0 {
		o.Runtimes = f.Defaults(t.Context())
	}
	if len(o.Kinds) == 0 {
		o.Kinds = f.Kinds
	}
	if len(o.Triggers) == 0 {
		o.Triggers = f.Triggers
	}
	if len(o.Runtimes) == 0 || len(o.Kinds) == 0 || len(o.Triggers) == 0 {
		t.Fatal("the platform's features have no runtime, no kind of package or no trigger: nothing can be tested")
	}
	leftOut := 0
	for _, runtime := range o.Runtimes {
		t.Run(runtime.String(), func(t *testing.T) {
			err := e.buildable(t, target{runtime, o.Kinds[0], o.Triggers[0]})
			if errors.Is(err, driver.ErrUnavailable) {
				leftOut++
			}
			leftout.If(t, err)
			for _, kind := range o.Kinds {
				t.Run(string(kind), func(t *testing.T) {
					for _, trigger := range o.Triggers {
						t.Run(string(trigger), func(t *testing.T) { e.run(t, functionRules, target{runtime, kind, trigger}) })
					}
				})
			}
		})
	}
	if leftOut == len(o.Runtimes) {
		t.Fatal("no runtime of the platform is available on this machine: nothing was tested")
	}
	first := target{o.Runtimes[0], o.Kinds[0], o.Triggers[0]}
	t.Run("platform", func(t *testing.T) { e.run(t, platformRules, first) })
	if slices.Contains(f.Modules, driver.Storage) {
		t.Run("buckets", func(t *testing.T) {
			pt := e.newPlatformTest(t, first)
			Buckets(t, func(t *testing.T) driver.Buckets {
				b, err := pt.platform.Buckets(t.Context())
				if err != nil {
					t.Fatalf("open the object store: %v", err)
				}
				return b
			}, pt.prefix)
		})
	}
	if slices.Contains(f.Modules, driver.NoSQL) {
		t.Run("tables", func(t *testing.T) {
			pt := e.newPlatformTest(t, first)
			Tables(t, func(t *testing.T) driver.Tables {
				tables, err := pt.platform.Tables(t.Context())
				leftout.If(t, err)
				if err != nil {
					t.Fatalf("open the NoSQL store: %v", err)
				}
				return tables
			}, pt.prefix)
		})
	}
}

// target is the form of the function that rules are checked with.
type target struct {
	runtime driver.Runtime
	kind    driver.Kind
	trigger driver.Trigger
}

// rule is a rule of package driver.
type rule struct {
	name    string
	why     string                   // what breaks without it; goes on after "because"
	applies func(*platformTest) bool // nil: to every platform
	check   func(context.Context, *platformTest) error
}

// functionRules are checked for every runtime, kind and trigger, platformRules once.
var (
	functionRules = slices.Concat(deployRules, startRules, failureRules, limitRules, answerRules, isolationRules, hostRules)
	platformRules = slices.Concat(lifecycleRules, resourceRules)
)

// ruleTime bounds every rule: a platform that hangs fails it.
const ruleTime = 3 * time.Minute

// run checks rules.
func (e *environment) run(t *testing.T, rules []rule, on target) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if e.features.Beside {
				t.Parallel()
			}
			pt := e.newPlatformTest(t, on)
			if r.applies != nil && !r.applies(pt) {
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), ruleTime)
			defer cancel()
			if err := r.check(ctx, pt); err != nil {
				t.Errorf("%v\nThe rule matters because %s.", err, r.why)
			}
		})
	}
}
