package driver

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Features says what a platform can do, and how fast. The lists are the values
// that the harness offers; Check decides which specifications can be had.
type Features struct {
	Runtimes      []Runtime // supported; the first of each language is its default, unless Prefers says another
	Kinds         []Kind    // the first that a runtime can have is its default, and so are the next two
	Architectures []Architecture
	Triggers      []Trigger
	Modules       []Module // stores that can be had; why one is missing is the error of Buckets or Tables

	// Prefers returns the version that is the default of a language where that
	// depends on this machine; empty: the first. It may ask the machine, and is
	// called for languages that were selected, not for all. nil: it is the first
	// of each language.
	Prefers func(ctx context.Context, language string) (version string)

	// Refuses says why a specification cannot be had although each of its
	// values can: a runtime that only images have, an architecture that a
	// trigger does not reach. nil: every combination can.
	Refuses func(s Spec) error

	Memory     MemorySizes        // sizes offered
	Limits     map[Trigger]Limits // of calls; for every trigger
	MaxPackage map[Kind]int64     // largest package, bytes of its archive or image; none: no limit
	MaxName    int                // longest function name, bytes

	MemoryLimits    bool // whether a function that uses more memory than it has is stopped
	ProcessLimits   bool // whether a function that starts too many processes is stopped
	MaxConcurrent   int  // sandboxes of one function at once, a call beyond is throttled; 0: no limit, or calls queue
	CallsPerSandbox int  // calls that a sandbox serves at once; 0 or 1: one

	Pace Pace // of deploying, retiring and removing

	// UsageDelay is how long after a call its usage can usually be had from the
	// platform's Meter.
	UsageDelay time.Duration

	// Beside says that several functions may be called at the same time: they
	// share nothing that one could spoil for another. Their times may differ
	// from those of a function that is alone.
	Beside bool

	// Sequential says why not each cell can have a function of its own, as the
	// interleaving of cells wants it: deploying one takes minutes, or there may
	// be few. They then share functions and are measured one after another.
	// Empty: they are interleaved.
	Sequential string
}

// Limits bound the calls of a trigger.
type Limits struct {
	MaxPayload int           // largest request, bytes
	MaxReply   int           // largest answer, bytes
	MaxTimeout time.Duration // longest time-out of a function; 0: no limit

	// Causes are those failures of a sandbox that can be told from others
	// (Throttled, TimedOut, Memory, Processes, Crash). One that is missing
	// arrives as another cause: a gateway may answer to all of them alike.
	Causes []Cause
}

// Default returns the runtime that is the default of a language, and false if
// the platform does not have the language.
func (f Features) Default(ctx context.Context, language string) (Runtime, bool) {
	i := slices.IndexFunc(f.Runtimes, func(rt Runtime) bool { return rt.Language == language })
	if i < 0 {
		return Runtime{}, false
	}
	if f.Prefers != nil {
		preferred := Runtime{Language: language, Version: f.Prefers(ctx, language)}
		if slices.Contains(f.Runtimes, preferred) {
			return preferred, true
		}
	}
	return f.Runtimes[i], true
}

// Defaults returns the default runtime of each language, in the order of
// Runtimes.
func (f Features) Defaults(ctx context.Context) []Runtime {
	var all []Runtime
	for _, rt := range f.Runtimes {
		if !slices.ContainsFunc(all, func(have Runtime) bool { return have.Language == rt.Language }) {
			first, _ := f.Default(ctx, rt.Language)
			all = append(all, first)
		}
	}
	return all
}

// Tells reports whether failed calls of a trigger say that this was the cause.
func (f Features) Tells(t Trigger, c Cause) bool { return slices.Contains(f.Limits[t].Causes, c) }

// MemorySizes are the sizes of memory that functions can have, in MB: a list, or a
// range. The zero value is any size.
type MemorySizes struct {
	Sizes          []int // where it is not empty, these and no others, ascending; a single one is fixed
	Min, Max, Step int   // else Min, Min+Step, … up to Max; Max 0: no bound; Step 0: 1
}

// Has reports whether functions can have mb MB.
func (m MemorySizes) Has(mb int) bool {
	if len(m.Sizes) > 0 {
		return slices.Contains(m.Sizes, mb)
	}
	return mb >= m.Min && (m.Max == 0 || mb <= m.Max) && (m.Step <= 1 || (mb-m.Min)%m.Step == 0)
}

// AtLeast returns the smallest size of at least mb MB, and false if there is
// none.
func (m MemorySizes) AtLeast(mb int) (int, bool) {
	if len(m.Sizes) > 0 {
		for _, size := range m.Sizes {
			if size >= mb {
				return size, true
			}
		}
		return 0, false
	}
	size := max(mb, m.Min)
	if m.Step > 1 {
		size += (m.Step - (size-m.Min)%m.Step) % m.Step
	}
	return size, m.Max == 0 || size <= m.Max
}

