package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/answer"
)

// answerRules say that the answer keeps the functions' contract, key by key.
var answerRules = []rule{
	{
		name: "answer-keys",
		why:  "a key that one language lacks is a hole in every comparison",
		check: func(ctx context.Context, pt *platformTest) error {
			r, err := pt.answers(ctx, event{"do": "echo"})
			if err != nil {
				return err
			}
			if r[0].Fault != nil {
				return r[0].Fault
			}
			var keys map[string]json.RawMessage
			if err := json.Unmarshal(r[0].Reply.Body, &keys); err != nil {
				return err
			}
			for _, key := range []string{
				"request", "platform_request", "begin_us", "end_us", "handler_ns", "init_us", "boot_us", "sandbox", "cold",
				"worker", "worker_cold", "count", "cpu_us", "memory_bytes", "result", "measurement", "error",
			} {
				if _, ok := keys[key]; !ok {
					err = errors.Join(err, fmt.Errorf("the answer has no %s", key))
				}
			}
			return err
		},
	},
	{
		name: "answer-request",
		why:  "the id joins what the client saw with what the function says",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "echo"}, event{"do": "echo"})
			if err != nil {
				return err
			}
			for _, r := range replies {
				if r.Answer.Request != r.Request {
					return fmt.Errorf("the answer to request %q is for %q", r.Request, r.Answer.Request)
				}
			}
			return nil
		},
	},
	{
		name: "event-keys",
		why:  "handlers written for SeBS read the id and the time of their event",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "facts"})
			if err != nil {
				return err
			}
			var got struct{ Keys []string }
			if err := replies[0].result(&got); err != nil {
				return err
			}
			want := []string{"do", "income-timestamp", "request-id"}
			return expect(slices.Equal(got.Keys, want), "the handler sees an event with the keys %v, want %v", got.Keys, want)
		},
	},
	{
		name: "answer-clock",
		why:  "a time that is not Unix time in microseconds cannot be set beside the client's",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "echo"})
			if err != nil {
				return err
			}
			r := replies[0]
			first, last := r.Start.Add(-skew), r.Start.Add(r.Total+skew)
			for key, us := range map[string]int64{"begin_us": r.Answer.Begin, "end_us": r.Answer.End} {
				if at := time.UnixMicro(us); at.Before(first) || at.After(last) {
					return fmt.Errorf("%s is %v, but the call took place between %v and %v", key, at, first, last)
				}
			}
			return nil
		},
	},
	{
		name: "answer-duration",
		why:  "the time in the handler is the main figure of every experiment",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			return patiently(func(ms int) (again, err error) {
				for range 2 {
					r := d.call(ctx, event{"do": "sleep", "ms": ms})
					if err := r.ok(); err != nil {
						return nil, err
					}
					handler, wall := time.Duration(r.Answer.Handler), time.Duration(r.Answer.End-r.Answer.Begin)*time.Microsecond
					slept := time.Duration(ms) * time.Millisecond
					if handler < slept-granularity || handler > r.Total {
						return nil, fmt.Errorf("handler_ns is %v, but the handler slept %v, and the client waited %v", handler, slept, r.Total)
					}
					// The process may have to wait for a processor between the two clocks.
					if (handler - wall).Abs() > 50*time.Millisecond {
						again = fmt.Errorf("handler_ns is %v, but from begin_us to end_us it is %v", handler, wall)
					}
					if cpu := time.Duration(r.Answer.CPU) * time.Microsecond; cpu > r.Total*8 {
						return nil, fmt.Errorf("cpu_us is %v, but the call took %v", cpu, r.Total)
					}
				}
				return again, nil
			})
		},
	},
	{
		name: "answer-decoding",
		why:  "reading the event is the wrapper's work, and takes longer than many handlers",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			member := `{"text":"` + strings.Repeat("é", 10) + `","numbers":[1,2.5,-3]},`
			value := strings.Repeat(member, min(4<<20, pt.limits().MaxPayload/2)/len(member)) + "null"
			payload := []byte(`{"do":"inside","value":[` + value + `]}`)
			return patiently(func(int) (again, err error) {
				var r reply
				for range 2 { // the second is warm
					r = reply{}
					d.send(ctx, payload, &r)
				}
				var got struct {
					Inside time.Duration `json:"inside_ns"`
				}
				if err := r.result(&got); err != nil {
					return nil, err
				}
				if more := time.Duration(r.Answer.Handler) - got.Inside; more > r.Total/4 {
					again = fmt.Errorf("handler_ns is %v more than the handler took by its own clock, of a call with a large event that took %v", more, r.Total)
				}
				return again, nil
			})
		},
	},
	{
		name: "answer-text",
		why:  "the same text must have the same bytes in every language, or sizes and times compare ways to write JSON",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			for _, c := range []struct {
				sent string
				want []string // one of them
			}{
				{`"\u00e9 \u65e5 \ud83d\ude00"`, []string{`"é 日 😀"`}},
				{`"\u007f \u0022 \u005c \/ <&>"`, []string{"\"\x7f \\\" \\\\ / <&>\""}},
				{`"\u0008\u000c\u000a\u000d\u0009\u0000\u001f"`, []string{`"\b\f\n\r\t\u0000\u001f"`}},
				// Half a character, which not every language has.
				{`"\ud800x"`, []string{`"\ud800x"`, "\"\ufffdx\""}},
				{`"x\udc00"`, []string{`"x\udc00"`, "\"x\ufffd\""}},
			} {
				var r reply
				d.send(ctx, []byte(`{"do":"echo","value":`+c.sent+`}`), &r)
				var got struct{ Value json.RawMessage }
				if err := r.result(&got); err != nil {
					return fmt.Errorf("%s: %w", c.sent, err)
				}
				if !slices.Contains(c.want, string(got.Value)) {
					return fmt.Errorf("%s is answered as %q, want %q", c.sent, got.Value, c.want)
				}
			}
			return nil
		},
	},
	{
		name: "answer-boot",
		why:  "a cold start that began before its call hides a part of its cost",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			r := d.call(ctx, event{"do": "echo"})
			if err := r.ok(); err != nil {
				return err
			}
			boot := time.UnixMicro(r.Answer.Boot)
			if begin := time.UnixMicro(r.Answer.Begin); boot.After(begin) {
				return fmt.Errorf("the process started at %v, after its handler's begin at %v", boot, begin)
			}
			if !d.endpoint.Sandbox {
				return nil // a service may start sandboxes ahead
			}
			start := r.Answer.Start(r.Total)
			return expect(start == answer.Cold, "the call after a deployment is %s: the process began %v before its handler, in a call of %v", start, time.UnixMicro(r.Answer.Begin).Sub(boot), r.Total)
		},
	},
	{
		name: "answer-init",
		why:  "loading the module is a part of the start, not of any call",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "echo"}, event{"do": "echo"}, event{"do": "echo"})
			if err != nil {
				return err
			}
			if us := replies[0].Answer.Init; us <= 0 || time.Duration(us)*time.Microsecond > replies[0].Total {
				return fmt.Errorf("the first call has init_us %d, want more than 0 and at most what the call took, %v", us, replies[0].Total)
			}
			for _, r := range replies[1:] {
				if r.Answer.Init != 0 {
					return fmt.Errorf("a later call has init_us %d, want 0", r.Answer.Init)
				}
			}
			return nil
		},
	},
	{
		name: "answer-count",
		why:  "the number of a call in its process explains caches, compilers and leaks",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "echo"}, event{"do": "echo"}, event{"do": "echo"})
			if err != nil {
				return err
			}
			for i, r := range replies {
				a := r.Answer
				if a.Count != int64(i+1) || a.WorkerCold != (i == 0) {
					return fmt.Errorf("call %d of a process has count %d and worker_cold %v", i+1, a.Count, a.WorkerCold)
				}
			}
			return nil
		},
	},
	{
		name: "answer-sandbox",
		why:  "sandboxes are counted by their ids",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "echo"}, event{"do": "echo"}, event{"do": "echo"})
			if err != nil {
				return err
			}
			for _, r := range replies {
				a, first := r.Answer, replies[0].Answer
				if a.Sandbox == "" || a.Sandbox != first.Sandbox || a.Worker == "" || a.Worker != first.Worker {
					return fmt.Errorf("calls of one sandbox name %q and %q, their worker %q and %q", first.Sandbox, a.Sandbox, first.Worker, a.Worker)
				}
			}
			return nil
		},
	},
	{
		name: "answer-memory",
		why:  "people choose a memory size by the peak that is reported",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "echo"}, event{"do": "allocate", "mb": 96})
			if err != nil {
				return err
			}
			if replies[0].Answer.Memory <= 0 {
				return fmt.Errorf("memory_bytes is %d, want more than 0", replies[0].Answer.Memory)
			}
			peak := replies[1].Answer.Memory
			return expect(peak >= 90<<20, "memory_bytes is %d for a process that used 96 MB", peak)
		},
	},
	{
		name: "answer-possible",
		why:  "what cannot be is refused: it would otherwise be a failure that the function has no part in",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			for _, e := range []event{{"do": "echo"}, {"do": "sleep", "ms": 50}, {"do": "allocate", "mb": 32}, {"do": "echo"}} {
				r := d.call(ctx, e)
				if err := r.ok(); err != nil {
					return err
				}
				ahead := r.Phases.Queue + r.Phases.DNS + r.Phases.Connect + r.Phases.TLS
				err := r.Answer.Possible(answer.Call{
					Sent: r.Start, Waited: r.Total, Served: r.Total - ahead, Memory: int64(d.spec.Memory) << 20,
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "answer-measurement",
		why:  "what handlers measure themselves is part of SeBS's results",
		check: func(ctx context.Context, pt *platformTest) error {
			replies, err := pt.answers(ctx, event{"do": "measure"})
			if err != nil {
				return err
			}
			a := replies[0].Answer
			return errors.Join(
				sameJSON("result", a.Result, `{"n":1}`),
				sameJSON("measurement", a.Measurement, `{"compute_us":123}`))
		},
	},
}

const (
	skew        = 5 * time.Second      // more than the clocks of client and function differ
	granularity = 2 * time.Millisecond // of the timers of languages
)

// answers deploys the function and calls it once for each event, one after
// another; all must succeed.
func (pt *platformTest) answers(ctx context.Context, events ...event) ([]reply, error) {
	d, err := pt.deploy(ctx)
	if err != nil {
		return nil, err
	}
	replies := make([]reply, len(events))
	for i, e := range events {
		replies[i] = d.call(ctx, e)
		if err := replies[i].ok(); err != nil {
			return nil, err
		}
	}
	return replies, nil
}

// sameJSON requires that a member of the answer is a value, apart from white
// space.
func sameJSON(key string, got json.RawMessage, want string) error {
	var compact any
	if err := json.Unmarshal(got, &compact); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	text, err := json.Marshal(compact)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return expect(string(text) == want, "%s is %s, want %s", key, text, want)
}
