package drivertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// failureRules say how each failure of a sandbox is told, and that the next
// call works.
var failureRules = []rule{
	{
		Name:  "timeout",
		Why:   "a function that never answers must not hold the run up, nor look like a crash",
		Needs: needs(probe.Tells(driver.TimedOut)),
		Check: func(ctx context.Context, s *subject) error {
			return s.Fails(ctx, driver.TimedOut, probe.Event{"do": "sleep", "ms": 600_000}, s.Short)
		},
	},
	{
		Name:  "hang",
		Why:   "a function can ignore every signal but the last",
		Needs: needs(probe.Tells(driver.TimedOut)),
		Check: func(ctx context.Context, s *subject) error {
			return s.Fails(ctx, driver.TimedOut, probe.Event{"do": "hang"}, s.Short)
		},
	},
	{
		Name:  "memory",
		Why:   "a function that needs more memory than it has must be told from one with a fault",
		Needs: needs(probe.MemoryLimits, probe.Tells(driver.Memory)),
		Check: func(ctx context.Context, s *subject) error {
			mb := probe.Memory(s.Features(), 128)
			return s.Fails(ctx, driver.Memory, probe.Event{"do": "allocate", "mb": max(1024, 2*mb)}, memory(mb))
		},
	},
	{
		Name:  "processes",
		Why:   "a fork bomb must end in its sandbox",
		Needs: needs(probe.ProcessLimits, probe.Tells(driver.Processes)),
		Check: func(ctx context.Context, s *subject) error {
			return s.Fails(ctx, driver.Processes, probe.Event{"do": "spawn", "processes": 1500, "marker": "1"},
				memory(probe.Memory(s.Features(), 1024)))
		},
	},
	{
		Name:  "crash",
		Why:   "a process that is gone answers nothing, and this is not the network's fault",
		Needs: needs(probe.Tells(driver.Crash)),
		Check: func(ctx context.Context, s *subject) error {
			return s.Fails(ctx, driver.Crash, probe.Event{"do": "exit"})
		},
	},
	{
		Name:  "throttled",
		Why:   "a burst beyond the platform's limit measures the limit, not the function",
		Needs: needs(reachableLimit, probe.Tells(driver.Throttled)),
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			err = rules.Patiently(func(ms int) (again, err error) {
				events := make([]probe.Event, s.Features().MaxConcurrent+1)
				for i := range events {
					events[i] = probe.Event{"do": "sleep", "ms": ms}
				}
				throttled := 0
				for _, r := range f.Together(ctx, events...) {
					if r.Cause == driver.Throttled {
						throttled++
					} else if err := r.OK(); err != nil {
						return nil, err
					}
				}
				switch throttled {
				case 0:
					return fmt.Errorf("none of %d calls at once is throttled, where %d are the limit", len(events), len(events)-1), nil
				case len(events):
					return nil, fmt.Errorf("all of %d calls at once are throttled", len(events))
				}
				return nil, nil
			})
			if err != nil {
				return err
			}
			return f.After(ctx, "a burst")
		},
	},
	{
		Name: "cancelled",
		Why:  "an interrupted run ends at once and leaves nothing that answers later",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			if _, err := f.Works(ctx); err != nil {
				return err
			}
			short, cancel := context.WithCancelCause(ctx)
			timer := time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("interrupted")) })
			defer timer.Stop()
			r := f.Call(short, probe.Event{"do": "sleep", "ms": 20_000})
			if err := r.Fails(driver.Cancelled); err != nil {
				return err
			}
			return f.After(ctx, "a cancelled call")
		},
	},
}

// burst is the largest burst that a rule makes.
const burst = 50

// reachableLimit needs a limit of sandboxes that a burst can reach.
func reachableLimit(s *probe.Session) error {
	switch limit := s.Features().MaxConcurrent; {
	case limit <= 0:
		return errors.New("a function may have any number of sandboxes, or calls queue")
	case limit >= burst:
		return fmt.Errorf("a function may have %d sandboxes, more than it is decent to ask for", limit)
	}
	return nil
}
