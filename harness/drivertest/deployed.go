package drivertest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// event is what a probe is asked to do: "do" names the action, the other keys
// are its parameters.
type event map[string]any

// deployed is a function that was deployed, with a client.
type deployed struct {
	platform driver.Platform
	spec     driver.Spec
	endpoint driver.Endpoint
	client   *invoke.Client
}

// deploy deploys the rule's function, with changes to its spec.
func (pt *platformTest) deploy(ctx context.Context, changes ...func(*driver.Spec)) (*deployed, error) {
	return pt.deployOn(ctx, pt.platform, "", changes...)
}

// deployOn deploys a variant of the probe on a platform.
func (pt *platformTest) deployOn(ctx context.Context, p driver.Platform, variant string, changes ...func(*driver.Spec)) (*deployed, error) {
	pkg, err := pt.pkg(ctx, variant)
	if err != nil {
		return nil, err
	}
	s := pt.spec
	s.Environment = maps.Clone(s.Environment)
	for _, change := range changes {
		change(&s)
	}
	target, err := p.Deploy(ctx, s, pkg)
	if err != nil {
		return nil, fmt.Errorf("deploy %s: %w", s.Name, err)
	}
	if target, err = carried(target); err != nil {
		return nil, err
	}
	ep, err := p.Endpoint(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("endpoint of %s: %w", s.Name, err)
	}
	d := &deployed{platform: p, spec: s, endpoint: ep}
	if d.client, err = invoke.New(ep); err != nil {
		return nil, err
	}
	pt.t.Cleanup(d.client.Close)
	return d, nil
}

// carried returns a target as another machine gets it.
func carried(t driver.Target) (driver.Target, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return t, err
	}
	t = driver.Target{}
	return t, json.Unmarshal(data, &t)
}

// with sets an environment variable of a spec.
func with(name, value string) func(*driver.Spec) {
	return func(s *driver.Spec) {
		s.Environment = maps.Clone(s.Environment)
		if s.Environment == nil {
			s.Environment = map[string]string{}
		}
		s.Environment[name] = value
	}
}

// reply is what came of a call.
type reply struct {
	invoke.Exchange
	Request string        // the id that was sent
	Answer  answer.Answer // decoded, but not checked
	Fault   error         // what is wrong with the answer by the contract
	Cause   driver.Cause  // of any failure, the handler's among them
	Detail  string
}

// call calls the probe.
func (d *deployed) call(ctx context.Context, e event) reply {
	r := reply{Request: word()}
	e = maps.Clone(e)
	e["request-id"] = r.Request
	payload, err := json.Marshal(e)
	if err != nil {
		r.Cause, r.Detail = "payload", err.Error()
		return r
	}
	d.send(ctx, payload, &r)
	return r
}

// send sends a payload and fills in the rest of r.
func (d *deployed) send(ctx context.Context, payload []byte, r *reply) {
	r.Exchange = d.client.Call(ctx, payload)
	if f := r.Failure; f != nil {
		r.Cause, r.Detail = f.Cause, f.Detail
		return
	}
	_, r.Fault = answer.Parse(r.Reply.Body)
	if err := json.Unmarshal(r.Reply.Body, &r.Answer); err != nil {
		r.Cause, r.Detail = driver.Protocol, err.Error()
	} else if e := r.Answer.Error; e != nil {
		r.Cause, r.Detail = driver.Handler, e.Type+": "+e.Message
		if e.Phase == answer.PhaseInit {
			r.Cause = driver.Init
		}
	}
}

// together makes calls at once and returns their replies in the same order.
func (d *deployed) together(ctx context.Context, events ...event) []reply {
	replies := make([]reply, len(events))
	var wg sync.WaitGroup
	for i, e := range events {
		wg.Go(func() { replies[i] = d.call(ctx, e) })
	}
	wg.Wait()
	return replies
}

// ok returns the failure of a call that should have succeeded.
func (r *reply) ok() error {
	if r.Cause != "" {
		return fmt.Errorf("the call failed, %s: %s", r.Cause, r.Detail)
	}
	return nil
}

// result decodes what the handler of a successful call returned.
func (r *reply) result(v any) error {
	if err := r.ok(); err != nil {
		return err
	}
	if err := json.Unmarshal(r.Answer.Result, v); err != nil {
		return fmt.Errorf("the result %.200s: %w", r.Answer.Result, err)
	}
	return nil
}

// starts requires that calls succeeded with the given start.
func starts(cold bool, replies ...reply) error {
	word := map[bool]string{true: "cold", false: "warm"}
	for i, r := range replies {
		if err := r.ok(); err != nil {
			return err
		}
		if r.Answer.Cold != cold {
			return fmt.Errorf("call %d of %d is %s, want %s", i+1, len(replies), word[r.Answer.Cold], word[cold])
		}
	}
	return nil
}

// fails requires that a call failed with a cause and says something about it.
func (r *reply) fails(cause driver.Cause) error {
	if r.Cause != cause {
		if r.Cause == "" {
			return fmt.Errorf("the call succeeded with %.200s, want the failure %s", r.Answer.Result, cause)
		}
		return fmt.Errorf("the call failed with %s: %s, want %s", r.Cause, r.Detail, cause)
	}
	if r.Detail == "" {
		return fmt.Errorf("the failure %s has no detail, want a line for people", cause)
	}
	return nil
}

// works requires that the function answers correctly.
func (d *deployed) works(ctx context.Context) error {
	want := word()
	var got struct{ Value string }
	r := d.call(ctx, event{"do": "echo", "value": want})
	if err := r.result(&got); err != nil {
		return err
	}
	if got.Value != want {
		return fmt.Errorf("the probe echoes %q, want %q", got.Value, want)
	}
	return nil
}

// after requires that the function works after something was done to it.
func (d *deployed) after(ctx context.Context, what string) error {
	if err := d.works(ctx); err != nil {
		return fmt.Errorf("after %s: %w", what, err)
	}
	return nil
}

// renew changes the function's environment, so that the next call starts a
// sandbox.
func (pt *platformTest) renew(ctx context.Context, d *deployed) (*deployed, error) {
	defer d.client.Close()
	return pt.deploy(ctx, func(s *driver.Spec) { *s = d.spec }, with("PROBE_RENEWED", word()))
}

// expect returns an error that says what is, unless ok.
func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
