package contract

import (
	"context"
	"fmt"

	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// countRules say how an answer names and counts what serves.
var countRules = []rules.Rule[*probe.Session]{
	{
		Name: "answer-count",
		Why:  "the number of a call in its process explains caches, compilers and leaks",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := sameSandbox(ctx, s)
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
		Name: "answer-sandbox",
		Why:  "sandboxes are counted by their ids",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := sameSandbox(ctx, s)
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
		Name: "answer-memory",
		Why:  "people choose a memory size by the peak that is reported",
		Check: func(ctx context.Context, s *probe.Session) error {
			replies, err := answers(ctx, s, probe.Event{"do": "echo"}, probe.Event{"do": "allocate", "mb": 96})
			if err != nil {
				return err
			}
			if replies[0].Answer.Memory <= 0 {
				return fmt.Errorf("memory_bytes is %d, want more than 0", replies[0].Answer.Memory)
			}
			peak := replies[1].Answer.Memory
			return rules.Expect(peak >= 90<<20, "memory_bytes is %d for a process that used 96 MB", peak)
		},
	},
}

// sameSandbox calls a new sandbox, and then twice more.
func sameSandbox(ctx context.Context, s *probe.Session) ([]probe.Reply, error) {
	f, err := s.Fresh(ctx)
	if err != nil {
		return nil, err
	}
	echo := probe.Event{"do": "echo"}
	replies := []probe.Reply{f.Call(ctx, echo)}
	for range 2 {
		r, err := f.Meet(ctx, replies[0], echo)
		if err != nil {
			return nil, err
		}
		replies = append(replies, r)
	}
	return replies, nil
}
