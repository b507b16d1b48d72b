package harness

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// paced is sim with a control plane that takes its time.
type paced struct {
	*sim.Platform
	pace       driver.Pace
	sequential string
	throttles  time.Time // until then it throttles
	hangs      bool

	mu       sync.Mutex
	under    int // deployments under way
	most     int // of them at once
	deployed []string
}

func (p *paced) Features() driver.Features {
	f := p.Platform.Features()
	f.Pace, f.Sequential = p.pace, p.sequential
	return f
}

// takes takes as long as an operation does.
func (p *paced) takes(ctx context.Context, d time.Duration) error {
	if time.Now().Before(p.throttles) {
		return fmt.Errorf("%w: come back later", driver.ErrThrottled)
	}
	if p.hangs {
		d = 24 * time.Hour
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *paced) Deploy(ctx context.Context, s driver.Spec, pkg driver.Package) (driver.Target, error) {
	p.mu.Lock()
	p.under++
	p.most = max(p.most, p.under)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.under--
		p.mu.Unlock()
	}()
	if err := p.takes(ctx, p.pace.Deploy); err != nil {
		return driver.Target{}, err
	}
	p.mu.Lock()
	p.deployed = append(p.deployed, s.Name)
	p.mu.Unlock()
	return p.Platform.Deploy(ctx, s, pkg)
}

func (p *paced) Retire(ctx context.Context, name string) error {
	if err := p.takes(ctx, p.pace.Retire); err != nil {
		return err
	}
	return p.Platform.Retire(ctx, name)
}

// pacedPlan plans four cells on a platform with a pace. It is for a bubble of
// synctest, where time is not real.
func pacedPlan(t *testing.T) (*plan, *paced) {
	t.Helper()
	p := simPlan(t, `{"copy": "n", "warm": {"constant": "1ms"}, "cold": {"constant": "1ms"}}`, driver.HTTP,
		parameters{MaxSamples: 20, MaxTime: time.Minute}, sim.Options{})
	fn := p.functions[0]
	on := &paced{
		Platform: fn.on.Platform.(*sim.Platform),
		pace:     driver.Pace{Deploy: 40 * time.Second, Retire: 3 * time.Second, Parallel: 2},
	}
	fn.on.Platform = on
	fn.conditions = Conditions{Modes: Modes}.expand(p.run.params, 128)
	return p, on
}

// TestDeployAll: functions are deployed before their cells, as many at once as
// the platform allows, and each opens at once then.
func TestDeployAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, on := pacedPlan(t)
		begun := time.Now()
		p.run.deployAll(p.functions)
		require.Equal(t, 80*time.Second, time.Since(begun), "two rounds of two")
		require.Equal(t, 2, on.most)
		require.Len(t, on.deployed, 4)

		begun = time.Now()
		for _, cond := range p.functions[0].conditions {
			c := p.newCell(p.functions[0], cond, newOrder(1, "").join())
			require.NoError(t, c.open(c.ctx))
			require.Contains(t, on.deployed, c.spec.Name)
		}
		require.Zero(t, time.Since(begun))
		require.Len(t, on.deployed, 4, "none was deployed again")
	})
}

// TestDeployShared: a function that cells share is deployed for each of them,
// when it begins.
func TestDeployShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, on := pacedPlan(t)
		on.sequential = "there may be few"
		p.run.deployAll(p.functions)
		require.Empty(t, on.deployed)
		for _, cond := range p.functions[0].conditions {
			c := p.newCell(p.functions[0], cond, newOrder(1, "").join())
			require.NoError(t, c.open(c.ctx))
		}
		require.Len(t, on.deployed, 4)
		require.Equal(t, on.deployed[0], on.deployed[3])
	})
}

// TestDeployTrouble: a deployment is tried again while the platform throttles,
// and given up after what follows from the pace; the cell says so.
func TestDeployTrouble(t *testing.T) {
	for name, tt := range map[string]struct {
		trouble func(*paced)
		least   time.Duration
		most    time.Duration
		err     string
	}{
		"throttled for a minute":  {func(p *paced) { p.throttles = time.Now().Add(time.Minute) }, 140 * time.Second, 150 * time.Second, ""},
		"throttled for ever":      {func(p *paced) { p.throttles = time.Now().Add(time.Hour) }, 180 * time.Second, 520 * time.Second, "throttled by the platform: come back later"},
		"does not come to an end": {func(p *paced) { p.hangs = true }, 460 * time.Second, 460 * time.Second, "it was given up after 3m50s, and 40s is usual (Features.Pace)"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, on := pacedPlan(t)
				tt.trouble(on)
				begun := time.Now()
				p.run.deployAll(p.functions)
				took := time.Since(begun)
				require.GreaterOrEqual(t, took, tt.least)
				require.LessOrEqual(t, took, tt.most)
				c := p.newCell(p.functions[0], p.functions[0].conditions[0], newOrder(1, "").join())
				err := c.open(c.ctx)
				if tt.err == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, "deploy r0000000-001-model-sim-1-x64-archive-http-128-test-cold: ")
				require.ErrorContains(t, err, tt.err)
			})
		})
	}
}

// TestRetiringIsNoMeasuring: what a cell measures is its calls, and retiring has
// a bound of its own.
func TestRetiringIsNoMeasuring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, on := pacedPlan(t)
		o := newOrder(1, "")
		c := p.newCell(p.functions[0], p.functions[0].conditions[0], o.join())
		require.NoError(t, c.open(c.ctx))
		o.start()
		c.turn.wait()
		require.NoError(t, c.begin())
		for range 3 {
			require.Equal(t, 3*time.Second, c.Batch(t.Context())[0].Retire)
		}
		require.Equal(t, 3*time.Millisecond, c.sampler.measured)
		require.Equal(t, 9*time.Second, c.sampler.retired)
		require.True(t, c.wantsMore())

		require.Equal(t, 5*20*3*time.Second+30*time.Second, c.sampler.patience)
		on.pace.Retire = 100 * time.Second // of which it says three
		for c.wantsMore() {
			c.Batch(t.Context())
		}
		require.Equal(t, "retiring took 6m49s", c.sampler.stopped)
	})
}

// TestPackageTooLarge: a package that the platform does not take is not
// deployed, and the cell says why.
func TestPackageTooLarge(t *testing.T) {
	p := simPlan(t, `{}`, driver.HTTP, parameters{}, sim.Options{})
	fn := p.functions[0]
	fn.on.Platform = small{fn.on.Platform}
	fn.built.Size = 51
	d := fn.prepare(t.Context(), p.run, condition{memory: 128, size: Test, mode: Cold})
	require.ErrorIs(t, d.err, driver.ErrUnsupported)
	require.ErrorContains(t, d.err, "001.model sim-1: a package of 51 bytes: not supported by this platform, where an archive has 50 at most")
}

// small is a platform that takes small packages.
type small struct{ driver.Platform }

func (s small) Features() driver.Features {
	f := s.Platform.Features()
	f.MaxPackage = map[driver.Kind]int64{driver.Archive: 50}
	return f
}
