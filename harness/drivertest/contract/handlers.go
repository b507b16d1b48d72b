package contract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// handlerRules say that a wrapper outlives what its handler does.
var handlerRules = []rules.Rule[*probe.Session]{
	{
		Name:  "handler",
		Why:   "an exception is the function's own failure, and common",
		Check: failing(probe.Event{"do": "raise", "message": "as asked"}),
	},
	{
		Name:  "unserialisable",
		Why:   "what cannot be answered is the handler's failure, not the end of the sandbox",
		Check: failing(probe.Event{"do": "unserialisable"}),
	},
	{
		Name:  "nested",
		Why:   "a value that no reader of JSON follows is the handler's failure, not the end of the sandbox",
		Check: failing(probe.Event{"do": "nest", "depth": 100_000}),
	},
	{
		Name: "error-answer",
		Why:  "people repair handlers by the type and the message of the error",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			r := f.Call(ctx, probe.Event{"do": "raise", "message": "a message to find"})
			if err := r.Fails(driver.Handler); err != nil {
				return err
			}
			a, e := r.Answer, r.Answer.Error
			return errors.Join(
				rules.Expect(a.Begin > 0 && a.End >= a.Begin && a.Handler >= 0, "the answer with an error has begin_us %d, end_us %d and handler_ns %d, want times",
					a.Begin, a.End, a.Handler),
				rules.Expect(e.Type == "ProbeError", "the error's type is %q, want ProbeError", e.Type),
				rules.Expect(strings.Contains(e.Message, "a message to find"), "the error's message is %q, want the handler's", e.Message))
		},
	},
	{
		Name: "init",
		Why:  "a module that cannot be loaded fails every call, and the reason is in its sources",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Own(ctx, probe.With("PROBE_INIT", "raise"))
			if err != nil {
				return err
			}
			for range 2 {
				r := f.Call(ctx, probe.Event{"do": "echo"})
				if err := r.Fails(driver.Init); err != nil {
					return err
				}
			}
			repaired, err := s.Again(ctx, f, func(spec *driver.Spec) { spec.Environment = nil })
			if err != nil {
				return err
			}
			return repaired.After(ctx, "the module was repaired")
		},
	},
	{
		Name:  "protocol",
		Why:   "nonsense on the wire must not be taken for an answer",
		Needs: []func(*probe.Session) error{probe.Sandboxes}, // whose socket the handler can write to
		// Without the option a Java function does not get at its sockets.
		Check: failingWith(driver.Protocol, probe.Event{"do": "corrupt"},
			probe.With("JDK_JAVA_OPTIONS", "--add-opens=java.base/java.io=ALL-UNNAMED")),
	},
	{
		Name: "descriptors",
		Why:  "a handler that leaves open all that it may has a result, and is not a crash",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			exhaust := probe.Event{"do": "exhaust", "most": 5000}
			first := f.Call(ctx, exhaust)
			for _, e := range []probe.Event{{"do": "echo"}, exhaust} {
				if _, err := f.Meet(ctx, first, e); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Name: "prints",
		Why:  "handlers print, and their output must neither mix with answers nor fill a pipe",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			const size = 256 << 10
			var got struct{ Printed int }
			r := f.Call(ctx, probe.Event{"do": "print", "text": `{"result":"printed"}`, "bytes": size})
			if err := r.Result(&got); err != nil {
				return err
			}
			if got.Printed != size {
				return fmt.Errorf("the answer to a handler that prints is %s", r.Answer.Result)
			}
			_, err = f.Meet(ctx, r, probe.Event{"do": "echo"})
			return err
		},
	},
	{
		Name: "children",
		Why:  "a process that a handler leaves must neither take a request nor answer one, whatever it reads and prints",
		Check: func(ctx context.Context, s *probe.Session) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			marker := strconv.Itoa(1e8 + rand.IntN(9e8))
			for range 3 {
				r := f.Call(ctx, probe.Event{"do": "leave", "marker": marker})
				if _, err := f.Meet(ctx, r, probe.Event{"do": "sleep", "ms": 50}); err != nil {
					return fmt.Errorf("after a call that left a process: %w", err)
				}
			}
			return f.After(ctx, "calls that left processes")
		},
	},
}

// failing is a rule's check: an event is the handler's failure, the first time
// and again, and the next call works.
func failing(e probe.Event) func(context.Context, *probe.Session) error {
	return failingWith(driver.Handler, e)
}

// failingWith is failing with a cause, of a function with changes to its spec.
func failingWith(cause driver.Cause, e probe.Event, changes ...probe.Change) func(context.Context, *probe.Session) error {
	return func(ctx context.Context, s *probe.Session) error { return s.Fails(ctx, cause, e, changes...) }
}
