package harness

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// throttling is a platform whose control plane refuses everything until a time.
type throttling struct {
	driver.Platform
	until time.Time
	err   error
}

func (p throttling) Features() driver.Features { return driver.Features{} }

func (p throttling) answer() error {
	if time.Now().Before(p.until) {
		return driver.ErrThrottled
	}
	return p.err
}

func (p throttling) Deploy(context.Context, driver.Spec, driver.Package) (driver.Target, error) {
	return driver.Target{}, p.answer()
}

func (p throttling) Retire(context.Context, string) error { return p.answer() }

// TestThrottled: what is throttled for a minute succeeds after it, or fails for
// its own reason, and is given up with its context.
func TestThrottled(t *testing.T) {
	broken := errors.New("broken")
	for _, want := range []error{nil, broken} {
		synctest.Test(t, func(t *testing.T) {
			p := &openPlatform{Platform: throttling{until: time.Now().Add(time.Minute), err: want}}
			brief, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := p.Deploy(brief, driver.Spec{}, driver.Package{})
			require.ErrorIs(t, err, driver.ErrThrottled)
			require.ErrorIs(t, err, context.DeadlineExceeded)

			begun := time.Now()
			_, err = p.Deploy(t.Context(), driver.Spec{}, driver.Package{})
			require.ErrorIs(t, err, want)
			require.ErrorIs(t, p.Retire(t.Context(), "f"), want)
			require.Less(t, time.Since(begun), 63*time.Second)
		})
	}
}
