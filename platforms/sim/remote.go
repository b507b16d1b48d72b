package sim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// RemoteOptions say what the service is like that a Remote talks to. It is one
// for a world: the first Remote of a world decides. The zero value is a service
// that is quick, and has none of the bad habits.
type RemoteOptions struct {
	Options

	Pace driver.Pace   // how long changes take; more at once than Parallel are throttled
	Lag  time.Duration // until lists have what was created, and no longer what was removed
	Rate int           // changes a second, above which they are throttled; 0: any number

	Spare int           // sandboxes that are started and initialised ahead after each change
	Reply time.Duration // a call that takes longer is answered by 202, and its answer has to be asked for; 0: none is

	UsageDelay   time.Duration // until what a call used is known
	UsageMissing int           // of how many calls one is never known; 0: of none
}

// Remote is the platform's second character: a service that is far away. Its
// control plane is slow, throttles, and lists late; functions outlive the
// process that deployed them; calls go through a gateway with a token, which
// chooses the sandbox, has spare ones, and answers late calls by 202; usage is
// known later or never. The models are those of the first character.
//
// It is also the example of a driver for such a service: what other drivers say
// to an address over the network, this one says to a type service.
type Remote struct {
	*Platform
	options RemoteOptions
	service *service
}

var (
	_ driver.Platform = (*Remote)(nil)
	_ driver.Meter    = (*Remote)(nil)
)

// NewRemote opens the platform in its second character for a run.
func NewRemote(run driver.Run, o RemoteOptions) *Remote {
	p := New(run, o.Options)
	o.Options = p.options
	return &Remote{Platform: p, options: o, service: p.world.serviceFor(o)}
}

// Features says what the platform can do.
func (r *Remote) Features() driver.Features {
	f := r.Platform.Features()
	// A gateway does not tell how a sandbox ended.
	limits := f.Limits[driver.SDK]
	limits.Causes = []driver.Cause{driver.Throttled, driver.TimedOut}
	f.Limits = map[driver.Trigger]driver.Limits{driver.HTTP: limits, driver.SDK: f.Limits[driver.SDK]}
	f.Memory = driver.MemorySizes{Sizes: []int{128, 256, 512, 1024, 2048}}
	f.Pace = r.options.Pace
	f.UsageDelay = r.options.UsageDelay
	return f
}

// resource is a resource of the run that the service is to make.
func (r *Remote) resource(kind, name string) driver.Resource {
	return driver.Resource{Kind: kind, Name: name, Run: r.run.ID, Expiry: r.run.Expiry}
}

// Deploy makes the function exist with the model in the package, and waits
// until the service has done so.
func (r *Remote) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (driver.Target, error) {
	if err := r.ready(ctx); err != nil {
		return driver.Target{}, err
	}
	if err := r.Features().Check(s); err != nil {
		return driver.Target{}, err
	}
	if err := r.checkName(s.Name); err != nil {
		return driver.Target{}, err
	}
	m, err := readModel(pkg.Dir)
	if err != nil {
		return driver.Target{}, err
	}
	want := r.resource("function", s.Name)
	have, exists := r.service.get(want.Kind, want.Name)
	if !exists {
		if err := r.run.Ledger.Record(want); err != nil {
			return driver.Target{}, fmt.Errorf("write function %s to the ledger: %w", s.Name, err)
		}
	}
	if !exists || !r.service.has(s, pkg.Digest) {
		took := r.options.Pace.Retire // an update
		if !exists {
			took = r.options.Pace.Deploy
		}
		r.wrote()
		err := r.service.change(ctx, took, want, func() {
			f, _ := r.world.configure(s, pkg.Digest, m, r.run, r.options.Options)
			r.service.spare(f)
		})
		if err != nil {
			return driver.Target{}, err
		}
	} else if have.Expiry.Before(want.Expiry) {
		r.service.label(want) // which no sandbox notices
	}
	return driver.Target{
		Function: s.Name, Trigger: s.Trigger, URL: "http://sim/" + string(s.Trigger) + "/" + s.Name,
	}, nil
}

// checkName returns why a function cannot have a name.
func (p *Platform) checkName(name string) error {
	if !p.run.Owns(name) {
		return fmt.Errorf("function %s: %w: its name does not begin with %s-", name, driver.ErrNotOurs, p.run.Prefix)
	}
	if len(name) > maxName {
		return fmt.Errorf("function %s: the name has %d bytes, more than %d", name, len(name), maxName)
	}
	return nil
}

// wrote counts a change.
func (p *Platform) wrote() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
}

// Endpoint returns how to call a function through the gateway.
func (r *Remote) Endpoint(ctx context.Context, t driver.Target) (driver.Endpoint, error) {
	if err := r.ready(ctx); err != nil {
		return driver.Endpoint{}, err
	}
	return driver.Endpoint{
		URL:       t.URL,
		Authorize: r.service.token,
		Decode:    decodeLater,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return r.service.connect(), ctx.Err()
		},
	}, nil
}

// Retire makes the service start the function anew, and waits for that.
func (r *Remote) Retire(ctx context.Context, name string) error {
	f, err := r.find(ctx, name)
	if err != nil {
		return err
	}
	have, exists := r.service.get("function", name)
	if !exists {
		return fmt.Errorf("function %s: %w", name, driver.ErrNotFound)
	}
	return r.service.change(ctx, r.options.Pace.Retire, have, func() {
		f.mu.Lock()
		f.retire()
		f.mu.Unlock()
		r.service.spare(f)
	})
}

// Resources lists what the service shows of the run's prefix.
func (r *Remote) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		if err := r.ready(ctx); err != nil {
			yield(driver.Resource{}, err)
			return
		}
		for _, have := range r.service.list(r.run) {
			if !yield(have, nil) {
				return
			}
		}
	}
}

