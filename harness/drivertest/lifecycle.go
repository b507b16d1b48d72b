package drivertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// lifecycleRules say what holds for a platform as a whole, from Open to Close.
var lifecycleRules = []rule{
	{
		Name: "modules",
		Why:  "a benchmark is selected or left out by the stores that a platform says it has",
		Check: func(ctx context.Context, s *subject) error {
			var missing error
			_, storage := s.Platform.Buckets(ctx)
			_, nosql := s.Platform.Tables(ctx)
			for module, err := range map[driver.Module]error{driver.Storage: storage, driver.NoSQL: nosql} {
				claimed := slices.Contains(s.Features().Modules, module)
				if claimed && errors.Is(err, driver.ErrUnavailable) { // another machine has it
					missing = err
					continue
				}
				if err := rules.Expect(claimed == (err == nil), "module %s is claimed: %v, but opening it gives the error %v", module, claimed, err); err != nil {
					return err
				}
			}
			return missing
		},
	},
	{
		Name: "cancelled-context",
		Why:  "an interrupted run has seconds to clean up, not minutes",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			pkg, err := s.Package(ctx)
			if err != nil {
				return err
			}
			done, cancel := context.WithCancel(ctx)
			cancel()
			p := s.Platform
			for method, call := range map[string]func() error{
				"Recipe":    func() error { _, err := p.Recipe(done, f.Spec); return err },
				"Build":     func() error { _, err := p.Build(done, pkg.Dir, f.Spec, io.Discard); return err },
				"Deploy":    func() error { _, err := p.Deploy(done, f.Spec, pkg); return err },
				"Retire":    func() error { return p.Retire(done, f.Spec.Name) },
				"Buckets":   func() error { _, err := p.Buckets(done); return err },
				"Tables":    func() error { _, err := p.Tables(done); return err },
				"Resources": func() error { _, err := probe.Resources(done, p, "function"); return err },
				"Remove":    func() error { return p.Remove(done, driver.Resource{Kind: "function", Name: f.Spec.Name}) },
			} {
				err, returned := promptly(call)
				if !returned {
					return fmt.Errorf("%s does not return from a cancelled context", method)
				}
				right := errors.Is(err, context.Canceled) || errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrUnsupported)
				if err := rules.Expect(right, "%s with a cancelled context gives the error %v, want the context's", method, err); err != nil {
					return err
				}
			}
			return f.After(ctx, "methods that were cancelled")
		},
	},
	{
		Name: "close-twice",
		Why:  "a run is closed by its end and by its interruption",
		Check: func(ctx context.Context, s *subject) error {
			p, err := s.OpenAs(ctx, probe.Prefix())
			if err != nil {
				return err
			}
			if err := p.Close(ctx); err != nil {
				return err
			}
			if err := p.Platform.Close(ctx); err != nil {
				return fmt.Errorf("a second Close: %w", err)
			}
			return nil
		},
	},
	{
		Name: "after-close",
		Why:  "what is started after Close is stopped by nobody, and what runs on this machine ends with it",
		Check: func(ctx context.Context, s *subject) error {
			p, f, err := s.apart(ctx)
			if err != nil {
				return err
			}
			if _, err := f.Works(ctx); err != nil {
				return err
			}
			pkg, err := s.Package(ctx)
			if err != nil {
				return err
			}
			if err := p.Close(ctx); err != nil {
				return err
			}
			calls := map[string]func() error{
				"Deploy":  func() error { _, err := p.Deploy(ctx, f.Spec, pkg); return err },
				"Retire":  func() error { return p.Platform.Retire(ctx, f.Spec.Name) },
				"Buckets": func() error { _, err := p.Buckets(ctx); return err },
				"Tables":  func() error { _, err := p.Tables(ctx); return err },
			}
			if s.Sandbox { // elsewhere functions live on, see the rule second-open
				calls["a call"] = func() error { r := f.Call(ctx, echo); return r.OK() }
			}
			for what, call := range calls {
				err, returned := promptly(call)
				if !returned {
					return fmt.Errorf("after Close %s does not return", what)
				}
				if err == nil {
					return fmt.Errorf("after Close %s works, want an error", what)
				}
			}
			return nil
		},
	},
}

// promptly calls a function and waits for it, but not for long.
func promptly(call func() error) (err error, returned bool) {
	done := make(chan error, 1)
	go func() { done <- call() }()
	patience := time.NewTimer(5 * time.Second)
	defer patience.Stop()
	select {
	case err := <-done:
		return err, true
	case <-patience.C:
		return nil, false
	}
}
