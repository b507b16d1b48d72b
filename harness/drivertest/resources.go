package drivertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
)

// resourceRules say what is listed and removed, and whose.
var resourceRules = []rule{
	{
		name: "resources",
		why:  "clean-up goes by the list: what another run made must not be on it, however alike the names",
		check: func(ctx context.Context, pt *platformTest) error {
			other := pt.run(pt.prefix + "c")
			if _, err := pt.deploy(ctx); err != nil {
				return err
			}
			if _, err := pt.deployOn(ctx, other, "", pt.named(pt.prefix+"c")); err != nil {
				return err
			}
			for p, name := range map[driver.Platform]string{pt.platform: pt.spec.Name, other: pt.nameOf(pt.prefix + "c")} {
				names, err := resources(ctx, p, "function")
				if err != nil {
					return err
				}
				if !slices.Equal(names, []string{name}) {
					return fmt.Errorf("the functions of a run are %v, want %s", names, name)
				}
			}
			return nil
		},
	},
	{
		name: "resources-stores",
		why:  "buckets and tables cost money as functions do",
		check: func(ctx context.Context, pt *platformTest) error {
			var want, got []string
			if slices.Contains(pt.features.Modules, driver.Storage) {
				b, err := pt.platform.Buckets(ctx)
				if err != nil {
					return err
				}
				want = append(want, pt.prefix+"-bucket")
				if err := b.Create(ctx, pt.prefix+"-bucket"); err != nil {
					return err
				}
			}
			if slices.Contains(pt.features.Modules, driver.NoSQL) {
				t, err := pt.platform.Tables(ctx)
				if err != nil {
					return err
				}
				want = append(want, pt.prefix+"-table")
				if err := t.Create(ctx, driver.Table{Name: pt.prefix + "-table", Primary: "id"}); err != nil {
					return err
				}
			}
			for _, kind := range []string{"bucket", "table"} {
				names, err := resources(ctx, pt.platform, kind)
				if err != nil {
					return err
				}
				got = append(got, names...)
			}
			return expect(slices.Equal(got, want), "the run's buckets and tables are %v, want %v", got, want)
		},
	},
	{
		name: "remove",
		why:  "what a run leaves behind is paid for",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			if err := d.works(ctx); err != nil {
				return err
			}
			if err := pt.removeFunction(ctx, pt.spec.Name); err != nil {
				return err
			}
			names, err := resources(ctx, pt.platform, "function")
			if err != nil {
				return err
			}
			if len(names) > 0 {
				return fmt.Errorf("after its removal %v is still listed", names)
			}
			r := d.call(ctx, event{"do": "echo"})
			if r.Cause == "" {
				return errors.New("a removed function still answers")
			}
			if d, err = pt.deploy(ctx); err != nil {
				return fmt.Errorf("after its removal: %w", err)
			}
			return d.after(ctx, "removal and a new deployment")
		},
	},
	{
		name: "remove-twice",
		why:  "clean-up is repeated until nothing is left, also by two at once",
		check: func(ctx context.Context, pt *platformTest) error {
			if _, err := pt.deploy(ctx); err != nil {
				return err
			}
			if err := pt.removeFunction(ctx, pt.spec.Name); err != nil {
				return err
			}
			if err := pt.removeFunction(ctx, pt.spec.Name); err != nil {
				return fmt.Errorf("a second time: %w", err)
			}
			return nil
		},
	},
	{
		name: "remove-not-ours",
		why:  "no mistake of ours may delete what somebody else made",
		check: func(ctx context.Context, pt *platformTest) error {
			theirs, d, err := pt.another(ctx)
			if err != nil {
				return err
			}
			err = pt.removeFunction(ctx, d.spec.Name)
			if err := expect(errors.Is(err, driver.ErrNotOurs), "the removal of another run's function gives %v, want ErrNotOurs", err); err != nil {
				return err
			}
			names, err := resources(ctx, theirs, "function")
			if err != nil {
				return err
			}
			return expect(slices.Contains(names, d.spec.Name), "another run's function is gone")
		},
	},
	{
		name: "deploy-not-ours",
		why:  "no mistake of ours may change what somebody else measures",
		check: func(ctx context.Context, pt *platformTest) error {
			_, d, err := pt.another(ctx)
			if err != nil {
				return err
			}
			_, err = pt.deploy(ctx, func(s *driver.Spec) { s.Name = d.spec.Name }, with("PROBE_VARIABLE", "ours"))
			if err := expect(errors.Is(err, driver.ErrNotOurs), "the deployment of another run's function gives %v, want ErrNotOurs", err); err != nil {
				return err
			}
			return starts(false, d.call(ctx, event{"do": "echo"}))
		},
	},
	{
		name: "unknown-function",
		why:  "a cold start that was never prepared must not be measured as one",
		check: func(ctx context.Context, pt *platformTest) error {
			err := pt.platform.Retire(ctx, pt.nameOf(pt.prefix+"-unknown"))
			return expect(errors.Is(err, driver.ErrNotFound), "to retire an unknown function gives %v, want ErrNotFound", err)
		},
	},
}

// another opens a second run of an unrelated prefix and calls a function of
// it, which is warm then.
func (pt *platformTest) another(ctx context.Context) (driver.Platform, *deployed, error) {
	prefix := "dt" + word()
	p := pt.run(prefix)
	d, err := pt.deployOn(ctx, p, "", pt.named(prefix))
	if err != nil {
		return nil, nil, err
	}
	return p, d, d.works(ctx)
}

// nameOf returns the name of the rule's function under another prefix, which
// may have further words.
func (pt *platformTest) nameOf(prefix string) string {
	return driver.FunctionName(prefix, pt.spec, pt.features.MaxName)
}

// named gives the function a name under another prefix.
func (pt *platformTest) named(prefix string) func(*driver.Spec) {
	return func(s *driver.Spec) { s.Name = pt.nameOf(prefix) }
}

// removeFunction removes a function.
func (pt *platformTest) removeFunction(ctx context.Context, name string) error {
	err := pt.platform.Remove(ctx, driver.Resource{Kind: "function", Name: name})
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// resources lists the names of a run's resources of a kind, sorted.
func resources(ctx context.Context, p driver.Platform, kind string) ([]string, error) {
	var names []string
	for r, err := range p.Resources(ctx) {
		if err != nil {
			return nil, fmt.Errorf("list resources: %w", err)
		}
		if r.Kind == kind {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}
