// Package rules checks rules: a rule has a name, the reason for it, what it
// needs of the thing that it is about, and a check.
//
// A rule that does not apply to a thing is skipped with the reason, so that it
// is neither taken for one that was kept nor hides one that was broken.
package rules

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/leftout"
)

// Rule is a rule about an S.
type Rule[S any] struct {
	Name  string
	Why   string          // what breaks without it; goes on after "because"
	Needs []func(S) error // what it needs of s: nil, or why s lacks it, which is why the rule does not apply; all must be there
	Check func(ctx context.Context, s S) error
}

// Set is rules with all that it takes to check them.
type Set[S any] struct {
	Rules []Rule[S]

	// Open returns what a rule is checked on, and a function that gives it
	// back, which is called once, whatever came of the rule.
	Open func(ctx context.Context, rule string) (S, func(context.Context) error, error)

	AtOnce int           // rules that are checked at the same time; 0: one
	Time   time.Duration // of one rule, and of giving back what it had; 0: no limit
}

// Run checks each rule in a sub-test of its name. Those that -run leaves out
// open nothing.
func (s Set[S]) Run(t *testing.T) {
	t.Helper()
	s.each(func(r Rule[S]) {
		t.Run(r.Name, func(t *testing.T) {
			broken, unclean := s.check(t.Context(), r)
			if unclean != nil {
				t.Errorf("clean up: %v", unclean)
			}
			if why := (*inapplicable)(nil); errors.As(broken, &why) {
				t.Skip(leftout.DoesNotApply + why.Error())
			}
			leftout.If(t, broken) // what this machine lacks
			if broken != nil {
				t.Errorf("%v\nThe rule matters because %s.", broken, r.Why)
			}
		})
	})
}

// Verdicts are what came of rules, by name.
type Verdicts struct {
	Broken       map[string]error  // those that were broken, with how
	Unclean      map[string]error  // those after which something was left
	Inapplicable map[string]string // those that do not apply, with why
}

// Verdicts checks each rule without a test. A check that panics is an error.
func (s Set[S]) Verdicts(ctx context.Context) Verdicts {
	v := Verdicts{map[string]error{}, map[string]error{}, map[string]string{}}
	var mu sync.Mutex
	s.each(func(r Rule[S]) {
		broken, unclean := s.check(ctx, r)
		mu.Lock()
		defer mu.Unlock()
		if unclean != nil {
			v.Unclean[r.Name] = unclean
		}
		if why := (*inapplicable)(nil); errors.As(broken, &why) {
			v.Inapplicable[r.Name] = why.Error()
		} else if broken != nil {
			v.Broken[r.Name] = broken
		}
	})
	return v
}

// each calls do for every rule, in their order, as many at once as the set
// allows.
func (s Set[S]) each(do func(Rule[S])) {
	next := make(chan Rule[S])
	var wg sync.WaitGroup
	for range min(max(s.AtOnce, 1), len(s.Rules)) {
		wg.Go(func() {
			for r := range next {
				do(r)
			}
		})
	}
	for _, r := range s.Rules {
		next <- r
	}
	close(next)
	wg.Wait()
}

// check checks one rule.
func (s Set[S]) check(ctx context.Context, r Rule[S]) (broken, unclean error) {
	after := context.WithoutCancel(ctx)
	ctx, cancel := s.limited(ctx)
	defer cancel()
	on, giveBack, err := s.Open(ctx, r.Name)
	if err != nil {
		return err, nil
	}
	defer func() {
		ctx, cancel := s.limited(after)
		defer cancel()
		unclean = giveBack(ctx)
	}()
	for _, need := range r.Needs {
		if err := need(on); err != nil {
			return &inapplicable{err}, nil
		}
	}
	return caught(func() error { return r.Check(ctx, on) }), nil
}

// limited returns a context with the time of one rule.
func (s Set[S]) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Time <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.Time)
}

// caught calls f and makes its panic an error.
func caught(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// Inapplicable returns the error of a check which finds that its rule does not
// apply, where only the check can know.
func Inapplicable(why error) error { return &inapplicable{why} }

type inapplicable struct{ why error }

func (i *inapplicable) Error() string { return i.why.Error() }
func (i *inapplicable) Unwrap() error { return i.why }

// Patiently tries a check of calls that take some time. On a busy machine calls
// made at once may not meet, and a process may have to wait between two lines;
// then the check returns what looks wrong as again, and is tried with a longer
// time.
func Patiently(check func(ms int) (again, err error)) error {
	var again, err error
	for _, ms := range []int{300, 1500, 7500} {
		if again, err = check(ms); again == nil || err != nil {
			return err
		}
	}
	return again
}

// Expect returns an error that says what is, unless ok.
func Expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
