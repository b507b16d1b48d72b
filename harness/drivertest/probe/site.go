package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/invoke"
)

// Site is a platform, opened under a prefix of its own, on which rules deploy
// the probe in one form. Safe for concurrent use.
type Site struct {
	*Opened
	Spec    driver.Spec // of its functions, without a name
	Sandbox bool        // whether connections are sandboxes: see driver.Endpoint

	mu   sync.Mutex
	idle map[string][]*Function // those that no rule uses, by configuration
}

// Site opens the platform for functions of one form, and deploys the first,
// which shows what endpoints are. Clean it up in the end.
func (l *Lab) Site(ctx context.Context, on Target) (*Site, error) {
	o, err := l.Open(ctx, Prefix())
	if err != nil {
		return nil, err
	}
	s := &Site{Opened: o, idle: map[string][]*Function{}, Spec: on.spec(o.Features())}
	first, err := s.deploy(ctx, s.Platform, "", s.named(s.Spec))
	if err != nil {
		return nil, errors.Join(err, s.CleanUp(context.WithoutCancel(ctx)))
	}
	s.Sandbox = first.Endpoint.Sandbox
	s.giveBack(first)
	return s, nil
}

// Check returns an error that matches driver.ErrUnsupported if the platform has
// no functions of this form.
func (on Target) Check(f driver.Features) error { return f.Check(on.spec(f)) }

// spec is that of a target's functions, without a name.
func (on Target) spec(f driver.Features) driver.Spec {
	s := driver.Spec{
		Benchmark: "000.probe", Runtime: on.Runtime, Kind: on.Kind, Trigger: on.Trigger,
		Memory: Memory(f, 256), Timeout: 30 * time.Second,
	}
	if len(f.Architectures) > 0 {
		s.Architecture = f.Architectures[0]
	}
	if runtime.GOARCH == "arm64" && slices.Contains(f.Architectures, driver.ARM64) {
		s.Architecture = driver.ARM64
	}
	return s
}

// Memory returns the smallest size of memory that the platform has and that is
// at least mb, or its largest.
func Memory(f driver.Features, mb int) int {
	if size, ok := f.Memory.AtLeast(mb); ok {
		return size
	}
	if n := len(f.Memory.Sizes); n > 0 {
		return f.Memory.Sizes[n-1]
	}
	return f.Memory.Max
}

// named returns the spec with a name that no other function has.
func (s *Site) named(spec driver.Spec) driver.Spec {
	spec.Name = driver.FunctionName(s.Run.Prefix, spec, s.Features().MaxName, Word())
	return spec
}

// configuration tells apart functions that differ for their handlers.
func configuration(s driver.Spec) string {
	return fmt.Sprint(s.Memory, s.Timeout, s.Environment) // fmt sorts keys
}

// deploy deploys a variant of the probe.
func (s *Site) deploy(ctx context.Context, p driver.Platform, variant string, spec driver.Spec) (*Function, error) {
	pkg, err := s.lab.Package(ctx, s.Platform, spec, variant)
	if err != nil {
		return nil, err
	}
	var target driver.Target
	err = s.lab.plane.Do(ctx, func(ctx context.Context) (err error) {
		target, err = p.Deploy(ctx, spec, pkg)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("deploy %s: %w", spec.Name, err)
	}
	if target, err = carried(target); err != nil {
		return nil, err
	}
	endpoint, err := p.Endpoint(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("endpoint of %s: %w", spec.Name, err)
	}
	client, err := invoke.New(endpoint)
	return &Function{Platform: p, Spec: spec, Target: target, Endpoint: endpoint, Client: client}, err
}

// carried returns a target as another machine gets it.
func carried(t driver.Target) (driver.Target, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return t, err
	}
	for _, secret := range environment.Secrets() {
		if bytes.Contains(data, []byte(secret)) {
			return t, errors.New("the target holds a secret of this environment: credentials are for Endpoint.Authorize")
		}
	}
	t = driver.Target{}
	return t, json.Unmarshal(data, &t)
}