// String says which sizes there are: "512, 2048, 4096 MB", "128 to 10240 MB in
// steps of 64".
func (m MemorySizes) String() string {
	if len(m.Sizes) > 0 {
		words := make([]string, len(m.Sizes))
		for i, size := range m.Sizes {
			words[i] = strconv.Itoa(size)
		}
		return strings.Join(words, ", ") + " MB"
	}
	text := fmt.Sprintf("%d to %d MB", m.Min, m.Max)
	if m.Max == 0 {
		text = fmt.Sprintf("%d MB and more", m.Min)
	}
	if m.Step > 1 {
		text += fmt.Sprintf(" in steps of %d", m.Step)
	}
	return text
}

// Check is what decides whether the platform can have a function like s: nil,
// or an error that matches ErrUnsupported and says what it cannot do, and what
// it can. It does not look at the name; a Memory or Timeout of 0 is not decided
// yet.
func (f Features) Check(s Spec) error {
	limits := f.Limits[s.Trigger]
	switch {
	case !slices.Contains(f.Runtimes, s.Runtime):
		return fmt.Errorf("runtime %s: %w", s.Runtime, ErrUnsupported)
	case !slices.Contains(f.Kinds, s.Kind):
		return fmt.Errorf("packages of the kind %q: %w, which has %s", s.Kind, ErrUnsupported, list(f.Kinds))
	case !slices.Contains(f.Architectures, s.Architecture):
		return fmt.Errorf("architecture %q: %w, which has %s", s.Architecture, ErrUnsupported, list(f.Architectures))
	case !slices.Contains(f.Triggers, s.Trigger):
		return fmt.Errorf("trigger %q: %w, which has %s", s.Trigger, ErrUnsupported, list(f.Triggers))
	case s.Memory != 0 && !f.Memory.Has(s.Memory):
		return fmt.Errorf("memory=%d: %w, which has %s", s.Memory, ErrUnsupported, f.Memory)
	case limits.MaxTimeout > 0 && s.Timeout > limits.MaxTimeout:
		return fmt.Errorf("a time-out of %s: %w, where a call by the trigger %s ends after %s", s.Timeout, ErrUnsupported, s.Trigger, limits.MaxTimeout)
	case f.Refuses == nil:
		return nil
	}
	if err := f.Refuses(s); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return nil
}

// Complete returns s with what it leaves open: an empty architecture, kind and
// trigger become the first that the platform can have together, and the memory
// the next size that it offers. Where there is none, s is completed with the
// first of each, which Check refuses.
func (f Features) Complete(s Spec) Spec {
	if mb, ok := f.Memory.AtLeast(s.Memory); ok && s.Memory != 0 {
		s.Memory = mb
	}
	first := s
	for i, form := range f.forms(s) {
		if i == 0 {
			first = form
		}
		if f.Check(form) == nil {
			return form
		}
	}
	return first
}

// forms returns s with each value of what it leaves open.
func (f Features) forms(s Spec) []Spec {
	var all []Spec
	for _, arch := range open(s.Architecture, f.Architectures) {
		for _, kind := range open(s.Kind, f.Kinds) {
			for _, trigger := range open(s.Trigger, f.Triggers) {
				s.Architecture, s.Kind, s.Trigger = arch, kind, trigger
				all = append(all, s)
			}
		}
	}
	return all
}

// open returns the values that a field can have: its own, if it has one.
func open[T ~string](own T, values []T) []T {
	if own != "" {
		return []T{own}
	}
	return values
}

// CheckPackage says whether the platform takes a package of that size: nil, or
// an error that matches ErrUnsupported.
func (f Features) CheckPackage(p Package) error {
	if limit, ok := f.MaxPackage[p.Kind]; ok && p.Size > limit {
		return fmt.Errorf("a package of %d bytes: %w, where an %s has %d at most", p.Size, ErrUnsupported, p.Kind, limit)
	}
	return nil
}

// list returns values for a sentence.
func list[T ~string](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// Pace is how fast a platform's control plane is, usually: not the fastest, and
// not the worst. The estimate of a run, its time-outs and its clean-up follow
// from it.
type Pace struct {
	Deploy   time.Duration // until a function that did not exist can be called
	Retire   time.Duration
	Remove   time.Duration // of one resource
	Parallel int           // how many of them at once; 0 or 1: one
}

// Takes returns how long n operations that take each usually need together.
func (p Pace) Takes(n int, each time.Duration) time.Duration {
	rounds := (n + max(p.Parallel, 1) - 1) / max(p.Parallel, 1)
	return time.Duration(rounds) * each
}

// Bound returns the time after which n operations that usually take each are
// given up: five times as long as they take, and half a minute for what is slow
// to answer at all.
func (p Pace) Bound(n int, each time.Duration) time.Duration {
	return 5*p.Takes(n, each) + 30*time.Second
}
