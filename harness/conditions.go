package harness

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
)

// Mode is how a cell invokes.
type Mode string

// The modes. k is SEBS_CONCURRENCY.
const (
	Cold       Mode = "cold"       // k calls at once after the function's sandboxes were retired; only cold answers count
	Warm       Mode = "warm"       // k at once on sandboxes that exist; only warm answers count
	Burst      Mode = "burst"      // k at once after retiring; every answer counts
	Sequential Mode = "sequential" // one after another; every answer counts
)

// Modes lists all modes.
var Modes = []Mode{Cold, Warm, Burst, Sequential}

// Conditions span the cells of an experiment: each selected function runs
// under every combination. They are declared before anything runs, so that
// what a pattern selects and how long it may take are known before anything is
// built or paid for.
type Conditions struct {
	Memory []int  // MB; nil: SEBS_MEMORY, or the benchmark's own
	Sizes  []Size // nil: SEBS_SIZE, or test
	Modes  []Mode // nil: sequential only
	Axes   []Axis // what the experiment adds, in the order of names

	// After is called once for each function, when all its cells that were
	// selected have ended and none has failed: for what is about several of them.
	// t is the function's sub-test, and nothing is measured meanwhile. It is for
	// Cells alone: those of BenchCells follow one another, so that drift is part
	// of what they differ in.
	After func(t *testing.T, m *Measured)

	// Bound is the longest time that a cell measures, for the estimate; 0: the
	// time of SEBS_SAMPLES, which Cell.More keeps.
	Bound time.Duration
}

// Axis is a condition that an experiment adds: "sleep" with "1s", "10s".
// A name has a lower-case letter, then letters, digits, _ and -, and is none of
// the keys that cells have; a value can be printed and has no blanks and none of
// / \ , = ".
type Axis struct {
	Name   string
	Values []string
}

// condition is one combination of Conditions.
type condition struct {
	memory int
	size   Size
	mode   Mode
	extra  results.Name

	refused error // why the platform cannot have the function under it
}

// pairs returns the condition's keys and values in their fixed order.
func (c condition) pairs() results.Name {
	return append(results.Name{
		{Key: "memory", Value: strconv.Itoa(c.memory)},
		{Key: "size", Value: string(c.size)},
		{Key: "mode", Value: string(c.mode)},
	}, c.extra...)
}

// name returns "memory=256,size=test,mode=cold", and what the experiment adds.
func (c condition) name() string { return c.pairs().String() }

// values returns the condition's values in the order of pairs.
func (c condition) values() []string {
	var all []string
	for _, p := range c.pairs() {
		all = append(all, p.Value)
	}
	return all
}

// expand returns every combination of conditions that were checked, for a
// benchmark that wants memory MB.
func (c Conditions) expand(p parameters, memory int) []condition {
	sizes, memories := c.Sizes, c.Memory
	if sizes == nil {
		sizes = p.Sizes
	}
	if sizes == nil {
		sizes = []Size{Test}
	}
	if memories == nil {
		memories = p.Memory
	}
	if memories == nil {
		memories = []int{memory}
	}
	var all []condition
	for _, m := range memories {
		for _, s := range sizes {
			for _, mode := range c.modes() {
				all = append(all, condition{memory: m, size: s, mode: mode})
			}
		}
	}
	for _, axis := range c.Axes {
		var more []condition
		for _, base := range all {
			for _, v := range axis.Values {
				next := base
				next.extra = append(slices.Clone(base.extra), results.Pair{Key: axis.Name, Value: v})
				more = append(more, next)
			}
		}
		all = more
	}
	return all
}

// modes returns the modes of the cells.
func (c Conditions) modes() []Mode {
	if c.Modes == nil {
		return []Mode{Sequential}
	}
	return c.Modes
}

// function is a candidate: one benchmark on one platform in one form.
type function struct {
	platform  string
	benchmark *Benchmark
	config    Config
	features  *driver.Features
	spec      driver.Spec // without name, memory and environment
	refused   error       // why the platform cannot have it, whatever the condition

	preferred func() driver.Runtime // the default of its language, which may ask the machine
	defaults  map[string]bool       // by key: whether its other values are defaults
}

