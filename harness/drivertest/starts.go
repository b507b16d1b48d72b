package drivertest

import (
	"context"
	"fmt"
)

// startRules say which calls are cold and which are warm.
var startRules = []rule{
	{
		name: "second-warm",
		why:  "a platform on which every call is cold has no warm latency",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			sleep := event{"do": "sleep", "ms": 20}
			if err := starts(true, d.call(ctx, sleep)); err != nil {
				return fmt.Errorf("first: %w", err)
			}
			if err := starts(false, d.call(ctx, sleep)); err != nil {
				return fmt.Errorf("second: %w", err)
			}
			return nil
		},
	},
	{
		name: "retire",
		why:  "cold starts are measured by retiring",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			before := d.call(ctx, event{"do": "echo"})
			if err := before.ok(); err != nil {
				return err
			}
			if err := pt.platform.Retire(ctx, d.spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			after := d.call(ctx, event{"do": "echo"})
			if err := starts(true, after); err != nil {
				return fmt.Errorf("after retiring: %w", err)
			}
			return expect(after.Answer.Sandbox != before.Answer.Sandbox, "the same sandbox answers after retiring")
		},
	},
	{
		name: "retire-once",
		why:  "warm calls are measured on what a cold one left",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			if err := pt.platform.Retire(ctx, d.spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			if err := d.works(ctx); err != nil {
				return err
			}
			return starts(false, d.call(ctx, event{"do": "echo"}), d.call(ctx, event{"do": "echo"}))
		},
	},
	{
		name: "retire-all",
		why:  "one sandbox that survives makes a call of the cold sample warm",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			events := make([]event, pt.atOnce(3))
			for i := range events {
				events[i] = event{"do": "sleep", "ms": 200}
			}
			for _, r := range d.together(ctx, events...) {
				if err := r.ok(); err != nil {
					return err
				}
			}
			if err := pt.platform.Retire(ctx, d.spec.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			replies := d.together(ctx, events...)
			started := map[string]bool{}
			for _, r := range replies {
				if r.Cause == "" && r.Answer.Cold {
					started[r.Answer.Sandbox] = true
				}
			}
			for i, r := range replies {
				if err := r.ok(); err != nil {
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
		name: "retire-one-function",
		why:  "functions are measured beside each other",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			other := pt.named(pt.prefix + "-other")
			if err := d.works(ctx); err != nil {
				return err
			}
			if _, err := pt.deploy(ctx, other); err != nil {
				return err
			}
			s := pt.spec
			other(&s)
			if err := pt.platform.Retire(ctx, s.Name); err != nil {
				return fmt.Errorf("retire: %w", err)
			}
			return starts(false, d.call(ctx, event{"do": "echo"}))
		},
	},
	{
		name: "concurrent",
		why:  "bursts need sandboxes of their own, and answers must not be mixed up",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			return patiently(func(ms int) (again, err error) {
				events := make([]event, pt.atOnce(8))
				for i := range events {
					events[i] = event{"do": "sleep", "ms": ms + i}
				}
				sandboxes := map[string]reply{}
				for i, r := range d.together(ctx, events...) {
					var got struct{ Slept int }
					if err := r.result(&got); err != nil {
						return nil, err
					}
					if got.Slept != ms+i {
						return nil, fmt.Errorf("the call that asks for %d ms gets the answer of the one with %d ms", ms+i, got.Slept)
					}
					if r.Phases.Queue > 0 {
						continue // it waited for a place and may have got a used one
					}
					if other, ok := sandboxes[r.Answer.Sandbox]; ok {
						again = fmt.Errorf("of %d calls at once, two have the same sandbox %s", len(events), r.Answer.Sandbox)
						if r.Answer.Begin < other.Answer.End && other.Answer.Begin < r.Answer.End {
							return nil, again
						}
					}
					sandboxes[r.Answer.Sandbox] = r
				}
				return again, nil
			})
		},
	},
	{
		name: "close-gives-up",
		why:  "a connection of the driver's own is a sandbox: who closes it wants the memory back",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil || !d.endpoint.Sandbox {
				return err
			}
			if err := d.works(ctx); err != nil {
				return err
			}
			d.client.CloseIdle()
			return starts(true, d.call(ctx, event{"do": "echo"}))
		},
	},
}

// atOnce returns n, or fewer if the platform has no room for n calls at once.
func (pt *platformTest) atOnce(n int) int {
	if limit := pt.features.MaxConcurrent; limit > 0 {
		return min(n, limit)
	}
	return n
}

// patiently tries a check of calls that sleep for some milliseconds. On a busy
// machine calls made at once may not meet, and a process may have to wait
// between two lines; then the check returns what looks wrong as again, and is
// tried with a longer sleep.
func patiently(check func(ms int) (again, err error)) error {
	var again, err error
	for _, ms := range []int{300, 1500, 7500} {
		if again, err = check(ms); again == nil || err != nil {
			return err
		}
	}
	return again
}
