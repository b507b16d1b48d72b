package drivertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// lifecycleRules say what holds for a platform as a whole, from Open to Close.
var lifecycleRules = []rule{
	{
		name: "modules",
		why:  "a benchmark is selected or left out by the stores that a platform says it has",
		check: func(ctx context.Context, pt *platformTest) error {
			_, storage := pt.platform.Buckets(ctx)
			_, nosql := pt.platform.Tables(ctx)
			for module, err := range map[driver.Module]error{driver.Storage: storage, driver.NoSQL: nosql} {
				claimed := slices.Contains(pt.features.Modules, module)
				if err := expect(claimed == (err == nil), "module %s is claimed: %v, but opening it gives the error %v", module, claimed, err); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "cancelled-context",
		why:  "an interrupted run has seconds to clean up, not minutes",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			pkg, err := pt.pkg(ctx, "")
			if err != nil {
				return err
			}
			done, cancel := context.WithCancel(ctx)
			cancel()
			p := pt.platform
			for method, call := range map[string]func() error{
				"Recipe":    func() error { _, err := p.Recipe(done, d.spec); return err },
				"Build":     func() error { _, err := p.Build(done, pkg.Dir, d.spec, io.Discard); return err },
				"Deploy":    func() error { _, err := p.Deploy(done, d.spec, pkg); return err },
				"Retire":    func() error { return p.Retire(done, d.spec.Name) },
				"Buckets":   func() error { _, err := p.Buckets(done); return err },
				"Tables":    func() error { _, err := p.Tables(done); return err },
				"Resources": func() error { _, err := resources(done, p, "function"); return err },
				"Remove":    func() error { return p.Remove(done, driver.Resource{Kind: "function", Name: d.spec.Name}) },
			} {
				err, returned := promptly(call)
				if !returned {
					return fmt.Errorf("%s does not return from a cancelled context", method)
				}
				right := errors.Is(err, context.Canceled) || errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrUnsupported)
				if err := expect(right, "%s with a cancelled context gives the error %v, want the context's", method, err); err != nil {
					return err
				}
			}
			return d.after(ctx, "methods that were cancelled")
		},
	},
	{
		name: "close-twice",
		why:  "a run is closed by its end and by its interruption",
		check: func(ctx context.Context, pt *platformTest) error {
			if err := pt.close(ctx, pt.platform); err != nil {
				return err
			}
			if err := pt.platform.Close(ctx); err != nil {
				return fmt.Errorf("a second Close: %w", err)
			}
			return nil
		},
	},
	{
		name: "after-close",
		why:  "what is started after Close is stopped by nobody",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			if err := d.works(ctx); err != nil {
				return err
			}
			pkg, err := pt.pkg(ctx, "")
			if err != nil {
				return err
			}
			p := pt.platform
			if err := pt.close(ctx, p); err != nil {
				return err
			}
			for what, call := range map[string]func() error{
				"Deploy":  func() error { _, err := p.Deploy(ctx, d.spec, pkg); return err },
				"Retire":  func() error { return p.Retire(ctx, d.spec.Name) },
				"Buckets": func() error { _, err := p.Buckets(ctx); return err },
				"Tables":  func() error { _, err := p.Tables(ctx); return err },
				"a call":  func() error { r := d.call(ctx, event{"do": "echo"}); return r.ok() },
			} {
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
