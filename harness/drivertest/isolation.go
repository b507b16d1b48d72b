package drivertest

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// isolationRules say that what a handler does stays in its sandbox.
var isolationRules = []rule{
	{
		Name: "files-kept",
		Why:  "functions keep what they downloaded under /tmp for the next call",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Function(ctx)
			if err != nil {
				return err
			}
			name := "kept-" + probe.Word()
			first := f.Call(ctx, probe.Event{"do": "write", "name": name, "text": "content"})
			r, err := f.Meet(ctx, first, probe.Event{"do": "list"})
			if err != nil {
				return err
			}
			names, err := files(r)
			if err != nil {
				return err
			}
			return rules.Expect(slices.Contains(names, name), "the sandbox's next call finds %v in its temporary folder, want %s", names, name)
		},
	},
	{
		Name: "leftover-files",
		Why:  "a cold start must not find what an earlier one downloaded",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			name := "left-" + probe.Word()
			r := f.Call(ctx, probe.Event{"do": "write", "name": name, "text": "content"})
			if err := r.OK(); err != nil {
				return err
			}
			if f, err = s.Renew(ctx, f); err != nil {
				return err
			}
			names, err := files(f.Call(ctx, probe.Event{"do": "list"}))
			if err != nil {
				return err
			}
			return rules.Expect(!slices.Contains(names, name), "a new sandbox finds the file %s of an earlier one", name)
		},
	},
	{
		Name: "leftover-processes",
		Why:  "what an earlier sandbox left running competes with what is measured",
		Check: func(ctx context.Context, s *subject) error {
			f, err := s.Own(ctx)
			if err != nil {
				return err
			}
			// A fraction of a second, as it is an argument of sleep.
			marker := strconv.Itoa(1e8 + rand.IntN(9e8))
			r := f.Call(ctx, probe.Event{"do": "spawn", "processes": 3, "marker": marker})
			if err := r.OK(); err != nil {
				return err
			}
			if err := f.After(ctx, "a call that left processes"); err != nil {
				return err
			}
			if f, err = s.Renew(ctx, f); err != nil {
				return err
			}
			var got struct{ Processes int }
			r = f.Call(ctx, probe.Event{"do": "leftovers", "marker": marker})
			if err := r.Result(&got); err != nil {
				return err
			}
			return rules.Expect(got.Processes == 0, "a new sandbox sees %d processes of an earlier one", got.Processes)
		},
	},
}

// files are the names of the sandbox's temporary folder, of a reply.
func files(r probe.Reply) ([]string, error) {
	var got struct{ Names []string }
	err := r.Result(&got)
	return got.Names, err
}