// borrow returns an idle function of a configuration, or nil.
func (s *Site) borrow(spec driver.Spec) *Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := configuration(spec)
	n := len(s.idle[key])
	if n == 0 {
		return nil
	}
	f := s.idle[key][n-1]
	s.idle[key] = s.idle[key][:n-1]
	return f
}

// giveBack lets another rule have a function. Its sandboxes end where
// connections are sandboxes, so that it is as new.
func (s *Site) giveBack(f *Function) {
	if s.Sandbox {
		f.Client.CloseIdle()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := configuration(f.Spec)
	s.idle[key] = append(s.idle[key], f)
}

// CleanUp removes everything that was made, and closes the platform.
func (s *Site) CleanUp(ctx context.Context) error {
	s.mu.Lock()
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, all := range idle {
		for _, f := range all {
			f.close()
		}
	}
	return s.Opened.CleanUp(ctx)
}

// Session is what one rule has of a site. It is used by one goroutine.
type Session struct {
	*Site
	borrowed, own []*Function
	opened        []*Opened
}

// Session begins a rule. Close it in the end.
func (s *Site) Session() *Session { return &Session{Site: s} }

// Close gives back what the rule borrowed, and removes what it opened.
func (s *Session) Close(ctx context.Context) error {
	for _, f := range s.own {
		f.close()
	}
	for _, f := range s.borrowed {
		s.giveBack(f)
	}
	var err error
	for _, o := range s.opened {
		err = errors.Join(err, o.CleanUp(ctx))
	}
	return err
}

// Change is a change of a spec.
type Change func(*driver.Spec)

// With sets an environment variable.
func With(name, value string) Change {
	return func(s *driver.Spec) {
		s.Environment = maps.Clone(s.Environment)
		if s.Environment == nil {
			s.Environment = map[string]string{}
		}
		s.Environment[name] = value
	}
}

// Short gives a function the time-out that it is made to exceed.
func (s *Session) Short(spec *driver.Spec) { spec.Timeout = s.lab.timeout }

// changed returns the site's spec with changes.
func (s *Session) changed(changes []Change) driver.Spec {
	spec := s.Spec
	for _, change := range changes {
		change(&spec)
	}
	return spec
}

// Function returns a function that no other rule uses meanwhile, and that may
// have served others before: a rule that has it must leave its configuration
// and its sandboxes working.
func (s *Session) Function(ctx context.Context, changes ...Change) (*Function, error) {
	spec := s.changed(changes)
	f := s.borrow(spec)
	if f == nil {
		var err error
		if f, err = s.deploy(ctx, s.Platform, "", s.named(spec)); err != nil {
			return nil, err
		}
	}
	s.borrowed = append(s.borrowed, f)
	return f, nil
}

// Fresh is Function for a rule whose next call must meet a new sandbox.
func (s *Session) Fresh(ctx context.Context, changes ...Change) (*Function, error) {
	if s.Sandbox {
		return s.Function(ctx, changes...)
	}
	return s.Own(ctx, changes...)
}

// Own returns a function that was deployed for this rule alone, which may do
// with it what it likes.
func (s *Session) Own(ctx context.Context, changes ...Change) (*Function, error) {
	return s.OwnOn(ctx, s.Platform, "", changes...)
}

// OwnOn is Own on another opening of the platform, and with a variant of the
// probe. The function has a name of its own unless the changes give it one.
func (s *Session) OwnOn(ctx context.Context, p driver.Platform, variant string, changes ...Change) (*Function, error) {
	spec := s.changed(changes)
	if spec.Name == "" {
		spec = s.named(spec)
	}
	f, err := s.deploy(ctx, p, variant, spec)
	if err != nil {
		return nil, err
	}
	s.own = append(s.own, f)
	return f, nil
}

// Again deploys a function again, with changes to its spec.
func (s *Session) Again(ctx context.Context, f *Function, changes ...Change) (*Function, error) {
	return s.AgainOn(ctx, f.Platform, f, changes...)
}

// AgainOn is Again on another opening of the platform.
func (s *Session) AgainOn(ctx context.Context, p driver.Platform, f *Function, changes ...Change) (*Function, error) {
	return s.OwnOn(ctx, p, "", append([]Change{func(spec *driver.Spec) { *spec = f.Spec }}, changes...)...)
}

// Renew changes a function's environment, so that its next call starts a
// sandbox.
func (s *Session) Renew(ctx context.Context, f *Function) (*Function, error) {
	f.close()
	return s.Again(ctx, f, With("PROBE_RENEWED", Word()))
}

// Package returns the package of the site's functions.
func (s *Session) Package(ctx context.Context) (driver.Package, error) {
	return s.lab.Package(ctx, s.Platform, s.Spec, "")
}

// NameFor returns a name for the site's function under another prefix, which
// may have further words.
func (s *Session) NameFor(prefix string) string {
	return driver.FunctionName(prefix, s.Spec, s.Features().MaxName)
}

// OpenAs opens the platform once more, under a prefix. What the run makes is
// removed after the rule.
func (s *Session) OpenAs(ctx context.Context, prefix string, changes ...func(*driver.Run)) (*Opened, error) {
	o, err := s.lab.Open(ctx, prefix, changes...)
	if err == nil {
		s.opened = append(s.opened, o)
	}
	return o, err
}

// Prefix returns a prefix for another run.
func Prefix() string { return "dt" + Word() }

// Limits are those of the site's trigger.
func (s *Session) Limits() driver.Limits { return s.Features().Limits[s.Spec.Trigger] }

// Eventually waits until a check succeeds: a service may take its time until
// its lists have what was changed. Where connections are sandboxes it must succeed
// at once.
func (s *Session) Eventually(ctx context.Context, check func() error) error {
	if s.Sandbox {
		return check()
	}
	return s.EventuallyIn(ctx, lag, check)
}

// EventuallyIn waits until a check succeeds, for some time.
func (s *Session) EventuallyIn(ctx context.Context, within time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := check()
	for pause := 20 * time.Millisecond; err != nil; pause = min(2*pause, 2*time.Second) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %v: %w", within, err)
		case <-time.After(pause):
		}
		err = check()
	}
	return nil
}

