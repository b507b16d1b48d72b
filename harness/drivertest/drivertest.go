// Package drivertest is the definition of "implements": the rules that every
// platform keeps, each with the reason for it. The rules of wrappers are in
// package contract, those of stores in package stores; this package checks them
// too, for what the platform has.
//
// A platform's test calls [Platform]; it deploys a probe, a function that does
// what its event asks, and lets it answer, misbehave and die (package probe).
//
//	func TestConformance(t *testing.T) {
//		drivertest.Platform(t, open, drivertest.Options{})
//	}
//
// A runtime that the platform says is not available is left out with its
// reason, unless all are. Every rule is a sub-test, so -run selects one: for a
// runtime, a kind of package, a trigger and a name, as
// Conformance/python-3.11/archive/http/retire. A rule whose needs a platform
// does not meet is skipped as one that does not apply, with the reason: a
// connection that is a sandbox, a cause that the trigger can tell, memory that
// can be changed.
//
// The rules of one runtime, kind and trigger share the platform and functions
// that none of them changes, and are checked beside each other as far as
// driver.Features says (Beside, Pace.Parallel). Time limits follow from its
// Pace. All that was made is removed, and it is an error if something is left.
//
// For each rule there is a deliberately broken platform that only this rule
// catches; the tests of this package show it. The package refuses to measure,
// and to test what a platform does not claim.
package drivertest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/contract"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
	"github.com/sebs-go/sebs/harness/drivertest/stores"
	"github.com/sebs-go/sebs/harness/leftout"
)

// Options adapt the suite to a platform. The zero value is right for most.
type Options struct {
	// Name is the platform's registered name; the package store shows it.
	Name string

	// Runtimes are the runtimes to test; nil: the default of every language
	// of the platform. Each needs a probe.
	Runtimes []driver.Runtime

	// First leaves all but the first of these runtimes out.
	First bool

	// Kinds are the kinds of packages to test; nil: all of the platform.
	Kinds []driver.Kind

	// Triggers are the triggers to test; nil: all of the platform.
	Triggers []driver.Trigger

	// Timeout is the time-out of functions that are made to exceed it; 0: two
	// seconds. A cold start must fit in it.
	Timeout time.Duration

	// Packages is the folder in which the probe's packages are kept for the next
	// time, such as that of experiments (driver.CacheFolder); empty: they are built
	// anew, and deleted.
	Packages string

	// Writes returns how many changes the platform made so far, where it can
	// count them. A second Deploy must not add to it.
	Writes func(driver.Platform) int
}

// subject is what a rule of platforms is checked on.
type subject struct {
	*probe.Session
	options Options
}

// writes returns how many changes a platform made, 0 if it does not count.
func (s *subject) writes(p driver.Platform) int {
	if s.options.Writes == nil {
		return 0
	}
	return s.options.Writes(p)
}

// rule is a rule of platforms.
type rule = rules.Rule[*subject]

// needs are needs of rules of platforms.
func needs(all ...func(*probe.Session) error) []func(*subject) error {
	var of []func(*subject) error
	for _, need := range all {
		of = append(of, func(s *subject) error { return need(s.Session) })
	}
	return of
}

// functionRules are checked for every runtime, kind and trigger, platformRules
// once.
var (
	functionRules = slices.Concat(deployRules, startRules, failureRules, limitRules, isolationRules, hostRules, meterRules)
	platformRules = slices.Concat(lifecycleRules, resourceRules, remoteRules)
)

// set makes rules of a set for sessions.
func (o Options) set(all []rule, of rules.Set[*probe.Session]) rules.Set[*subject] {
	return rules.Set[*subject]{
		Rules: all, AtOnce: of.AtOnce, Time: of.Time,
		Open: func(ctx context.Context, rule string) (*subject, func(context.Context) error, error) {
			s, giveBack, err := of.Open(ctx, rule)
			return &subject{s, o}, giveBack, err
		},
	}
}

