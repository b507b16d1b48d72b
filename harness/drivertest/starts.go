package drivertest

import (
	"context"
	"fmt"

	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

var echo = probe.Event{"do": "echo"}

// startRules say which calls are cold and which are warm.
var startRules = []rule{
	{
		Name: "second-warm",
		Why:  "a platform on which every call is cold has no warm latency",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Fresh(ctx)
			if err != nil {
				return err
			}
			sleep := probe.Event{"do": "sleep", "ms": 20}
			first := f.Call(ctx, sleep)
			if err := first.Starts(true); err != nil {
				return fmt.Errorf("first: %w", err)
			}
			if _, err := f.Meet(ctx, first, sleep); err != nil {
				return fmt.Errorf("second: %w", err)
			}
			return nil
		},
	},
	{
		Name: "retire",
		Why:  "cold starts are measured by retiring",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			before := f.Call(ctx, echo)
			if err := before.OK(); err != nil {
				return err
			}
			if err := s.Retire(ctx, f.Spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			after := f.Call(ctx, echo)
			if err := after.Starts(true); err != nil {
				return fmt.Errorf("after retiring: %w", err)
			}
			return rules.Expect(after.Answer.Sandbox != before.Answer.Sandbox, "the same sandbox answers after retiring")
		},
	},
	{
		Name: "retire-once",
		Why:  "warm calls are measured on what a cold one left",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			if err := s.Retire(ctx, f.Spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			first, err := f.Works(ctx)
			if err != nil {
				return err
			}
			for range 2 {
				if _, err := f.Meet(ctx, first, echo); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Name: "retire-keeps",
		Why:  "retiring often is a change of configuration, and the cold sample would be of another function than the table says",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx, probe.With(variable, "kept"))
			if err != nil {
				return err
			}
			if err := s.Retire(ctx, f.Spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			if err := hasVariable(ctx, f, "kept"); err != nil {
				return fmt.Errorf("after retiring: %w", err)
			}
			return nil
		},
	},
	{
		Name: "retire-all",
		Why:  "one sandbox that survives makes a call of the cold sample warm",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			events := make([]probe.Event, atOnce(s, 3))
			for i := range events {
				events[i] = probe.Event{"do": "sleep", "ms": 200}
			}
			for _, r := range f.Together(ctx, events...) {
				if err := r.OK(); err != nil {
					return err
				}
			}
			if err := s.Retire(ctx, f.Spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			replies := f.Together(ctx, events...)
			started := map[string]bool{}
			for _, r := range replies {
				if r.Cause == "" && r.Answer.Cold {
					started[r.Answer.Sandbox] = true
				}
			}
			for i, r := range replies {
				if err := r.OK(); err != nil {
					return err
				}
				// One that came late may find a sandbox that another started.
				if !started[r.Answer.Sandbox] {
					return fmt.Errorf("call %d of %d after retiring is warm, in sandbox %s, which none of them started", i+1, len(replies), r.Answer.Sandbox)
				}
			}
			return nil
		},
	},
	{
		Name: "retire-one-function",
		Why:  "functions are measured beside each other",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			before, err := f.Works(ctx)
			if err != nil {
				return err
			}
			other, err := s.Own(ctx)
			if err != nil {
				return err
			}
			if err := s.Retire(ctx, other.Spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			_, err = f.Meet(ctx, before, echo)
			return err
		},
	},
	{
		Name: "concurrent",
		Why:  "bursts need sandboxes of their own, and answers must not be mixed up",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			return rules.Patiently(func(ms int) (again, err error) {
				events := make([]probe.Event, atOnce(s, 8))
				for i := range events {
					events[i] = probe.Event{"do": "sleep", "ms": ms + i}
				}
				replies := f.Together(ctx, events...)
				for i, r := range replies {
					var got struct{ Slept int }
					if err := r.Result(&got); err != nil {
						return nil, err
					}
					if got.Slept != ms+i {
						return nil, fmt.Errorf("the call that asks for %d ms gets the answer of the one with %d ms", ms+i, got.Slept)
					}
				}
				return shared(replies, max(s.Features().CallsPerSandbox, 1))
			})
		},
	},
	{
		Name:  "close-gives-up",
		Why:   "a connection of the driver's own is a sandbox: who closes it wants the memory back",
		Needs: needs(probe.Sandboxes),
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			if _, err := f.Works(ctx); err != nil {
				return err
			}
			f.Client.CloseIdle()
			r := f.Call(ctx, echo)
			return r.Starts(true)
		},
	},
}

// shared returns how a sandbox served more than most of calls made at once: as
// err if they overlap for certain, as again if they did not meet.
func shared(replies []probe.Reply, most int) (again, err error) {
	served := map[string][]probe.Reply{}
	for _, r := range replies {
		if r.Phases.Queue > 0 {
			continue // it waited for a place and may have got a used one
		}
		id := r.Answer.Sandbox
		overlap := 1
		for _, other := range served[id] {
			if r.Answer.Begin < other.Answer.End && other.Answer.Begin < r.Answer.End {
				overlap++
			}
		}
		served[id] = append(served[id], r)
		if n := len(served[id]); n > most {
			again = fmt.Errorf("of %d calls at once, %d have the same sandbox %s, which serves %d", len(replies), n, id, most)
		}
		if overlap > most {
			return nil, fmt.Errorf("of %d calls at once, sandbox %s serves %d at the same time, want at most %d", len(replies), id, overlap, most)
		}
	}
	return again, nil
}

// atOnce returns n, or fewer if the platform has no room for n calls at once.
func atOnce(s *subject, n int) int {
	if limit := s.Features().MaxConcurrent; limit > 0 {
		return min(n, limit)
	}
	return n
}
