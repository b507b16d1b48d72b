package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/harness/plain"
)

// Event is what a probe is asked to do: "do" names the action, the other keys
// are its parameters.
type Event map[string]any

// Function is a deployed probe.
type Function struct {
	Platform driver.Platform
	Spec     driver.Spec
	Target   driver.Target // as another machine gets it
	Endpoint driver.Endpoint
	Client   *invoke.Client
}

// close gives up the function's connections.
func (f *Function) close() { f.Client.Close() }

// Reply is what came of a call.
type Reply struct {
	invoke.Exchange
	Request string        // the id that was sent
	Answer  answer.Answer // decoded, but not checked
	Fault   error         // what is wrong with the answer by the contract
	Cause   driver.Cause  // of any failure, the handler's among them
	Detail  string
	Output  string // what the sandbox printed last, where the platform tells
}

// Call calls the probe.
func (f *Function) Call(ctx context.Context, e Event) Reply {
	r := Reply{Request: Word()}
	e = maps.Clone(e)
	e["request-id"] = r.Request
	payload, err := json.Marshal(e)
	if err != nil {
		r.Cause, r.Detail = "payload", err.Error()
		return r
	}
	f.send(ctx, payload, &r)
	return r
}

// Send calls the probe with a payload as it is.
func (f *Function) Send(ctx context.Context, payload []byte) Reply {
	var r Reply
	f.send(ctx, payload, &r)
	return r
}

func (f *Function) send(ctx context.Context, payload []byte, r *Reply) {
	r.Exchange = f.Client.Call(ctx, payload)
	if failed := r.Failure; failed != nil {
		r.Cause, r.Detail, r.Output = failed.Cause, failed.Detail, failed.Output
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

// Together makes calls at once and returns their replies in the same order.
func (f *Function) Together(ctx context.Context, events ...Event) []Reply {
	replies := make([]Reply, len(events))
	var wg sync.WaitGroup
	for i, e := range events {
		wg.Go(func() { replies[i] = f.Call(ctx, e) })
	}
	wg.Wait()
	return replies
}

// Meet calls until the sandbox answers that gave an earlier reply, and returns
// its answer, which is warm. Where connections are sandboxes this must be the
// very next call; a service chooses, and has some calls to come back to it.
func (f *Function) Meet(ctx context.Context, earlier Reply, e Event) (Reply, error) {
	if err := earlier.OK(); err != nil {
		return earlier, err
	}
	if f.Endpoint.Sandbox {
		r := f.Call(ctx, e)
		return r, r.Starts(false)
	}
	const tries = 20
	var r Reply
	for range tries {
		r = f.Call(ctx, e)
		if err := r.OK(); err != nil {
			return r, err
		}
		if r.Answer.Sandbox == earlier.Answer.Sandbox {
			return r, r.Starts(false)
		}
	}
	return r, fmt.Errorf("none of %d calls is served by sandbox %s, which answered before and should be warm", tries, earlier.Answer.Sandbox)
}

// OK returns the failure of a call that should have succeeded.
func (r *Reply) OK() error {
	if r.Cause == "" {
		return nil
	}
	err := fmt.Errorf("the call failed, %s: %s", r.Cause, r.Detail)
	if r.Output != "" {
		err = fmt.Errorf("%w; it printed:\n%s", err, plain.Text(r.Output))
	}
	return err
}

// Result decodes what the handler of a successful call returned.
func (r *Reply) Result(v any) error {
	if err := r.OK(); err != nil {
		return err
	}
	if err := json.Unmarshal(r.Answer.Result, v); err != nil {
		return fmt.Errorf("the result %.200s: %w", r.Answer.Result, err)
	}
	return nil
}

// Starts requires that the call succeeded with the given start.
func (r *Reply) Starts(cold bool) error {
	if err := r.OK(); err != nil {
		return err
	}
	if word := map[bool]string{true: "cold", false: "warm"}; r.Answer.Cold != cold {
		return fmt.Errorf("the call is %s, want %s", word[r.Answer.Cold], word[cold])
	}
	return nil
}

// Fails requires that the call failed with a cause and says something about it.
func (r *Reply) Fails(cause driver.Cause) error {
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

// Works requires that the function answers correctly, and returns the reply.
func (f *Function) Works(ctx context.Context) (Reply, error) {
	want := Word()
	var got struct{ Value string }
	r := f.Call(ctx, Event{"do": "echo", "value": want})
	if err := r.Result(&got); err != nil {
		return r, err
	}
	if got.Value != want {
		return r, fmt.Errorf("the probe echoes %q, want %q", got.Value, want)
	}
	return r, nil
}

// After requires that the function works after something was done to it.
func (f *Function) After(ctx context.Context, what string) error {
	if _, err := f.Works(ctx); err != nil {
		return fmt.Errorf("after %s: %w", what, err)
	}
	return nil
}
