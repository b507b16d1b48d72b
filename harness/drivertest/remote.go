package drivertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// remoteRules say what holds where functions outlive the process that deployed
// them, so that somebody else has to find and remove them if it is killed.
var remoteRules = []rule{
	{
		Name:  "ledger",
		Why:   "a run that is killed before its list is read is swept by its ledger alone",
		Needs: needs(probe.Remote),
		Check: func(ctx context.Context, s *subject) error {
			p, f, err := s.apart(ctx)
			if err != nil {
				return err
			}
			made, err := makeStores(ctx, p)
			if err != nil {
				return err
			}
			made["function"] = []string{f.Spec.Name}
			for kind, names := range made {
				for _, name := range names {
					recorded := slices.ContainsFunc(p.Ledger.Recorded(), func(r driver.Resource) bool { return r.Kind == kind && r.Name == name })
					if err := rules.Expect(recorded, "the ledger lacks %s %s", kind, name); err != nil {
						return err
					}
				}
			}
			return nil
		},
	},
	{
		Name:  "ledger-first",
		Why:   "what is created before it is in the ledger is left for ever by a run that is killed in between",
		Needs: needs(probe.Remote),
		Check: func(ctx context.Context, s *subject) error {
			full := errors.New("the disk is full")
			p, err := s.OpenAs(ctx, probe.Prefix(), func(r *driver.Run) { r.Ledger = refusing{full} })
			if err != nil {
				return err
			}
			_, err = s.OwnOn(ctx, p.Platform, "", s.under(p.Run.Prefix))
			if err := rules.Expect(errors.Is(err, full), "a deployment whose ledger cannot be written gives the error %v, want the ledger's", err); err != nil {
				return err
			}
			if _, err := makeStores(ctx, p); len(s.Features().Modules) > 0 {
				if err := rules.Expect(errors.Is(err, full), "a store whose ledger cannot be written gives the error %v, want the ledger's", err); err != nil {
					return err
				}
			}
			// When something that was made later is listed, so would be what was
			// made in spite of the ledger.
			later, err := s.OpenAs(ctx, p.Run.Prefix)
			if err != nil {
				return err
			}
			f, err := s.OwnOn(ctx, later.Platform, "", func(spec *driver.Spec) { spec.Name = s.NameFor(p.Run.Prefix + "-later") })
			if err != nil {
				return err
			}
			if err := s.Eventually(ctx, func() error { return has(ctx, later, f.Spec.Name) }); err != nil {
				return err
			}
			all, err := probe.Resources(ctx, later, "")
			if err != nil {
				return err
			}
			all = slices.DeleteFunc(all, func(r driver.Resource) bool { return r.Name == f.Spec.Name })
			return rules.Expect(len(all) == 0, "although the ledger could not be written, there are %v", all)
		},
	},
	{
		Name:  "resources-labels",
		Why:   "a sweep removes what is expired, and tells whose it was",
		Needs: needs(probe.Remote),
		Check: func(ctx context.Context, s *subject) error {
			p, _, err := s.apart(ctx)
			if err != nil {
				return err
			}
			made, err := makeStores(ctx, p)
			if err != nil {
				return err
			}
			want := 1 + len(made["bucket"]) + len(made["table"])
			return s.Eventually(ctx, func() error {
				all, err := probe.Resources(ctx, p, "")
				if err != nil {
					return err
				}
				for _, r := range all {
					if err := labelled(r, p.Run); err != nil {
						return err
					}
				}
				return rules.Expect(len(all) >= want, "%d resources are listed, want %d", len(all), want)
			})
		},
	},
	{
		Name:  "second-open",
		Why:   "a sweep, and a run with the same SEBS_PREFIX, find what an earlier process left, and nothing is deployed twice",
		Needs: needs(probe.Remote),
		Check: func(ctx context.Context, s *subject) error {
			first, f, err := s.apart(ctx)
			if err != nil {
				return err
			}
			before, err := f.Works(ctx)
			if err != nil {
				return err
			}
			if err := first.Close(ctx); err != nil {
				return err
			}
			second, err := s.OpenAs(ctx, first.Run.Prefix, func(r *driver.Run) { r.ID, r.Expiry = first.Run.ID, first.Run.Expiry })
			if err != nil {
				return err
			}
			if err := s.Eventually(ctx, func() error { return lists(ctx, second, "function", f.Spec.Name) }); err != nil {
				return err
			}
			if _, err := f.Meet(ctx, before, echo); err != nil {
				return fmt.Errorf("after Close, through an endpoint from before: %w", err)
			}
			again, err := s.AgainOn(ctx, second.Platform, f)
			if err != nil {
				return err
			}
			if n := s.writes(second.Platform); n != 0 {
				return fmt.Errorf("to deploy what is there made %d changes, want reads only", n)
			}
			_, err = again.Meet(ctx, before, echo)
			return err
		},
	},
	{
		Name:  "expiry-renewed",
		Why:   "a run that goes on with a prefix keeps what it deployed, although nothing of it differs",
		Needs: needs(probe.Remote),
		Check: func(ctx context.Context, s *subject) error {
			first, f, err := s.apart(ctx)
			if err != nil {
				return err
			}
			before, err := f.Works(ctx)
			if err != nil {
				return err
			}
			second, err := s.OpenAs(ctx, first.Run.Prefix, func(r *driver.Run) { r.Expiry = first.Run.Expiry.Add(24 * time.Hour) })
			if err != nil {
				return err
			}
			again, err := s.AgainOn(ctx, second.Platform, f)
			if err != nil {
				return err
			}
			err = s.Eventually(ctx, func() error {
				if err := has(ctx, second, f.Spec.Name); err != nil {
					return err
				}
				all, err := probe.Resources(ctx, second, "function")
				if err != nil {
					return err
				}
				return expires(all[0], second.Run.Expiry)
			})
			if err != nil {
				return err
			}
			_, err = again.Meet(ctx, before, echo)
			return err
		},
	},
}

