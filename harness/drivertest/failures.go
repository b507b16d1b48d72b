package drivertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// failureRules say how each failure is told, and that the next call works.
var failureRules = []rule{
	{
		name:  "timeout",
		why:   "a function that never answers must not hold the run up, nor look like a crash",
		check: failing(driver.TimedOut, short, event{"do": "sleep", "ms": 600_000}),
	},
	{
		name:  "hang",
		why:   "a function can ignore every signal but the last",
		check: failing(driver.TimedOut, short, event{"do": "hang"}),
	},
	{
		name:    "memory",
		why:     "a function that needs more memory than it has must be told from one with a fault",
		applies: func(pt *platformTest) bool { return pt.features.MemoryLimits },
		check: failing(driver.Memory, func(_ *platformTest, s *driver.Spec) { s.Memory = 128 },
			event{"do": "allocate", "mb": 1024}),
	},
	{
		name:    "processes",
		why:     "a fork bomb must end in its sandbox",
		applies: func(pt *platformTest) bool { return pt.features.ProcessLimits },
		check: failing(driver.Processes, func(_ *platformTest, s *driver.Spec) { s.Memory = 1024 },
			event{"do": "spawn", "processes": 1500, "marker": "1"}),
	},
	{
		name:  "crash",
		why:   "a process that is gone answers nothing, and this is not the network's fault",
		check: failing(driver.Crash, nil, event{"do": "exit"}),
	},
	{
		name:  "handler",
		why:   "an exception is the function's own failure, and common",
		check: failing(driver.Handler, nil, event{"do": "raise", "message": "as asked"}),
	},
	{
		name:  "unserialisable",
		why:   "what cannot be answered is the handler's failure, not the end of the sandbox",
		check: failing(driver.Handler, nil, event{"do": "unserialisable"}),
	},
	{
		name:  "nested",
		why:   "a value that no reader of JSON follows is the handler's failure, not the end of the sandbox",
		check: failing(driver.Handler, nil, event{"do": "nest", "depth": 100_000}),
	},
	{
		name: "descriptors",
		why:  "a handler that leaves open all that it may has a result, and is not a crash",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			r := d.call(ctx, event{"do": "exhaust", "most": 5000})
			if err := r.ok(); err != nil {
				return err
			}
			return starts(false, d.call(ctx, event{"do": "echo"}), d.call(ctx, event{"do": "exhaust", "most": 5000}))
		},
	},
	{
		name: "protocol",
		why:  "nonsense on the wire must not be taken for an answer",
		check: failing(driver.Protocol, func(_ *platformTest, s *driver.Spec) {
			// Without it a Java function does not get at its sockets.
			s.Environment = map[string]string{"JDK_JAVA_OPTIONS": "--add-opens=java.base/java.io=ALL-UNNAMED"}
		}, event{"do": "corrupt"}),
	},
	{
		name: "init",
		why:  "a module that cannot be loaded fails every call, and the reason is in its sources",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx, with("PROBE_INIT", "raise"))
			if err != nil {
				return err
			}
			for range 2 {
				r := d.call(ctx, event{"do": "echo"})
				if err := r.fails(driver.Init); err != nil {
					return err
				}
			}
			if d, err = pt.deploy(ctx); err != nil {
				return err
			}
			return d.after(ctx, "the module was repaired")
		},
	},
	{
		name:    "throttled",
		why:     "a burst beyond the platform's limit measures the limit, not the function",
		applies: func(pt *platformTest) bool { return pt.features.MaxConcurrent > 0 },
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			err = patiently(func(ms int) (again, err error) {
				events := make([]event, pt.features.MaxConcurrent+1)
				for i := range events {
					events[i] = event{"do": "sleep", "ms": ms}
				}
				throttled := 0
				for _, r := range d.together(ctx, events...) {
					if r.Cause == driver.Throttled {
						throttled++
					} else if err := r.ok(); err != nil {
						return nil, err
					}
				}
				wrong := fmt.Errorf("%d of %d calls at once are throttled, want 1", throttled, len(events))
				switch throttled {
				case 0:
					return wrong, nil
				case 1:
					return nil, nil
				default:
					return nil, wrong
				}
			})
			if err != nil {
				return err
			}
			return d.after(ctx, "a burst")
		},
	},
	{
		name: "cancelled",
		why:  "an interrupted run ends at once and leaves nothing that answers later",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			if err := d.works(ctx); err != nil {
				return err
			}
			short, cancel := context.WithCancelCause(ctx)
			timer := time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("interrupted")) })
			defer timer.Stop()
			r := d.call(short, event{"do": "sleep", "ms": 20_000})
			if err := r.fails(driver.Cancelled); err != nil {
				return err
			}
			return d.after(ctx, "a cancelled call")
		},
	},
	{
		name: "error-answer",
		why:  "people repair handlers by the type and the message of the error",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			r := d.call(ctx, event{"do": "raise", "message": "a message to find"})
			if err := r.fails(driver.Handler); err != nil {
				return err
			}
			a, e := r.Answer, r.Answer.Error
			return errors.Join(
				expect(a.Begin > 0 && a.End >= a.Begin && a.Handler > 0, "the answer with an error has begin_us %d, end_us %d and handler_ns %d, want times",
					a.Begin, a.End, a.Handler),
				expect(e.Type == "ProbeError", "the error's type is %q, want ProbeError", e.Type),
				expect(strings.Contains(e.Message, "a message to find"), "the error's message is %q, want the handler's", e.Message))
		},
	},
}

// short gives a function the time-out that it is made to exceed.
func short(pt *platformTest, s *driver.Spec) { s.Timeout = pt.options.Timeout }

// failing is a rule's check: an event has the failure cause, on a new sandbox
// and on a warm one, and the next call works.
func failing(cause driver.Cause, change func(*platformTest, *driver.Spec), e event) func(context.Context, *platformTest) error {
	return func(ctx context.Context, pt *platformTest) error {
		d, err := pt.deploy(ctx, func(s *driver.Spec) {
			if change != nil {
				change(pt, s)
			}
		})
		if err != nil {
			return err
		}
		for _, start := range []string{"cold", "warm"} {
			r := d.call(ctx, e)
			if err := r.fails(cause); err != nil {
				return fmt.Errorf("%s: %w", start, err)
			}
			if err := d.after(ctx, "the failure"); err != nil {
				return err
			}
		}
		return nil
	}
}
