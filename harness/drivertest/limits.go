package drivertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
)

// limitRules say that the limits in Features are the real ones.
var limitRules = []rule{
	{
		name: "features",
		why:  "names, selections and payloads are made by the limits before anything is tried",
		check: func(_ context.Context, pt *platformTest) error {
			f := pt.platform.Features()
			var errs []error
			for _, trigger := range f.Triggers {
				l := f.Limits[trigger]
				errs = append(errs, expect(l.MaxPayload > 0 && l.MaxReply > 0, "payloads of %d and replies of %d bytes by the trigger %s, want more", l.MaxPayload, l.MaxReply, trigger))
			}
			return errors.Join(append(errs,
				expect(len(f.Runtimes) > 0 && len(f.Kinds) > 0 && len(f.Architectures) > 0 && len(f.Triggers) > 0,
					"runtimes %v, kinds %v, architectures %v, triggers %v: want at least one of each", f.Runtimes, f.Kinds, f.Architectures, f.Triggers),
				expect(f.MaxName >= 32, "the longest name has %d bytes, want at least 32", f.MaxName))...)
		},
	},
	{
		name: "longest-name",
		why:  "names of benchmarks are as long as their authors like",
		check: func(ctx context.Context, pt *platformTest) error {
			pt.spec.Benchmark = "000.probe" + strings.Repeat("-long", 100)
			pt.spec.Name = driver.FunctionName(pt.prefix, pt.spec, pt.features.MaxName)
			if len(pt.spec.Name) != pt.features.MaxName {
				return fmt.Errorf("the name %s has %d bytes, want %d", pt.spec.Name, len(pt.spec.Name), pt.features.MaxName)
			}
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			return d.works(ctx)
		},
	},
	{
		name: "largest-payload",
		why:  "an input that fits by the limit must arrive whole",
		check: func(ctx context.Context, pt *platformTest) error {
			r, length, err := pt.sendPayload(ctx, pt.limits().MaxPayload)
			if err != nil {
				return err
			}
			var got struct{ Length int }
			if err := r.result(&got); err != nil {
				return err
			}
			return expect(got.Length == length, "a value of %d bytes arrives with %d", length, got.Length)
		},
	},
	{
		name: "payload-too-large",
		why:  "an input that is cut off or refused without a word costs a day of search",
		check: func(ctx context.Context, pt *platformTest) error {
			r, _, err := pt.sendPayload(ctx, pt.limits().MaxPayload+1)
			if err != nil {
				return err
			}
			return r.fails(driver.Protocol)
		},
	},
	{
		name: "largest-reply",
		why:  "an output that fits by the limit must arrive whole",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			want := pt.limits().MaxReply - contractBytes
			var got struct{ Filler string }
			r := d.call(ctx, event{"do": "fill", "bytes": want})
			if err := r.result(&got); err != nil {
				return err
			}
			return expect(len(got.Filler) == want, "a result of %d bytes arrives with %d", want, len(got.Filler))
		},
	},
	{
		name: "reply-too-large",
		why:  "half an answer must not look like one, and the next call must not pay for it",
		check: func(ctx context.Context, pt *platformTest) error {
			d, err := pt.deploy(ctx)
			if err != nil {
				return err
			}
			r := d.call(ctx, event{"do": "fill", "bytes": pt.limits().MaxReply + 1})
			if err := r.fails(driver.Protocol); err != nil {
				return err
			}
			return d.after(ctx, "a reply that is too large")
		},
	},
}

// contractBytes is more than the answer's other members have.
const contractBytes = 4096

// limits are those of the rule's trigger.
func (pt *platformTest) limits() driver.Limits { return pt.features.Limits[pt.spec.Trigger] }

// sendPayload calls the probe with a payload of exactly n bytes, and returns
// the length of the value in it. The function must work afterwards.
func (pt *platformTest) sendPayload(ctx context.Context, n int) (*reply, int, error) {
	d, err := pt.deploy(ctx, func(s *driver.Spec) { s.Memory = 1024 })
	if err != nil {
		return nil, 0, err
	}
	frame, err := json.Marshal(event{"do": "length", "value": ""})
	if err != nil {
		return nil, 0, err
	}
	length := n - len(frame)
	value := strings.Repeat("é", length/2) + strings.Repeat("x", length%2) // limits are of bytes in UTF-8
	payload := bytes.Replace(frame, []byte(`""`), []byte(`"`+value+`"`), 1)
	r := new(reply)
	d.send(ctx, payload, r)
	return r, length, d.after(ctx, fmt.Sprintf("a payload of %d bytes", n))
}