// meterRules say what a platform tells of calls later.
var meterRules = []rule{
	{
		Name:  "meter",
		Why:   "what was billed is joined with the calls by their ids, also days later, and what is missing is counted",
		Needs: needs(meters),
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			var calls []driver.MeteredCall
			ids := map[string]bool{}
			for range 10 {
				r := f.Call(ctx, echo)
				if err := r.OK(); err != nil {
					return err
				}
				calls = append(calls, driver.MeteredCall{
					Request: r.Request, PlatformRequest: r.Reply.PlatformRequest, Sent: r.Start, Received: r.Start.Add(r.Total),
				})
				ids[r.Request] = true
				if id := r.Reply.PlatformRequest; id != "" {
					if err := rules.Expect(!ids[id], "two calls have the platform's id %s", id); err != nil {
						return err
					}
					ids[id] = true
				}
			}
			meter := s.Platform.(driver.Meter)
			return s.EventuallyIn(ctx, 10*s.Features().UsageDelay+time.Minute, func() error {
				known := 0
				for u, err := range meter.Meter(ctx, f.Target, calls) {
					if err != nil {
						return err
					}
					id := u.Request
					if id == "" {
						id = u.PlatformRequest
					}
					if !ids[id] {
						continue // somebody else's
					}
					if u.Duration <= 0 && u.Billed <= 0 {
						return fmt.Errorf("the usage of call %s has neither a duration nor what was billed: %+v", id, u)
					}
					known++
				}
				return rules.Expect(known >= len(calls)/2, "the usage of %d of %d calls is known, want at least half", known, len(calls))
			})
		},
	},
}

// meters needs a platform that tells what calls used.
func meters(s *probe.Session) error {
	if _, ok := s.Platform.(driver.Meter); !ok {
		return errors.New("the platform is no driver.Meter")
	}
	return nil
}

// refusing is a ledger that cannot be written.
type refusing struct{ err error }

func (r refusing) Record(driver.Resource) error { return r.err }

// has requires that a function is listed, whatever else is.
func has(ctx context.Context, p driver.Inventory, name string) error {
	all, err := probe.Resources(ctx, p, "function")
	if err != nil {
		return err
	}
	return rules.Expect(slices.ContainsFunc(all, func(r driver.Resource) bool { return r.Name == name }), "the run's functions are %v, want %s among them", all, name)
}

// labelled requires that a resource says which run made it, and until when.
// Other things than functions may have no place for that, and say nothing.
func labelled(r driver.Resource, run driver.Run) error {
	if r.Kind != "function" && r.Run == "" && r.Expiry.IsZero() {
		return nil
	}
	return errors.Join(
		rules.Expect(r.Run == run.ID, "%s %s is of the run %q, want %q", r.Kind, r.Name, r.Run, run.ID),
		expires(r, run.Expiry))
}

// expires requires that a resource has an expiry, to the minute.
func expires(r driver.Resource, want time.Time) error {
	return rules.Expect(r.Expiry.Sub(want).Abs() <= time.Minute, "%s %s expires at %v, want %v", r.Kind, r.Name, r.Expiry, want)
}
