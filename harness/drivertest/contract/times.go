package contract

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

const (
	skew        = 5 * time.Second      // more than the clocks of client and function differ
	granularity = 2 * time.Millisecond // of the timers of languages
)

// timeRules say what the times of an answer are.
var timeRules = []rules.Rule[*probe.Session]{
	{
		Name: "answer-clock",
		Why:  "a time that is not Unix time in microseconds cannot be set beside the client's",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := answers(ctx, s, probe.Event{"do": "echo"})
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
		Name: "answer-duration",
		Why:  "the time in the handler is the main figure of every experiment",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			return rules.Patiently(func(ms int) (again, err error) {
				for range 2 {
					r := f.Call(ctx, probe.Event{"do": "sleep", "ms": ms})
					if err := r.OK(); err != nil {
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
		Name: "answer-decoding",
		Why:  "reading the event is the wrapper's work, and takes longer than many handlers",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			member := `{"text":"` + strings.Repeat("é", 10) + `","numbers":[1,2.5,-3]},`
			value := strings.Repeat(member, min(4<<20, s.Limits().MaxPayload/2)/len(member)) + "null"
			payload := []byte(`{"do":"inside","value":[` + value + `]}`)
			return rules.Patiently(func(int) (again, err error) {
				var r probe.Reply
				for range 2 { // the second is warm
					r = f.Send(ctx, payload)
				}
				var got struct {
					Inside time.Duration `json:"inside_ns"`
				}
				if err := r.Result(&got); err != nil {
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
		Name: "answer-boot",
		Why:  "a cold start that began before its call hides a part of its cost",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Fresh(ctx)
			if err != nil {
				return err
			}
			r := f.Call(ctx, probe.Event{"do": "echo"})
			if err := r.OK(); err != nil {
				return err
			}
			boot := time.UnixMicro(r.Answer.Boot)
			if begin := time.UnixMicro(r.Answer.Begin); boot.After(begin) {
				return fmt.Errorf("the process started at %v, after its handler's begin at %v", boot, begin)
			}
			if !s.Sandbox {
				return nil // a service may start sandboxes ahead
			}
			start := r.Answer.Start(r.Total)
			return rules.Expect(start == answer.Cold, "the call after a deployment is %s: the process began %v before its handler, in a call of %v", start, time.UnixMicro(r.Answer.Begin).Sub(boot), r.Total)
		},
	},
	{
		Name: "answer-init",
		Why:  "loading the module is a part of the start, not of any call",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := sameSandbox(ctx, s)
			if err != nil {
				return err
			}
			first := replies[0]
			init := time.Duration(first.Answer.Init) * time.Microsecond
			if init <= 0 {
				return fmt.Errorf("the first call has init_us %d, want more than 0", first.Answer.Init)
			}
			// Where the process was begun ahead of the call, so was its module.
			if first.Answer.Start(first.Total) == answer.Cold && init > first.Total {
				return fmt.Errorf("the first call has init_us %d, want at most what the call took, %v", first.Answer.Init, first.Total)
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
		Name: "answer-possible",
		Why:  "what cannot be is refused: it would otherwise be a failure that the function has no part in",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			for _, e := range []probe.Event{{"do": "echo"}, {"do": "sleep", "ms": 50}, {"do": "allocate", "mb": 32}, {"do": "echo"}} {
				r := f.Call(ctx, e)
				if err := r.OK(); err != nil {
					return err
				}
				ahead := r.Phases.Queue + r.Phases.DNS + r.Phases.Connect + r.Phases.TLS
				err := r.Answer.Possible(answer.Call{
					Sent: r.Start, Waited: r.Total, Served: r.Total - ahead, Memory: int64(f.Spec.Memory) << 20,
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
	},
}
