package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/sebs-go/sebs/harness/driver"
)

// deployRules say what Recipe and Deploy do.
var deployRules = []rule{
	{
		name: "recipe-pure",
		why:  "the recipe is part of the package's digest: if it wavers, nothing is ever found in the store",
		check: func(ctx context.Context, pt *platformTest) error {
			first, err := pt.platform.Recipe(ctx, pt.spec)
			if err == nil && first.Fetch != nil {
				if err = first.Fetch(ctx, io.Discard); err == nil {
					first, err = pt.platform.Recipe(ctx, pt.spec)
				}
			}
			if err != nil {
				return err
			}
			second, err := pt.platform.Recipe(ctx, pt.spec)
			if err != nil {
				return err
			}
			return expect(reflect.DeepEqual(first, second), "two recipes of one spec differ: %+v and %+v", first, second)
		},
	},
	{
		name: "deploy",
		why:  "payloads and results must pass unchanged, whatever is in them",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			want := `{"text":"é ß 日本 \" \\ \n","numbers":[0,-1,0.5,1e+300,9007199254740991],"empty":[{},[],"",null,true,false]}`
			var got struct{ Value any }
			r := d.call(ctx, event{"do": "echo", "value": json.RawMessage(want)})
			if err := r.result(&got); err != nil {
				return err
			}
			var value any
			if err := json.Unmarshal([]byte(want), &value); err != nil {
				return err
			}
			return expect(reflect.DeepEqual(value, got.Value), "the probe echoes %v, want %v", got.Value, value)
		},
	},
	{
		name: "deploy-again",
		why:  "an experiment that is run again must neither pay for a deployment nor lose its warm sandboxes",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			if err := d.works(ctx); err != nil {
				return err
			}
			before := 0
			if pt.options.Writes != nil {
				before = pt.options.Writes(pt.platform)
			}
			if _, err := pt.deploy(ctx); err != nil {
				return fmt.Errorf("again: %w", err)
			}
			if pt.options.Writes != nil {
				after := pt.options.Writes(pt.platform)
				if after != before {
					return fmt.Errorf("a second Deploy without any change made %d changes, want reads only", after-before)
				}
			}
			return starts(false, d.call(ctx, event{"do": "echo"}))
		},
	},
	{
		name: "change-code",
		why:  "otherwise numbers are those of code that is no more",
		check: func(ctx context.Context, pt *platformTest) error {
			for _, variant := range []string{"first", "second"} {
				d, err := pt.deployOn(ctx, pt.platform, variant)
				if err != nil {
					return err
				}
				var got struct{ Variant string }
				r := d.call(ctx, event{"do": "facts"})
				if err := r.result(&got); err != nil {
					return err
				}
				if got.Variant != variant {
					return fmt.Errorf("after the deployment of variant %s, variant %q answers", variant, got.Variant)
				}
			}
			return nil
		},
	},
	{
		name: "change-environment",
		why:  "functions find stores through their environment",
		check: func(ctx context.Context, pt *platformTest) error {
			for _, value := range []string{"first", "second"} {
				d, err := pt.deploy(ctx, with("PROBE_VARIABLE", value))
				if err != nil {
					return err
				}
				if err := d.hasVariable(ctx, "PROBE_VARIABLE", value); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "environment-exact",
		why:  "keys and addresses contain any character, and half a credential is none",
		check: func(ctx context.Context, pt *platformTest) error {
			const value = ` a=b "c" 'd' $e %f% \g	é ; `
			d, err := pt.deploy(ctx, with("PROBE_VARIABLE", value))
			if err != nil {
				return err
			}
			return d.hasVariable(ctx, "PROBE_VARIABLE", value)
		},
	},
	{
		name:    "change-memory",
		why:     "memory is what experiments vary most",
		applies: func(pt *platformTest) bool { return pt.features.MemoryLimits },
		check: func(ctx context.Context, pt *platformTest) error {
			memory := func(mb int) func(*driver.Spec) { return func(s *driver.Spec) { s.Memory = mb } }
			d, err := pt.deploy(ctx, memory(128))
			if err != nil {
				return err
			}
			if err := d.works(ctx); err != nil {
				return err
			}
			if d, err = pt.deploy(ctx, memory(768)); err != nil {
				return err
			}
			r := d.call(ctx, event{"do": "allocate", "mb": 256})
			if err := r.ok(); err != nil {
				return fmt.Errorf("256 MB do not fit after a change of memory from 128 to 768 MB: %w", err)
			}
			return nil
		},
	},
	{
		name: "change-is-cold",
		why:  "a sandbox with the old configuration would answer for the new one",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			for what, change := range map[string]func(*driver.Spec){
				"memory":      func(s *driver.Spec) { s.Memory *= 2 },
				"environment": with("PROBE_VARIABLE", "new"),
			} {
				if err := d.works(ctx); err != nil {
					return err
				}
				if d, err = pt.deploy(ctx, change); err != nil {
					return err
				}
				if err := starts(true, d.call(ctx, event{"do": "echo"})); err != nil {
					return fmt.Errorf("after a change of %s: %w", what, err)
				}
			}
			return nil
		},
	},
	{
		name: "unsupported-runtime",
		why:  "a selection must fail by name before anything is built, and be told from a broken tool",
		check: func(ctx context.Context, pt *platformTest) error {
			s := pt.spec
			s.Runtime = driver.Runtime{Language: "cobol", Version: "74"}
			_, err := pt.platform.Recipe(ctx, s)
			return expect(errors.Is(err, driver.ErrUnsupported), "the recipe for %s gives the error %v, want ErrUnsupported", s.Runtime, err)
		},
	},
}

// hasVariable requires that the function sees an environment variable.
func (d *deployed) hasVariable(ctx context.Context, name, value string) error {
	var got struct{ Environment *string }
	r := d.call(ctx, event{"do": "echo", "environment": name})
	if err := r.result(&got); err != nil {
		return err
	}
	if got.Environment == nil {
		return fmt.Errorf("the function has no variable %s, want %q", name, value)
	}
	return expect(*got.Environment == value, "the function's variable %s is %q, want %q", name, *got.Environment, value)
}