// lag is the longest time that a service may take until its lists are right.
const lag = time.Minute

// Rules returns an empty set of rules that are checked on the site, as many at
// once as the platform's functions and its control plane allow.
func (s *Site) Rules() rules.Set[*Session] {
	f := s.Features()
	set := rules.Set[*Session]{
		Time: RuleTime(f.Pace),
		Open: func(context.Context, string) (*Session, func(context.Context) error, error) {
			session := s.Session()
			return session, session.Close, nil
		},
	}
	if f.Beside {
		set.AtOnce = f.Pace.Parallel
	}
	return set
}

// Apart returns an empty set of rules each of which has a site of its own: what
// one does cannot be another's failure.
func (l *Lab) Apart(on Target, pace driver.Pace, atOnce int) rules.Set[*Session] {
	return rules.Set[*Session]{
		Time: RuleTime(pace), AtOnce: atOnce,
		Open: func(ctx context.Context, _ string) (*Session, func(context.Context) error, error) {
			site, err := l.Site(ctx, on)
			if err != nil {
				return nil, nil, err
			}
			session := site.Session()
			return session, func(ctx context.Context) error { return errors.Join(session.Close(ctx), site.CleanUp(ctx)) }, nil
		},
	}
}

// RuleTime bounds a rule, so that a platform that hangs fails it: none deploys,
// retires and removes more than ten times.
func RuleTime(p driver.Pace) time.Duration {
	return 3*time.Minute + 10*(p.Deploy+p.Retire+p.Remove)
}

// Fails requires that an event has the failure cause, on a new sandbox and on a
// warm one, and that the next call works.
func (s *Session) Fails(ctx context.Context, cause driver.Cause, e Event, changes ...Change) error {
	f, err := s.Function(ctx, changes...)
	if err != nil {
		return err
	}
	for _, start := range []string{"first", "again"} {
		r := f.Call(ctx, e)
		if err := r.Fails(cause); err != nil {
			return fmt.Errorf("%s: %w", start, err)
		}
		if err := f.After(ctx, "the failure"); err != nil {
			return err
		}
	}
	return nil
}
