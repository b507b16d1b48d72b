package drivertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// isolationRules say that what a handler does stays in its sandbox.
var isolationRules = []rule{
	{
		name: "prints",
		why:  "handlers print, and their output must neither mix with answers nor fill a pipe",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			const size = 256 << 10
			var got struct{ Printed int }
			r := d.call(ctx, event{"do": "print", "text": `{"result":"printed"}`, "bytes": size})
			if err := r.result(&got); err != nil {
				return err
			}
			if got.Printed != size {
				return fmt.Errorf("the answer to a handler that prints is %s", r.Answer.Result)
			}
			return starts(false, d.call(ctx, event{"do": "echo"}))
		},
	},
	{
		name: "children",
		why:  "a process that a handler leaves must neither take a request nor answer one, whatever it reads and prints",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			marker := strconv.Itoa(1e8 + rand.IntN(9e8))
			for range 3 {
				r := d.call(ctx, event{"do": "leave", "marker": marker})
				if err := r.ok(); err != nil {
					return err
				}
				if err := starts(false, d.call(ctx, event{"do": "sleep", "ms": 50})); err != nil {
					return fmt.Errorf("after a call that left a process: %w", err)
				}
			}
			return d.after(ctx, "calls that left processes")
		},
	},
	{
		name: "files-kept",
		why:  "functions keep what they downloaded under /tmp for the next call",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			name := "kept-" + word()
			first := d.call(ctx, event{"do": "write", "name": name, "text": "content"})
			if err := first.ok(); err != nil {
				return err
			}
			names, err := d.files(ctx)
			if err != nil {
				return err
			}
			return expect(slices.Contains(names, name), "the sandbox's next call finds %v in its temporary folder, want %s", names, name)
		},
	},
	{
		name: "leftover-files",
		why:  "a cold start must not find what an earlier one downloaded",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			name := "left-" + word()
			r := d.call(ctx, event{"do": "write", "name": name, "text": "content"})
			if err := r.ok(); err != nil {
				return err
			}
			if d, err = pt.renew(ctx, d); err != nil {
				return err
			}
			names, err := d.files(ctx)
			if err != nil {
				return err
			}
			return expect(!slices.Contains(names, name), "a new sandbox finds the file %s of an earlier one", name)
		},
	},
	{
		name: "leftover-processes",
		why:  "what an earlier sandbox left running competes with what is measured",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			// A fraction of a second, as it is an argument of sleep.
			marker := strconv.Itoa(1e8 + rand.IntN(9e8))
			r := d.call(ctx, event{"do": "spawn", "processes": 3, "marker": marker})
			if err := r.ok(); err != nil {
				return err
			}
			if err := d.after(ctx, "a call that left processes"); err != nil {
				return err
			}
			if d, err = pt.renew(ctx, d); err != nil {
				return err
			}
			var got struct{ Processes int }
			r = d.call(ctx, event{"do": "leftovers", "marker": marker})
			if err := r.result(&got); err != nil {
				return err
			}
			return expect(got.Processes == 0, "a new sandbox sees %d processes of an earlier one", got.Processes)
		},
	},
}

// files lists the sandbox's temporary folder.
func (d *deployed) files(ctx context.Context) ([]string, error) {
	var got struct{ Names []string }
	r := d.call(ctx, event{"do": "list"})
	err := r.result(&got)
	return got.Names, err
}
