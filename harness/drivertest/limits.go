package drivertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// limitRules say that the limits in Features are the real ones.
var limitRules = []rule{
	{
		Name: "features",
		Why:  "names, selections and payloads are made by the limits before anything is tried",
		Check: func(_ context.Context, s *subject) error {
			f := s.Features()
			var errs []error
			for _, trigger := range f.Triggers {
				l := f.Limits[trigger]
				errs = append(errs, rules.Expect(l.MaxPayload > 0 && l.MaxReply > 0, "payloads of %d and replies of %d bytes by the trigger %s, want more", l.MaxPayload, l.MaxReply, trigger))
			}
			return errors.Join(append(errs,
				rules.Expect(len(f.Runtimes) > 0 && len(f.Kinds) > 0 && len(f.Architectures) > 0 && len(f.Triggers) > 0,
					"runtimes %v, kinds %v, architectures %v, triggers %v: want at least one of each", f.Runtimes, f.Kinds, f.Architectures, f.Triggers),
				rules.Expect(f.MaxName >= 32, "the longest name has %d bytes, want at least 32", f.MaxName))...)
		},
	},
	{
		Name: "longest-name",
		Why:  "names of benchmarks are as long as their authors like",
		Check: func(ctx context.Context, s *subject) error {
			spec := s.Spec
			spec.Benchmark = "000.probe" + strings.Repeat("-long", 100)
			name := driver.FunctionName(s.Run.Prefix, spec, s.Features().MaxName)
			if len(name) != s.Features().MaxName {
				return fmt.Errorf("the name %s has %d bytes, want %d", name, len(name), s.Features().MaxName)
			}
			f, err := s.Own(ctx, func(spec *driver.Spec) { spec.Name = name })
			if err != nil {
				return err
			}
			_, err = f.Works(ctx)
			return err
		},
	},
	{
		Name: "largest-payload",
		Why:  "an input that fits by the limit must arrive whole",
		Check: func(ctx context.Context, s *subject) error {
			return s.arrives(ctx, s.Limits().MaxPayload, "é", 2) // limits are of bytes in UTF-8
		},
	},
	{
		Name: "largest-payload-escaped",
		Why:  "a platform that puts the payload into JSON of its own doubles what has to be escaped, and the limit is of what fits whatever is in it",
		Check: func(ctx context.Context, s *subject) error {
			return s.arrives(ctx, s.Limits().MaxPayload, `\"`, 1)
		},
	},
	{
		Name: "payload-too-large",
		Why:  "an input that is cut off or refused without a word costs a day of search",
		Check: func(ctx context.Context, s *subject) error {
			r, _, err := s.sendPayload(ctx, s.Limits().MaxPayload+1, "x", 1)
			if err != nil {
				return err
			}
			return r.Fails(driver.Protocol)
		},
	},
	{
		Name: "largest-reply",
		Why:  "an output that fits by the limit must arrive whole",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx, larger(s))
			if err != nil {
				return err
			}
			want := s.Limits().MaxReply - contractBytes
			var got struct{ Filler string }
			r := f.Call(ctx, probe.Event{"do": "fill", "bytes": want})
			if err := r.Result(&got); err != nil {
				return err
			}
			return rules.Expect(len(got.Filler) == want, "a result of %d bytes arrives with %d", want, len(got.Filler))
		},
	},
	{
		Name: "largest-reply-escaped",
		Why:  "a platform that puts the answer into JSON of its own doubles what has to be escaped, and the limit is of what fits whatever is in it",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx, larger(s))
			if err != nil {
				return err
			}
			n := (min(s.Limits().MaxReply, s.Limits().MaxPayload) - contractBytes) / len(`\"`)
			var got struct{ Value string }
			r := f.Call(ctx, probe.Event{"do": "echo", "value": strings.Repeat(`"`, n)})
			if err := r.Result(&got); err != nil {
				return err
			}
			return rules.Expect(got.Value == strings.Repeat(`"`, n), "a value of %d characters arrives with %d, or others", n, len(got.Value))
		},
	},
	{
		Name: "reply-too-large",
		Why:  "half an answer must not look like one, and the next call must not pay for it",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx, larger(s))
			if err != nil {
				return err
			}
			r := f.Call(ctx, probe.Event{"do": "fill", "bytes": s.Limits().MaxReply + 1})
			if err := r.Fails(driver.Protocol); err != nil {
				return err
			}
			return f.After(ctx, "a reply that is too large")
		},
	},
}

// contractBytes is more than the answer's other members have.
const contractBytes = 4096

// larger gives a function memory for the largest payloads and replies.
func larger(s *subject) probe.Change { return memory(probe.Memory(s.Features(), 1024)) }

// arrives requires that a payload of exactly n bytes arrives whole, whose value
// repeats a piece of JSON text. Each is of so many bytes to the function.
func (s *subject) arrives(ctx context.Context, n int, piece string, bytes int) error {
	r, length, err := s.sendPayload(ctx, n, piece, bytes)
	if err != nil {
		return err
	}
	var got struct{ Length int }
	if err := r.Result(&got); err != nil {
		return err
	}
	return rules.Expect(got.Length == length, "a value of %d bytes arrives with %d", length, got.Length)
}

// sendPayload calls the probe with a payload of exactly n bytes, and returns
// the length of the value in it. The function must work afterwards.
func (s *subject) sendPayload(ctx context.Context, n int, piece string, each int) (probe.Reply, int, error) {
	f, err := s.Function(ctx, larger(s))
	if err != nil {
		return probe.Reply{}, 0, err
	}
	frame, err := json.Marshal(probe.Event{"do": "length", "value": ""})
	if err != nil {
		return probe.Reply{}, 0, err
	}
	room := n - len(frame)
	pieces, rest := room/len(piece), room%len(piece)
	value := strings.Repeat(piece, pieces) + strings.Repeat("x", rest)
	r := f.Send(ctx, bytes.Replace(frame, []byte(`""`), []byte(`"`+value+`"`), 1))
	return r, pieces*each + rest, f.After(ctx, fmt.Sprintf("a payload of %d bytes", n))
}
