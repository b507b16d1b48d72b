package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// outcome is what a call comes to: an answer or a failure.
type outcome struct {
	body    []byte
	failure *driver.Failure
	lost    bool // the sandbox does not outlive the call
}

// fails returns an outcome that the sandbox survives if lost is false.
func fails(lost bool, cause driver.Cause, format string, args ...any) outcome {
	return outcome{lost: lost, failure: &driver.Failure{Cause: cause, Detail: fmt.Sprintf(format, args...)}}
}

// handled is how a handler ended: with a result, an error, or the failure of
// its sandbox.
type handled struct {
	result, measurement []byte // JSON; no measurement: nil
	kind                string // the type of the error; empty: none
	message             string
	failure             *driver.Failure
}

// call serves one call and appends the answer to buf. The error is that of
// ctx.
func (s *sandbox) call(ctx context.Context, buf, payload []byte) (outcome, error) {
	if len(payload) > s.fn.bytes {
		return fails(false, driver.Protocol, "the payload has %d bytes, more than %d", len(payload), s.fn.bytes), nil
	}
	draw := s.model.Draw(s.fn.next())
	if draw.Cause == driver.Throttled {
		return fails(false, driver.Throttled, "as the model says"), nil
	}
	entered := time.Now()
	rec := record{sandbox: s, cold: s.first()}
	if draw.Reload && !rec.cold {
		s.count, s.boot, s.ahead = 0, entered, false
		s.process++
	}
	s.count++
	if json.Valid(payload) {
		rec.event = payload
	}

	latency := draw.Warm
	if s.count == 1 {
		latency, rec.init = draw.Cold, time.Duration(s.model.Init)
		if !s.ahead {
			if err := s.spend(ctx, entered, rec.init); err != nil {
				return interrupted(ctx, err)
			}
			rec.init = time.Since(entered)
		}
	}
	rec.begin = time.Now()
	var h handled
	switch {
	case s.count == 1 && (draw.Cause == driver.Init || s.probe() && s.spec.Environment["PROBE_INIT"] == "raise"):
		rec.phase, h = "init", handled{kind: "ImportError", message: "as the model says"}
	default:
		if draw.Cause == driver.TimedOut {
			latency = max(latency, s.spec.Timeout)
		}
		if err := s.spend(ctx, entered, latency); err != nil {
			return interrupted(ctx, err)
		}
		rec.phase = "handler"
		var err error
		if h, err = s.handle(ctx, entered, rec.event, draw.Cause); err != nil {
			return interrupted(ctx, err)
		}
	}
	rec.end, rec.handled = time.Now(), h
	if h.failure != nil {
		return outcome{failure: h.failure, lost: true}, nil
	}
	body := rec.append(buf)
	if rec.phase == "init" && h.kind != "" {
		return outcome{body: body, lost: true}, nil
	}
	if len(body) > s.fn.bytes {
		return fails(false, driver.Protocol, "the reply has %d bytes, more than %d", len(body), s.fn.bytes), nil
	}
	return outcome{body: body}, nil
}

// handle is the handler: what the model says, or what the event asks of a
// probe.
func (s *sandbox) handle(ctx context.Context, entered time.Time, event []byte, cause driver.Cause) (handled, error) {
	switch cause {
	case driver.Handler:
		return handled{kind: "RuntimeError", message: "as the model says"}, nil
	case driver.Protocol:
		return handled{result: []byte(`"as the model says`)}, nil // cut off: not JSON
	case driver.WrongOutput:
		return handled{result: []byte(`{"wrong":"as the model says"}`)}, nil
	case driver.TimedOut, driver.Memory, driver.Processes, driver.Crash, driver.Network:
		return handled{failure: &driver.Failure{Cause: cause, Detail: "as the model says"}}, nil
	}
	if event == nil {
		return handled{kind: "JSONDecodeError", message: "the payload is not JSON"}, nil
	}
	if s.probe() {
		return s.handleProbe(ctx, entered, event)
	}
	if s.model.Copy == "" {
		return handled{result: s.model.Result}, nil
	}
	value := member(event, s.model.Copy)
	if value == nil {
		return handled{kind: "KeyError", message: fmt.Sprintf("the event has no %q", s.model.Copy)}, nil
	}
	return handled{result: value}, nil
}

// spend lets the call take d longer. If that is beyond its time-out, the error
// is this failure, after the time-out.
func (s *sandbox) spend(ctx context.Context, entered time.Time, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if t := s.spec.Timeout; t > 0 {
		if left := t - time.Since(entered); d >= left {
			if err := s.wait(ctx, left); err != nil {
				return err
			}
			return &driver.Failure{Cause: driver.TimedOut, Detail: "the function took longer than " + t.String()}
		}
	}
	return s.wait(ctx, d)
}

// interrupted is the outcome of a call that did not come to its end.
func interrupted(ctx context.Context, err error) (outcome, error) {
	if f := (*driver.Failure)(nil); errors.As(err, &f) {
		return outcome{failure: f, lost: true}, nil
	}
	return outcome{lost: true}, err
}

// probe reports whether the function is one that does what the event asks.
func (s *sandbox) probe() bool { return s.model.Behaviour == "probe" }
