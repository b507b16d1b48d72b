package drivertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// deployRules say what Recipe and Deploy do.
var deployRules = []rule{
	{
		Name: "recipe-pure",
		Why:  "the recipe is part of the package's digest: if it wavers, nothing is ever found in the store",
		Check: func(ctx context.Context, s *subject) error {
			first, err := s.Platform.Recipe(ctx, s.Spec)
			if err == nil && first.Fetch != nil {
				if err = first.Fetch(ctx, io.Discard); err == nil {
					first, err = s.Platform.Recipe(ctx, s.Spec)
				}
			}
			if err != nil {
				return err
			}
			second, err := s.Platform.Recipe(ctx, s.Spec)
			if err != nil {
				return err
			}
			return rules.Expect(reflect.DeepEqual(first, second), "two recipes of one spec differ: %+v and %+v", first, second)
		},
	},
	{
		Name: "unsupported-runtime",
		Why:  "a selection must fail by name before anything is built, and be told from a broken tool",
		Check: func(ctx context.Context, s *subject) error {
			spec := s.Spec
			spec.Runtime = driver.Runtime{Language: "cobol", Version: "74"}
			_, err := s.Platform.Recipe(ctx, spec)
			return rules.Expect(errors.Is(err, driver.ErrUnsupported), "the recipe for %s gives the error %v, want ErrUnsupported", spec.Runtime, err)
		},
	},
	{
		Name: "deploy-again",
		Why:  "an experiment that is run again must neither pay for a deployment nor lose its warm sandboxes",
		Check: func(ctx context.Context, s *subject) error {
			p, f, err := s.apart(ctx) // where nobody else writes
			if err != nil {
				return err
			}
			before, err := f.Works(ctx)
			if err != nil {
				return err
			}
			writes := s.writes(p.Platform)
			if _, err := s.Again(ctx, f); err != nil {
				return fmt.Errorf("again: %w", err)
			}
			if more := s.writes(p.Platform) - writes; more != 0 {
				return fmt.Errorf("a second Deploy without any change made %d changes, want reads only", more)
			}
			_, err = f.Meet(ctx, before, probe.Event{"do": "echo"})
			return err
		},
	},
	{
		Name: "change-code",
		Why:  "otherwise numbers are those of code that is no more",
		Check: func(ctx context.Context, s *subject) error {
			name := s.NameFor(s.Run.Prefix + "-code")
			for _, variant := range []string{"first", "second"} {
				f, err := s.OwnOn(ctx, s.Platform, variant, func(spec *driver.Spec) { spec.Name = name })
				if err != nil {
					return err
				}
				var got struct{ Variant string }
				r := f.Call(ctx, probe.Event{"do": "facts"})
				if err := r.Result(&got); err != nil {
					return err
				}
				if got.Variant != variant {
					return fmt.Errorf("after the deployment of variant %s, variant %q answers", variant, got.Variant)
				}
			}
			return nil
		},
	},
	{
		Name: "change-environment",
		Why:  "functions find stores through their environment",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx, probe.With(variable, "first"))
			if err != nil {
				return err
			}
			if err := hasVariable(ctx, f, "first"); err != nil {
				return err
			}
			if f, err = s.Again(ctx, f, probe.With(variable, "second")); err != nil {
				return err
			}
			return hasVariable(ctx, f, "second")
		},
	},
	{
		Name: "environment-exact",
		Why:  "keys and addresses contain any character, and half a credential is none",
		Check: func(ctx context.Context, s *subject) error {
			const value = ` a=b "c" 'd' $e %f% \g	é ; `
			f, err := s.Own(ctx, probe.With(variable, value))
			if err != nil {
				return err
			}
			return hasVariable(ctx, f, value)
		},
	},
	{
		Name:  "change-memory",
		Why:   "memory is what experiments vary most",
		Needs: needs(probe.MemoryLimits, memorySizes),
		Check: func(ctx context.Context, s *subject) error {
			small, large, _ := sizes(s.Features())
			f, err := s.Own(ctx, memory(small))
			if err != nil {
				return err
			}
			if _, err := f.Works(ctx); err != nil {
				return err
			}
			if f, err = s.Again(ctx, f, memory(large)); err != nil {
				return err
			}
			more := small + (large-small)/5
			r := f.Call(ctx, probe.Event{"do": "allocate", "mb": more})
			if err := r.OK(); err != nil {
				return fmt.Errorf("%d MB do not fit after a change of memory from %d to %d MB: %w", more, small, large, err)
			}
			return nil
		},
	},
	{
		Name: "change-is-cold",
		Why:  "a sandbox with the old configuration would answer for the new one",
		Check: func(ctx context.Context, s *subject) error {
			changes := map[string]probe.Change{"environment": probe.With(variable, "new")}
			if _, large, ok := sizes(s.Features()); ok {
				changes["memory"] = memory(large)
			}
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			for what, change := range changes {
				if _, err := f.Works(ctx); err != nil {
					return err
				}
				if f, err = s.Again(ctx, f, change); err != nil {
					return err
				}
				r := f.Call(ctx, probe.Event{"do": "echo"})
				if err := r.Starts(true); err != nil {
					return fmt.Errorf("after a change of %s: %w", what, err)
				}
			}
			return nil
		},
	},
}

// sizes returns two sizes of memory that the platform has, the second of which
// is the larger by half a gigabyte or so. ok is false if there are none.
func sizes(f driver.Features) (small, large int, ok bool) {
	small, ok = f.Memory.AtLeast(128)
	if ok {
		large, ok = f.Memory.AtLeast(max(768, small+512))
	}
	return small, large, ok
}

// memorySizes needs memory that can be changed.
func memorySizes(s *probe.Session) error {
	if _, _, ok := sizes(s.Features()); !ok {
		return fmt.Errorf("functions have %s", s.Features().Memory)
	}
	return nil
}

func memory(mb int) probe.Change { return func(s *driver.Spec) { s.Memory = mb } }

// variable is an environment variable that a probe is asked for.
const variable = "PROBE_VARIABLE"

// hasVariable requires that the function sees the environment variable.
func hasVariable(ctx context.Context, f *probe.Function, value string) error {
	var got struct{ Environment *string }
	r := f.Call(ctx, probe.Event{"do": "echo", "environment": variable})
	if err := r.Result(&got); err != nil {
		return err
	}
	if got.Environment == nil {
		return fmt.Errorf("the function has no variable %s, want %q", variable, value)
	}
	return rules.Expect(*got.Environment == value, "the function's variable %s is %q, want %q", variable, *got.Environment, value)
}
