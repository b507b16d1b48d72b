package drivertest_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// resourceFaults break what is listed and removed.
var resourceFaults = map[string]func(*fault){
	"resources": func(f *fault) { // a prefix is taken for the beginning of a name
		f.resources = func(ctx context.Context) iter.Seq2[driver.Resource, error] {
			return func(yield func(driver.Resource, error) bool) {
				for _, p := range []*sim.Platform{f.Platform, f.as(f.run.Prefix + "c")} {
					for r, err := range p.Resources(ctx) {
						if !yield(r, err) {
							return
						}
					}
				}
			}
		}
	},
	"resources-stores": func(f *fault) {
		f.resources = func(ctx context.Context) iter.Seq2[driver.Resource, error] {
			return func(yield func(driver.Resource, error) bool) {
				for r, err := range f.Platform.Resources(ctx) {
					if (err != nil || r.Kind == "function") && !yield(r, err) {
						return
					}
				}
			}
		}
	},
	"remove": func(f *fault) {
		f.remove = func(ctx context.Context, r driver.Resource) error {
			if !f.run.Owns(r.Name) {
				return driver.ErrNotOurs
			}
			return ctx.Err()
		}
	},
	"remove-twice": func(f *fault) {
		f.remove = func(ctx context.Context, r driver.Resource) error {
			found := !f.run.Owns(r.Name)
			for have, err := range f.Platform.Resources(ctx) {
				if err != nil {
					return err
				}
				found = found || have.Kind == r.Kind && have.Name == r.Name
			}
			if !found {
				return driver.ErrNotFound
			}
			return f.Platform.Remove(ctx, r)
		}
	},
	"remove-not-ours": func(f *fault) {
		f.remove = func(ctx context.Context, r driver.Resource) error {
			prefix, _, _ := strings.Cut(r.Name, "-")
			return f.as(prefix).Remove(ctx, r)
		}
	},
	"deploy-not-ours": func(f *fault) {
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			if prefix, _, _ := strings.Cut(s.Name, "-"); prefix != f.run.Prefix {
				return f.as(prefix).Deploy(ctx, s, p)
			}
			return f.Platform.Deploy(ctx, s, p)
		}
	},
	"unknown-function": func(f *fault) {
		f.retire = func(ctx context.Context, name string) error {
			err := f.Platform.Retire(ctx, name)
			if errors.Is(err, driver.ErrNotFound) {
				return nil
			}
			return err
		}
	},
}

// lifecycleFaults break the platform as a whole.
var lifecycleFaults = map[string]func(*fault){
	"modules": func(f *fault) {
		f.features = func(have driver.Features) driver.Features {
			have.Modules = []driver.Module{driver.Storage}
			return have
		}
	},
	"cancelled-context": func(f *fault) {
		f.remove = func(ctx context.Context, r driver.Resource) error {
			return f.Platform.Remove(context.WithoutCancel(ctx), r)
		}
	},
	"cancelled-context/hangs": func(f *fault) {
		f.retire = func(ctx context.Context, name string) error {
			if ctx.Err() != nil {
				time.Sleep(time.Hour) // waits for what does not come
			}
			return f.Platform.Retire(ctx, name)
		}
	},
	"close-twice": func(f *fault) {
		var closed atomic.Bool
		f.close = func(ctx context.Context) error {
			if closed.Swap(true) {
				return errors.New("closed already")
			}
			return f.Platform.Close(ctx)
		}
	},
	"after-close": func(f *fault) {
		var closed atomic.Bool
		f.close = func(ctx context.Context) error {
			closed.Store(true)
			return f.Platform.Close(ctx)
		}
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			if closed.Load() {
				return f.as(f.run.Prefix).Deploy(ctx, s, p)
			}
			return f.Platform.Deploy(ctx, s, p)
		}
	},
}