// Platform checks that a platform keeps the rules of package driver. open
// opens it for a run; it is called several times, each with another prefix.
func Platform(t *testing.T, open driver.OpenFunc, o Options) {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	log := &logBuffer{}
	t.Cleanup(func() { log.show(t) })
	lab, err := probe.NewLab(open, o.Name, cmp.Or(o.Packages, t.TempDir()), o.Timeout, log)
	if err != nil {
		t.Fatal(err)
	}
	opened := openPlatform(t, lab)
	f := opened.Features()
	if len(o.Runtimes) == 0 {
		o.Runtimes = f.Defaults(t.Context())
	}
	if o.First {
		o.Runtimes = o.Runtimes[:min(1, len(o.Runtimes))]
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
	for _, runtime := range o.Runtimes {
		t.Run(runtime.String(), func(t *testing.T) {
			for _, kind := range o.Kinds {
				t.Run(string(kind), func(t *testing.T) {
					for _, trigger := range o.Triggers {
						t.Run(string(trigger), func(t *testing.T) {
							o.function(t, lab, opened, probe.Target{Runtime: runtime, Kind: kind, Trigger: trigger})
						})
					}
				})
			}
		})
	}
	selected := false
	t.Run("platform", func(t *testing.T) {
		selected = true
		o.set(platformRules, openSite(t, lab, o.first(t, lab, opened)).Rules()).Run(t)
	})
	if !selected {
		t.Logf("-run leaves out the rules of the platform itself (clean-up, ledger, life): %s/platform", t.Name())
	}
	if slices.Contains(f.Modules, driver.Storage) {
		t.Run("buckets", func(t *testing.T) {
			stores.Buckets(t, func(t *testing.T) driver.Buckets {
				b, err := opened.Buckets(t.Context())
				if err != nil {
					t.Fatalf("open the object store: %v", err)
				}
				return b
			}, opened.Run.Prefix)
		})
	}
	if slices.Contains(f.Modules, driver.NoSQL) {
		t.Run("tables", func(t *testing.T) {
			stores.Tables(t, func(t *testing.T) driver.Tables {
				tables, err := opened.Tables(t.Context())
				leftout.If(t, err)
				if err != nil {
					t.Fatalf("open the NoSQL store: %v", err)
				}
				return tables
			}, opened.Run.Prefix)
		})
	}
}

// first returns the first form of functions that the platform has, and that
// this machine can build.
func (o Options) first(t *testing.T, lab *probe.Lab, opened *probe.Opened) probe.Target {
	t.Helper()
	for _, runtime := range o.Runtimes {
		for _, kind := range o.Kinds {
			on := probe.Target{Runtime: runtime, Kind: kind, Trigger: o.Triggers[0]}
			if on.Check(opened.Features()) == nil && lab.Builds(t.Context(), opened.Platform, on) == nil {
				return on
			}
		}
	}
	t.Fatal("no runtime of the platform is available on this machine: nothing was tested")
	return probe.Target{}
}

// function checks the rules of functions of one form, unless the platform has
// no such functions, or this machine cannot build them.
func (o Options) function(t *testing.T, lab *probe.Lab, opened *probe.Opened, on probe.Target) {
	t.Helper()
	if err := on.Check(opened.Features()); errors.Is(err, driver.ErrUnsupported) {
		t.Skip(leftout.DoesNotApply + err.Error())
	}
	if err := lab.Builds(t.Context(), opened.Platform, on); err != nil {
		leftout.If(t, err)
		t.Fatal(err)
	}
	site := openSite(t, lab, on)
	o.set(functionRules, site.Rules()).Run(t)
	t.Run("contract", func(t *testing.T) { contract.Check(t, site) })
}

// openSite opens the platform for functions of one form, until the test ends.
func openSite(t *testing.T, lab *probe.Lab, on probe.Target) *probe.Site {
	t.Helper()
	site, err := lab.Site(t.Context(), on)
	if err != nil {
		t.Fatal(err)
	}
	cleanUp(t, site.Features().Pace, site.CleanUp)
	return site
}

// openPlatform opens the platform until the test ends.
func openPlatform(t *testing.T, lab *probe.Lab) *probe.Opened {
	t.Helper()
	p, err := lab.Open(t.Context(), probe.Prefix())
	if err != nil {
		t.Fatal(err)
	}
	cleanUp(t, p.Features().Pace, p.CleanUp)
	return p
}

// cleanUp does so after the test, which fails if something is left.
func cleanUp(t *testing.T, pace driver.Pace, do func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), pace.Bound(100, pace.Remove)+time.Minute)
		defer cancel()
		if err := do(ctx); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
}

// logBuffer keeps what platforms tell until a test has failed.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) show(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.Failed() && l.b.Len() > 0 {
		t.Logf("log of the platform:\n%s", l.b.String())
	}
}
