package drivertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// resourceRules say what is listed and removed, and whose.
var resourceRules = []rule{
	{
		Name: "resources",
		Why:  "clean-up goes by the list: what another run made must not be on it, however alike the names",
		Check: func(ctx context.Context, s *subject) error {
			prefix := probe.Prefix()
			names := map[driver.Inventory]string{}
			for _, prefix := range []string{prefix, prefix + "c"} {
				p, err := s.OpenAs(ctx, prefix)
				if err != nil {
					return err
				}
				f, err := s.OwnOn(ctx, p.Platform, "", s.under(prefix))
				if err != nil {
					return err
				}
				names[p.Platform] = f.Spec.Name
			}
			return s.Eventually(ctx, func() error {
				for p, name := range names {
					if err := lists(ctx, p, "function", name); err != nil {
						return err
					}
				}
				return nil
			})
		},
	},
	{
		Name: "resources-stores",
		Why:  "buckets and tables cost money as functions do",
		Check: func(ctx context.Context, s *subject) error {
			p, err := s.OpenAs(ctx, probe.Prefix())
			if err != nil {
				return err
			}
			made, err := makeStores(ctx, p)
			if err != nil {
				return err
			}
			return s.Eventually(ctx, func() error {
				return errors.Join(lists(ctx, p, "bucket", made["bucket"]...), lists(ctx, p, "table", made["table"]...))
			})
		},
	},
	{
		Name: "remove",
		Why:  "what a run leaves behind is paid for",
		Check: func(ctx context.Context, s *subject) error {
			p, f, err := s.apart(ctx)
			if err != nil {
				return err
			}
			if _, err := f.Works(ctx); err != nil {
				return err
			}
			if err := removeFunction(ctx, p, f.Spec.Name); err != nil {
				return err
			}
			err = s.Eventually(ctx, func() error {
				if err := lists(ctx, p, "function"); err != nil {
					return fmt.Errorf("after its removal: %w", err)
				}
				r := f.Call(ctx, echo)
				return rules.Expect(r.Cause != "", "a removed function still answers")
			})
			if err != nil {
				return err
			}
			if f, err = s.Again(ctx, f); err != nil {
				return fmt.Errorf("after its removal: %w", err)
			}
			return f.After(ctx, "removal and a new deployment")
		},
	},
	{
		Name: "remove-twice",
		Why:  "clean-up is repeated until nothing is left, also by two at once",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			if err := removeFunction(ctx, s.Opened, f.Spec.Name); err != nil {
				return err
			}
			if err := removeFunction(ctx, s.Opened, f.Spec.Name); err != nil {
				return fmt.Errorf("a second time: %w", err)
			}
			return nil
		},
	},
	{
		Name: "remove-not-ours",
		Why:  "no mistake of ours may delete what somebody else made",
		Check: func(ctx context.Context, s *subject) error {
			f, _, err := s.another(ctx)
			if err != nil {
				return err
			}
			err = removeFunction(ctx, s.Opened, f.Spec.Name)
			if err := rules.Expect(errors.Is(err, driver.ErrNotOurs), "the removal of another run's function gives %v, want ErrNotOurs", err); err != nil {
				return err
			}
			return s.Eventually(ctx, func() error { return lists(ctx, f.Platform, "function", f.Spec.Name) })
		},
	},
	{
		Name: "deploy-not-ours",
		Why:  "no mistake of ours may change what somebody else measures",
		Check: func(ctx context.Context, s *subject) error {
			f, before, err := s.another(ctx)
			if err != nil {
				return err
			}
			_, err = s.OwnOn(ctx, s.Platform, "", func(spec *driver.Spec) { spec.Name = f.Spec.Name }, probe.With(variable, "ours"))
			if err := rules.Expect(errors.Is(err, driver.ErrNotOurs), "the deployment of another run's function gives %v, want ErrNotOurs", err); err != nil {
				return err
			}
			_, err = f.Meet(ctx, before, echo)
			return err
		},
	},
	{
		Name: "unknown-function",
		Why:  "a cold start that was never prepared must not be measured as one",
		Check: func(ctx context.Context, s *subject) error {
			err := s.Retire(ctx, s.NameFor(s.Run.Prefix+"-unknown"))
			return rules.Expect(errors.Is(err, driver.ErrNotFound), "to retire an unknown function gives %v, want ErrNotFound", err)
		},
	},
}

// another opens a second run of an unrelated prefix and calls a function of
// it, which is warm then.
func (s *subject) another(ctx context.Context) (*probe.Function, probe.Reply, error) {
	_, f, err := s.apart(ctx)
	if err != nil {
		return nil, probe.Reply{}, err
	}
	r, err := f.Works(ctx)
	return f, r, err
}

// apart opens the platform under another prefix, and deploys a function there.
func (s *subject) apart(ctx context.Context) (*probe.Opened, *probe.Function, error) {
	p, err := s.OpenAs(ctx, probe.Prefix())
	if err != nil {
		return nil, nil, err
	}
	f, err := s.OwnOn(ctx, p.Platform, "", s.under(p.Run.Prefix))
	return p, f, err
}

// under gives a function its name under a prefix.
func (s *subject) under(prefix string) probe.Change {
	return func(spec *driver.Spec) { spec.Name = s.NameFor(prefix) }
}

// makeStores creates a bucket and a table, where the platform has such stores,
// and returns their names by kind.
func makeStores(ctx context.Context, p *probe.Opened) (map[string][]string, error) {
	made := map[string][]string{}
	modules := p.Features().Modules
	if slices.Contains(modules, driver.Storage) {
		name := p.Run.Prefix + "-bucket"
		b, err := p.Buckets(ctx)
		if err == nil {
			err = b.Create(ctx, name)
		}
		if err != nil {
			return made, fmt.Errorf("create a bucket: %w", err)
		}
		made["bucket"] = []string{name}
	}
	if slices.Contains(modules, driver.NoSQL) {
		name := p.Run.Prefix + "-table"
		t, err := p.Tables(ctx)
		if err == nil {
			err = t.Create(ctx, driver.Table{Name: name, Primary: "id"})
		}
		if err != nil {
			return made, fmt.Errorf("create a table: %w", err)
		}
		made["table"] = []string{name}
	}
	return made, nil
}

// lists requires that the run's resources of a kind are those with the given
// names, which are sorted.
func lists(ctx context.Context, p driver.Inventory, kind string, want ...string) error {
	listed, err := probe.Resources(ctx, p, kind)
	if err != nil {
		return err
	}
	var names []string
	for _, r := range listed {
		names = append(names, r.Name)
	}
	return rules.Expect(slices.Equal(names, want), "the run's resources of kind %s are %v, want %v", kind, names, want)
}

// removeFunction removes a function.
func removeFunction(ctx context.Context, p *probe.Opened, name string) error {
	if err := p.Remove(ctx, driver.Resource{Kind: "function", Name: name}); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}
