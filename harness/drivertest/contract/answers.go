package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// answerRules say that the answer keeps the functions' contract, key by key.
var answerRules = []rules.Rule[*probe.Session]{
	{
		Name: "answer-keys",
		Why:  "a key that one language lacks is a hole in every comparison",
		Check: func(ctx context.Context, s *probe.Session) error {
			r, err := answers(ctx, s, probe.Event{"do": "echo"})
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
		Name: "answer-request",
		Why:  "the id joins what the client saw with what the function says",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := answers(ctx, s, probe.Event{"do": "echo"}, probe.Event{"do": "echo"})
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
		Name: "json",
		Why:  "payloads and results must pass unchanged, whatever is in them",
		Check: func(ctx context.Context, s *probe.Session) error {
			want := `{"text":"é ß 日本 \" \\ \n","numbers":[0,-1,0.5,1e+300,9007199254740991],"empty":[{},[],"",null,true,false]}`
			replies, err := answers(ctx, s, probe.Event{"do": "echo", "value": json.RawMessage(want)})
			if err != nil {
				return err
			}
			var got struct{ Value any }
			if err := replies[0].Result(&got); err != nil {
				return err
			}
			var value any
			if err := json.Unmarshal([]byte(want), &value); err != nil {
				return err
			}
			return rules.Expect(reflect.DeepEqual(value, got.Value), "the probe echoes %v, want %v", got.Value, value)
		},
	},
	{
		Name: "event-keys",
		Why:  "handlers written for SeBS read the id and the time of their event",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := answers(ctx, s, probe.Event{"do": "facts"})
			if err != nil {
				return err
			}
			var got struct{ Keys []string }
			if err := replies[0].Result(&got); err != nil {
				return err
			}
			want := []string{"do", "income-timestamp", "request-id"}
			return rules.Expect(slices.Equal(got.Keys, want), "the handler sees an event with the keys %v, want %v", got.Keys, want)
		},
	},
	{
		Name: "answer-text",
		Why:  "the same text must have the same bytes in every language, or sizes and times compare ways to write JSON",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Function(ctx)
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
				r := f.Send(ctx, []byte(`{"do":"echo","value":`+c.sent+`}`))
				var got struct{ Value json.RawMessage }
				if err := r.Result(&got); err != nil {
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
		Name: "answer-measurement",
		Why:  "what handlers measure themselves is part of SeBS's results",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := answers(ctx, s, probe.Event{"do": "measure"})
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

// answers calls a function once for each event, one after
// another; all must succeed.
func answers(ctx context.Context, s *probe.Session, events ...probe.Event) ([]probe.Reply, error) {
	f, err := s.Function(ctx)
	if err != nil {
		return nil, err
	}
	replies := make([]probe.Reply, len(events))
	for i, e := range events {
		replies[i] = f.Call(ctx, e)
		if err := replies[i].OK(); err != nil {
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
	return rules.Expect(string(text) == want, "%s is %s, want %s", key, text, want)
}
