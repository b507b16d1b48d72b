package harness

import (
	"context"
	"iter"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
)

// removable is a platform with functions of which each takes a second to be
// removed, and a control plane of so many calls in any second.
type removable struct {
	driver.Platform
	perSecond int

	mu        sync.Mutex
	begun     []time.Time // calls
	functions map[string]bool
}

func newRemovable(n, perSecond int) *removable {
	p := &removable{perSecond: perSecond, functions: map[string]bool{}}
	for i := range n {
		p.functions["r1-"+strconv.Itoa(i)] = true
	}
	return p
}

func (p *removable) Features() driver.Features {
	return driver.Features{Pace: driver.Pace{Remove: time.Second, Parallel: p.perSecond}}
}

// enter takes a call, unless there were too many in the last second. The caller
// holds mu.
func (p *removable) enter() error {
	now := time.Now()
	for len(p.begun) > 0 && now.Sub(p.begun[0]) >= time.Second {
		p.begun = p.begun[1:]
	}
	if len(p.begun) >= p.perSecond {
		return driver.ErrThrottled
	}
	p.begun = append(p.begun, now)
	return nil
}

func (p *removable) Resources(context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if err := p.enter(); err != nil {
			yield(driver.Resource{}, err)
			return
		}
		for name := range p.functions {
			if !yield(driver.Resource{Kind: "function", Name: name}, nil) {
				return
			}
		}
	}
}

func (p *removable) Remove(ctx context.Context, r driver.Resource) error {
	p.mu.Lock()
	err := p.enter()
	p.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.functions, r.Name)
	return nil
}

func (p *removable) Close(context.Context) error { return nil }

// removalBar: the end of a run removes as fast as the platform allows.
func removalBar(t *testing.T) {
	t.Helper()
	const n, perSecond = 100, 15
	platform := newRemovable(n, perSecond)
	r := &run{ledger: cleanup.NewLedger(filepath.Join(t.TempDir(), cleanup.LedgerFile))}
	on := &openPlatform{Platform: platform, name: "removable", run: r}
	begun := time.Now()
	require.Empty(t, on.close(t.Context(), false))
	took := time.Since(begun)
	require.Empty(t, platform.functions)
	bound := platform.Features().Pace.Takes(n, time.Second)
	bar.AtMost(t, "removal of 100 resources, of bound", took.Seconds()/bound.Seconds(), 1.2, "x")
}