// Remove deletes a function, bucket or table, and waits until it is gone.
func (r *Remote) Remove(ctx context.Context, what driver.Resource) error {
	if err := r.ready(ctx); err != nil {
		return err
	}
	if !r.run.Owns(what.Name) {
		return fmt.Errorf("%s %s: %w", what.Kind, what.Name, driver.ErrNotOurs)
	}
	if _, exists := r.service.get(what.Kind, what.Name); !exists {
		return nil
	}
	return r.service.remove(ctx, r.options.Pace.Remove, what)
}

// Meter tells what calls used, as far as that is known by now.
func (r *Remote) Meter(ctx context.Context, _ driver.Target, calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
	return func(yield func(driver.Usage, error) bool) {
		for _, c := range calls {
			if err := r.ready(ctx); err != nil {
				yield(driver.Usage{}, err)
				return
			}
			if u, ok := r.service.usage(c.PlatformRequest); ok && !yield(u, nil) {
				return
			}
		}
	}
}

// errGoesOn is added to what ends because its caller gave up, although the
// service goes on.
var errGoesOn = errors.New("the service goes on")

// service is the control plane: it knows what exists, and takes its time. Its
// methods are what other services have as requests.
type service struct {
	world   *World
	options RemoteOptions

	mu      sync.Mutex
	made    map[string]entry // by kind and name
	gone    map[string]entry
	changes int         // under way
	begun   []time.Time // when those of the last second began
	calls   int         // that were made
	later   map[string]chan answered
	used    map[string]used // by request
}

// used is what a call used.
type used struct {
	driver.Usage
	known time.Time // from when on it is
}

// entry is a resource that is, or was.
type entry struct {
	driver.Resource
	since time.Time
}

// serviceFor returns the world's service, which is made with o if there is none.
func (w *World) serviceFor(o RemoteOptions) *service {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.service == nil {
		w.service = &service{
			world: w, options: o, made: map[string]entry{}, gone: map[string]entry{},
			later: map[string]chan answered{}, used: map[string]used{},
		}
	}
	return w.service
}

func key(kind, name string) string { return kind + " " + name }

// get reads a resource.
func (s *service) get(kind, name string) (driver.Resource, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.made[key(kind, name)]
	return e.Resource, ok
}

// has reports whether a function is as it should be.
func (s *service) has(want driver.Spec, digest string) bool {
	f := s.world.function(want.Name)
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.digest == digest && same(f.spec, want)
}

// label changes the run and the expiry of a resource.
func (s *service) label(r driver.Resource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.made[key(r.Kind, r.Name)]; ok {
		e.Resource = r
		s.made[key(r.Kind, r.Name)] = e
	}
}

// admit begins a change, unless there are too many.
func (s *service) admit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.begun = slices.DeleteFunc(s.begun, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if s.options.Rate > 0 && len(s.begun) >= s.options.Rate {
		return fmt.Errorf("%w: more than %d changes a second", driver.ErrThrottled, s.options.Rate)
	}
	if limit := s.options.Pace.Parallel; limit > 0 && s.changes >= limit {
		return fmt.Errorf("%w: more than %d changes at once", driver.ErrThrottled, limit)
	}
	s.begun = append(s.begun, now)
	s.changes++
	return nil
}

// change begins a change of a resource, which is made if it is not there, and
// waits until it has taken effect. If ctx is done first, the service goes on.
func (s *service) change(ctx context.Context, took time.Duration, r driver.Resource, apply func()) error {
	return s.do(ctx, took, func() {
		s.mu.Lock()
		k := key(r.Kind, r.Name)
		e, old := s.made[k]
		if !old {
			e.since = time.Now()
		}
		e.Resource = r
		s.made[k] = e
		s.mu.Unlock()
		apply()
	})
}

// remove removes a resource.
func (s *service) remove(ctx context.Context, took time.Duration, r driver.Resource) error {
	return s.do(ctx, took, func() {
		s.mu.Lock()
		k := key(r.Kind, r.Name)
		if e, ok := s.made[k]; ok {
			delete(s.made, k)
			s.gone[k] = entry{e.Resource, time.Now()}
		}
		s.mu.Unlock()
		s.world.remove(r)
	})
}

// do lets something happen after some time, and waits for it.
func (s *service) do(ctx context.Context, took time.Duration, happen func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.admit(); err != nil {
		return err
	}
	done := make(chan struct{})
	time.AfterFunc(took, func() {
		happen()
		s.mu.Lock()
		s.changes--
		s.mu.Unlock()
		close(done)
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w, and %w", ctx.Err(), errGoesOn)
	}
}

// list lists what carries the prefix of a run, late.
func (s *service) list(run driver.Run) []driver.Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]driver.Resource{}
	for k, e := range s.gone {
		if run.Owns(e.Name) && time.Since(e.since) < s.options.Lag {
			seen[k] = e.Resource
		}
	}
	for k, e := range s.made {
		if run.Owns(e.Name) && time.Since(e.since) >= s.options.Lag {
			seen[k] = e.Resource
		}
	}
	return slices.Collect(maps.Values(seen))
}

// spare starts sandboxes of a function, and initialises them, ahead of calls.
func (s *service) spare(f *function) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fair = true
	for range s.options.Spare {
		if f.limit > 0 && f.places >= f.limit {
			return
		}
		f.places++
		go f.startAhead()
	}
}

// token returns what the gateway wants to see.
func (s *service) token(ctx context.Context) (http.Header, time.Time, error) {
	return http.Header{"Authorization": {"Bearer sim"}}, time.Now().Add(time.Minute), ctx.Err()
}
