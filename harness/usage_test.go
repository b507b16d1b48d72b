package harness

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
	"github.com/sebs-go/sebs/platforms/sim"
)

// lateUsage is the platform sim, which tells the usage of calls late: after a
// delay, or never.
type lateUsage struct {
	*sim.Platform
	usual time.Duration // as it says
	after time.Duration // as it is
	never string        // what the ids of calls end in that it never tells
	fails int           // questions that fail
	asked []time.Duration
	from  time.Time
}

func (p *lateUsage) Features() driver.Features {
	f := p.Platform.Features()
	f.UsageDelay = p.usual
	return f
}

func (p *lateUsage) Meter(ctx context.Context, t driver.Target, calls []driver.MeteredCall) iter.Seq2[driver.Usage, error] {
	return func(yield func(driver.Usage, error) bool) {
		p.asked = append(p.asked, time.Since(p.from))
		if err := ctx.Err(); err != nil || len(p.asked) <= p.fails {
			yield(driver.Usage{}, errors.Join(err, errors.New("the logs are away")))
			return
		}
		for _, c := range calls {
			if time.Since(c.Received) < p.after || p.never != "" && strings.HasSuffix(c.Request, p.never) {
				continue
			}
			if !yield(driver.Usage{Request: c.Request, Billed: 100 * time.Millisecond}, nil) {
				return
			}
		}
	}
}

// TestUsageAtTheEndOfARun: what a platform tells late is waited for as long as it
// usually takes, some times over, and what is missing is counted.
func TestUsageAtTheEndOfARun(t *testing.T) {
	const minute = time.Minute
	zero := time.Duration(0)
	tests := map[string]struct {
		late        lateUsage
		wait        *time.Duration // SEBS_USAGE
		interrupted error
		asked       []time.Duration // since the cell ended
		missing     int
		told        string
	}{
		"as usual":      {late: lateUsage{usual: minute, after: minute}, asked: []time.Duration{minute}},
		"at once":       {late: lateUsage{}, asked: []time.Duration{0}},
		"later":         {late: lateUsage{usual: minute, after: 100 * time.Second}, asked: []time.Duration{minute, 90 * time.Second, 2 * minute}},
		"never":         {late: lateUsage{usual: minute, after: minute, never: "-3"}, asked: []time.Duration{minute, 90 * time.Second, 2 * minute, 150 * time.Second, 3 * minute}, missing: 1, told: "has not told the usage of 1 call; make usage"},
		"asked once":    {late: lateUsage{usual: minute, after: minute}, wait: &zero, asked: []time.Duration{0}, missing: 5, told: "5 calls"},
		"not for long":  {late: lateUsage{usual: minute, after: 2 * minute}, wait: new(70 * time.Second), asked: []time.Duration{minute, 70 * time.Second}, missing: 5, told: "5 calls"},
		"it fails once": {late: lateUsage{usual: minute, fails: 1}, asked: []time.Duration{minute, 90 * time.Second}},
		"it fails":      {late: lateUsage{fails: 9}, asked: []time.Duration{0}, missing: 5, told: "5 calls"},
		"interrupted":   {late: lateUsage{usual: minute}, interrupted: errors.New("a signal"), asked: []time.Duration{0}},
		"out of time":   {late: lateUsage{usual: minute}, interrupted: errTimeOver, missing: 5, told: "5 calls"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := simCell(t, quick, Sequential, driver.HTTP, parameters{MaxSamples: 9, MaxTime: time.Hour, Usage: tt.wait})
				late := tt.late
				late.Platform = c.fn.on.Platform.(*sim.Platform)
				c.fn.on.Platform = &late
				require.NoError(t, c.begin()) // again, in a folder of its own, on this platform
				for range 5 {
					c.Batch(t.Context())
				}
				require.NoError(t, c.close())
				c.client.Close()
				r := c.run
				require.Equal(t, 5, r.cells[0].summary.UsageMissing)
				late.from = time.Now()
				if tt.interrupted != nil {
					r.cancel(tt.interrupted)
				}
				r.askUsage()

				require.Equal(t, tt.asked, late.asked)
				s := r.cells[0].summary
				require.Equal(t, tt.missing, s.UsageMissing)
				require.Equal(t, 5-tt.missing, s.Metric(results.BilledTime).N)
				if tt.told != "" {
					require.Contains(t, results.Table(&r.manifest, r.summaries()), tt.told)
				}
				if name == "it fails" {
					require.Equal(t, []string{"ask sim for usage: the logs are away"}, r.notes)
				} else {
					require.Empty(t, r.notes)
				}
			})
		})
	}
}