// isDefault reports whether the value of a key runs without being named.
func (f function) isDefault(key string) bool {
	if key == "runtime" {
		return f.spec.Runtime == f.preferred()
	}
	return f.defaults[key]
}

// memory returns how many MB the function has unless somebody says otherwise:
// what the benchmark wants, or the next size that the platform offers.
func (f function) memory() int {
	if mb, ok := f.features.Memory.AtLeast(f.config.Memory); ok {
		return mb
	}
	return f.config.Memory // which is refused
}

// under returns the conditions, each with why the platform cannot have the
// function under it, if so.
func (f function) under(conditions []condition) []condition {
	all := slices.Clone(conditions)
	for i := range all {
		spec := f.spec
		spec.Memory = all[i].memory
		all[i].refused = f.features.Check(spec)
	}
	return all
}

// pairs returns the function's keys and values in their fixed order.
func (f function) pairs() results.Name {
	pairs := results.Name{
		{Key: "platform", Value: f.platform},
		{Key: "benchmark", Value: f.benchmark.Name},
		{Key: "runtime", Value: f.spec.Runtime.String()},
	}
	if f.spec.Variant != "" {
		pairs = append(pairs, results.Pair{Key: "variant", Value: f.spec.Variant})
	}
	return append(pairs,
		results.Pair{Key: "arch", Value: string(f.spec.Architecture)},
		results.Pair{Key: "package", Value: string(f.spec.Kind)},
		results.Pair{Key: "trigger", Value: string(f.spec.Trigger)})
}

// name returns "platform=process,benchmark=…,runtime=…,arch=…,package=…,trigger=…",
// with variant=… after the runtime unless it is the default.
func (f function) name() string { return f.pairs().String() }

// label names the function in messages: "411.image-recognition python-3.11".
func (f function) label() string {
	return strings.TrimSpace(f.benchmark.Name + " " + f.spec.Runtime.String() + " " + f.spec.Variant)
}

// candidates returns every form of the benchmarks in the languages that the
// platform has, its defaults first; those that it cannot have with the reason.
// The default of a language is found when it is asked for, as long as ctx is
// not done.
func candidates(ctx context.Context, platform string, features driver.Features, benchmarks []Benchmark) ([]function, error) {
	preferred := map[string]func() driver.Runtime{}
	for _, language := range languages(features.Runtimes) {
		preferred[language] = sync.OnceValue(func() driver.Runtime {
			rt, _ := features.Default(ctx, language)
			return rt
		})
	}
	var all []function
	for i := range benchmarks {
		b := &benchmarks[i]
		config, err := b.config()
		if err != nil {
			return nil, err
		}
		if b.folder != nil && len(features.Runtimes) > 0 &&
			!slices.ContainsFunc(features.Runtimes, func(rt driver.Runtime) bool { return config.Has(rt.Language) }) {
			config.Languages = []Language{{Name: features.Runtimes[0].Language}} // so that it says why under its name
		}
		for _, rt := range features.Runtimes {
			for _, variant := range config.variants(rt.Language) {
				f := function{
					platform: platform, benchmark: b, config: config, features: &features, preferred: preferred[rt.Language],
					spec: driver.Spec{Benchmark: b.Name, Runtime: rt, Variant: variant, Timeout: config.Timeout, Modules: config.Modules},
				}
				all = append(all, f.forms()...)
			}
		}
	}
	return all, nil
}

// forms returns the function in each architecture, as each kind of package and
// with each trigger. The first form that the platform can have has the defaults.
func (f function) forms() []function {
	var all []function
	var first *driver.Spec
	for _, arch := range f.features.Architectures {
		for _, kind := range f.features.Kinds {
			for _, trigger := range f.features.Triggers {
				f.spec.Architecture, f.spec.Kind, f.spec.Trigger = arch, kind, trigger
				f.refused = f.features.Check(f.spec)
				if f.refused == nil && first == nil {
					spec := f.spec
					first = &spec
				}
				all = append(all, f)
			}
		}
	}
	for i, g := range all {
		all[i].defaults = map[string]bool{
			"arch":    first != nil && g.spec.Architecture == first.Architecture,
			"package": first != nil && g.spec.Kind == first.Kind,
			"trigger": first != nil && g.spec.Trigger == first.Trigger,
		}
	}
	return all
}
