package invoke

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// credential is what Authorize returned.
type credential struct {
	header http.Header
	until  time.Time // the zero time: for ever
	renew  time.Time // when to ask again: before until
	head   []byte    // of a call with it, where nothing is signed
}

// renewBefore is how long before its end a credential is renewed; one that is
// valid for less than twice as long, in the middle of its time.
const renewBefore = time.Minute

// valid reports whether the credential can be used at a time.
func (c *credential) valid(at time.Time) bool { return c.until.IsZero() || at.Before(c.until) }

// fresh reports whether it need not be renewed yet.
func (c *credential) fresh(at time.Time) bool { return c.until.IsZero() || at.Before(c.renew) }

// credentials are fetched when they are first needed, and renewed before they
// expire.
type credentials struct {
	fetch func(ctx context.Context) (http.Header, time.Time, error)
	head  func(http.Header) []byte

	now  atomic.Pointer[credential]
	turn chan struct{} // held by who fetches
}

func newCredentials(fetch func(context.Context) (http.Header, time.Time, error), head func(http.Header) []byte) *credentials {
	return &credentials{fetch: fetch, head: head, turn: make(chan struct{}, 1)}
}

// get returns what is valid now; of nil, nothing. One caller fetches, the others wait for it, or
// go on with what they have while that is valid.
func (c *credentials) get(ctx context.Context) (*credential, error) {
	if c == nil {
		return nil, nil
	}
	for {
		at := time.Now()
		now := c.now.Load()
		if now != nil && now.fresh(at) {
			return now, nil
		}
		if now != nil && now.valid(at) {
			select {
			case c.turn <- struct{}{}:
			default: // it is being renewed
				return now, nil
			}
		} else {
			select {
			case c.turn <- struct{}{}:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if c.now.Load() != now { // another has fetched meanwhile
			<-c.turn
			continue
		}
		fetched, err := c.renew(ctx)
		<-c.turn
		if err == nil {
			return fetched, nil
		}
		if now != nil && now.valid(time.Now()) {
			return now, nil
		}
		return nil, fmt.Errorf("authorize the call: %w", err)
	}
}

// renew fetches.
func (c *credentials) renew(ctx context.Context) (*credential, error) {
	header, until, err := c.fetch(ctx)
	if err != nil {
		return nil, err
	}
	at := time.Now()
	n := &credential{header: header, until: until, head: c.head(header)}
	if !n.valid(at) {
		return nil, errors.New("the platform's credentials have expired already: is the clock of this machine right?")
	}
	n.renew = until.Add(-min(renewBefore, until.Sub(at)/2))
	c.now.Store(n)
	return n, nil
}
