package drivertest_test

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// remoteFaults break the driver of a service that is far away: what opens it,
// for a run, in a world of its own. Options are those of an unbroken one.
var remoteFaults = map[string]func(o sim.RemoteOptions) func(driver.Run) driver.Platform{
	"ledger": func(o sim.RemoteOptions) func(driver.Run) driver.Platform { // other names than those that are created
		return func(run driver.Run) driver.Platform {
			run.Ledger = ledgerFunc{run.Ledger, func(l driver.Ledger, r driver.Resource) error {
				r.Name += "-it"
				return l.Record(r)
			}}
			return sim.NewRemote(run, o)
		}
	},
	"ledger-first": func(o sim.RemoteOptions) func(driver.Run) driver.Platform { // when it is too late
		return func(run driver.Run) driver.Platform {
			ledger := run.Ledger
			run.Ledger = ledgerFunc{ledger, func(l driver.Ledger, r driver.Resource) error {
				if r.Kind == "function" {
					return nil
				}
				return l.Record(r)
			}}
			r := sim.NewRemote(run, o)
			return &remoteFault{Remote: r, deploy: func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
				target, err := r.Deploy(ctx, s, p)
				if err == nil {
					err = ledger.Record(driver.Resource{Kind: "function", Name: s.Name})
				}
				return target, err
			}}
		}
	},
	"resources-labels": func(o sim.RemoteOptions) func(driver.Run) driver.Platform {
		return listing(o, func(r *driver.Resource) { r.Run = "" })
	},
	"resources-labels/expiry": func(o sim.RemoteOptions) func(driver.Run) driver.Platform {
		return listing(o, func(r *driver.Resource) {
			if r.Kind == "bucket" {
				r.Expiry = time.Time{}
			}
		})
	},
	"second-open": func(o sim.RemoteOptions) func(driver.Run) driver.Platform { // the driver lists what it remembers
		return func(run driver.Run) driver.Platform {
			f := &remoteFault{Remote: sim.NewRemote(run, o)}
			var mine sync.Map
			f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
				mine.Store(s.Name, true)
				return f.Remote.Deploy(ctx, s, p)
			}
			f.listed = func(r *driver.Resource) bool {
				_, ok := mine.Load(r.Name)
				return ok || r.Kind != "function"
			}
			return f
		}
	},
	"second-open/writes": func(o sim.RemoteOptions) func(driver.Run) driver.Platform { // a new process deploys all anew
		return func(run driver.Run) driver.Platform {
			f := &remoteFault{Remote: sim.NewRemote(run, o)}
			var mine sync.Map
			f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
				if _, again := mine.LoadOrStore(s.Name, true); !again {
					f.more++
				}
				return f.Remote.Deploy(ctx, s, p)
			}
			return f
		}
	},
	"expiry-renewed": func(o sim.RemoteOptions) func(driver.Run) driver.Platform {
		var first sync.Map // expiries by name
		return func(run driver.Run) driver.Platform {
			f := &remoteFault{Remote: sim.NewRemote(run, o)}
			f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
				first.LoadOrStore(s.Name, run.Expiry)
				return f.Remote.Deploy(ctx, s, p)
			}
			f.listed = func(r *driver.Resource) bool {
				if expiry, ok := first.Load(r.Name); ok {
					r.Expiry = expiry.(time.Time)
				}
				return true
			}
			return f
		}
	},
	"meter": func(o sim.RemoteOptions) func(driver.Run) driver.Platform { // for other calls
		return metering(o, func(u *driver.Usage) { u.PlatformRequest += "x" })
	},
	"meter/empty": func(o sim.RemoteOptions) func(driver.Run) driver.Platform {
		return metering(o, func(u *driver.Usage) { u.Duration, u.Billed = 0, 0 })
	},
}

// remoteFault is the service with a fault: what is set replaces what it does.
type remoteFault struct {
	*sim.Remote
	deploy func(context.Context, driver.Spec, driver.Package) (driver.Target, error)
	listed func(*driver.Resource) bool // may change it; nil: all are, as they are
	usage  func(*driver.Usage)
	more   int // writes
}

func (f *remoteFault) Deploy(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
	if f.deploy != nil {
		return f.deploy(ctx, s, p)
	}
	return f.Remote.Deploy(ctx, s, p)
}

func (f *remoteFault) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		for r, err := range f.Remote.Resources(ctx) {
			if err == nil && f.listed != nil && !f.listed(&r) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func (f *remoteFault) Meter(ctx context.Context, t driver.Target, calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
	return func(yield func(driver.Usage, error) bool) {
		for u, err := range f.Remote.Meter(ctx, t, calls) {
			if f.usage != nil {
				f.usage(&u)
			}
			if !yield(u, err) {
				return
			}
		}
	}
}

func (f *remoteFault) Writes() int { return f.Remote.Writes() + f.more }

// listing changes what is listed.
func listing(o sim.RemoteOptions, change func(*driver.Resource)) func(driver.Run) driver.Platform {
	return func(run driver.Run) driver.Platform {
		return &remoteFault{Remote: sim.NewRemote(run, o), listed: func(r *driver.Resource) bool { change(r); return true }}
	}
}

// metering changes what calls used.
func metering(o sim.RemoteOptions, change func(*driver.Usage)) func(driver.Run) driver.Platform {
	return func(run driver.Run) driver.Platform {
		return &remoteFault{Remote: sim.NewRemote(run, o), usage: change}
	}
}

// ledgerFunc is a ledger with a fault.
type ledgerFunc struct {
	driver.Ledger
	record func(driver.Ledger, driver.Resource) error
}

func (l ledgerFunc) Record(r driver.Resource) error { return l.record(l.Ledger, r) }
