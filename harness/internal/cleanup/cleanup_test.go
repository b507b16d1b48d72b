package cleanup_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
)

// service is a platform that is nothing but its inventory: a control plane that
// takes a second for a removal and 15 calls in any second.
type service struct {
	pace  driver.Pace
	takes time.Duration                                // a removal
	lag   time.Duration                                // until the list shows what exists, and no longer what does not
	fail  func(r driver.Resource, attempt int) error   // of a removal
	deny  func(since time.Duration, call string) error // of any call

	opened time.Time

	mu       sync.Mutex
	exists   []driver.Resource
	made     map[string]time.Time
	calls    []time.Time
	attempts map[string]int
}

const removal = time.Second

func newService(n int) *service {
	s := &service{
		pace:   driver.Pace{Remove: removal, Parallel: 15},
		takes:  removal,
		opened: time.Now(), made: map[string]time.Time{}, attempts: map[string]int{},
	}
	for i := range n {
		s.exists = append(s.exists, driver.Resource{Kind: "function", Name: fmt.Sprintf("r1-%03d", i)})
	}
	return s
}

func (s *service) Features() driver.Features { return driver.Features{Pace: s.pace} }

// enter is what every call begins with.
func (s *service) enter(ctx context.Context, call string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	if s.deny != nil {
		if err := s.deny(now.Sub(s.opened), call); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = slices.DeleteFunc(s.calls, func(at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(s.calls) >= 15 {
		return fmt.Errorf("rate exceeded: %w", driver.ErrThrottled)
	}
	s.calls = append(s.calls, now)
	return nil
}

func (s *service) Resources(ctx context.Context) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		if err := s.enter(ctx, "list"); err != nil {
			yield(driver.Resource{}, err)
			return
		}
		s.mu.Lock()
		all := slices.Clone(s.exists)
		s.mu.Unlock()
		for _, r := range all {
			if time.Since(s.made[r.Name]) >= s.lag && !yield(r, nil) {
				return
			}
		}
	}
}

func (s *service) Remove(ctx context.Context, r driver.Resource) error {
	if err := s.enter(ctx, "remove"); err != nil {
		return err
	}
	if !(driver.Run{Prefix: "r1"}).Owns(r.Name) {
		return driver.ErrNotOurs
	}
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts[r.Name]++
	if s.fail != nil {
		if err := s.fail(r, s.attempts[r.Name]); err != nil {
			return err
		}
	}
	s.exists = slices.DeleteFunc(s.exists, func(have driver.Resource) bool { return have.Kind == r.Kind && have.Name == r.Name })
	return nil
}

// TestPace: a hundred resources go within the pace of the platform.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(100)
		require.Empty(t, cleanup.Remove(t.Context(), s, nil, nil))
		require.Empty(t, s.exists)
		least := s.pace.Takes(100, removal)
		require.LessOrEqual(t, time.Since(s.opened).Seconds(), 1.2*least.Seconds())
	})
}

// TestLedgerAndList: what only one of the two has is removed, each once.
func TestLedgerAndList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(2)
		late := driver.Resource{Kind: "function", Name: "r1-late"}
		s.lag, s.exists = 30*time.Second, append(s.exists, late)
		s.made[late.Name] = time.Now()
		ledger := []driver.Resource{
			late, s.exists[0],
			{Kind: "function", Name: "r1-never-made"},
			{Kind: "function", Name: "somebody-elses"},
		}
		require.Empty(t, cleanup.Remove(t.Context(), s, ledger, nil))
		require.Empty(t, s.exists)
		for name, n := range s.attempts {
			require.Equal(t, 1, n, name)
		}
	})
}

func TestWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(10)
		wanted := func(r driver.Resource, _ bool) bool { return r.Name < "r1-005" }
		ledger := []driver.Resource{{Kind: "bucket", Name: "r1-009"}}
		require.Empty(t, cleanup.Remove(t.Context(), s, ledger, wanted))
		require.Len(t, s.exists, 5)
		require.NotContains(t, s.attempts, "r1-009")
	})
}

// TestBadPlatforms: what is left is told with its reason, in bounded time.
func TestBadPlatforms(t *testing.T) {
	gone := errors.New("connection refused")
	for _, tt := range []struct {
		name   string
		change func(s *service)
		left   int
		err    error
		within time.Duration
	}{
		{"throttled for a minute", func(s *service) {
			s.deny = func(since time.Duration, _ string) error {
				if since < time.Minute {
					return driver.ErrThrottled
				}
				return nil
			}
		}, 0, nil, 80 * time.Second},
		{"throttled for ever", func(s *service) {
			s.deny = func(time.Duration, string) error { return driver.ErrThrottled }
		}, 11, driver.ErrThrottled, 3 * time.Minute},
		{"gone", func(s *service) {
			s.deny = func(time.Duration, string) error { return gone }
		}, 11, gone, 10 * time.Second},
		{"gone after its list", func(s *service) {
			s.deny = func(_ time.Duration, call string) error {
				if call == "remove" {
					return gone
				}
				return nil
			}
		}, 10, gone, 10 * time.Second},
		{"no list", func(s *service) {
			s.deny = func(_ time.Duration, call string) error {
				if call == "list" {
					return gone
				}
				return nil
			}
		}, 1, gone, 10 * time.Second},
		{"a removal fails", func(s *service) {
			s.fail = func(r driver.Resource, _ int) error {
				if r.Name == "r1-003" {
					return gone
				}
				return nil
			}
		}, 1, gone, 10 * time.Second},
		{"a removal fails at first", func(s *service) {
			s.fail = func(_ driver.Resource, attempt int) error {
				if attempt < 3 {
					return gone
				}
				return nil
			}
		}, 0, nil, 10 * time.Second},
		{"one waits for another", func(s *service) {
			s.fail = func(r driver.Resource, _ int) error {
				if s.exists[len(s.exists)-1].Name != r.Name {
					return errors.New("it is in use")
				}
				return nil
			}
		}, 0, nil, 30 * time.Second},
		{"denied", func(s *service) {
			s.fail = func(_ driver.Resource, attempt int) error {
				if attempt > 1 {
					panic("it was tried again")
				}
				return driver.ErrDenied
			}
		}, 10, driver.ErrDenied, 10 * time.Second},
		{"no answer", func(s *service) {
			s.takes = time.Hour
		}, 10, context.DeadlineExceeded, 3 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(10)
				ledger := slices.Clone(s.exists)
				tt.change(s)
				left := cleanup.Remove(t.Context(), s, ledger, nil)
				require.Len(t, left, tt.left, "%v", left)
				for _, l := range left {
					require.ErrorIs(t, l.Err, tt.err)
				}
				require.Less(t, time.Since(s.opened), tt.within)
			})
		})
	}
}

// TestCancelled: no call is made after the context is done.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newService(3)
	left := cleanup.Remove(ctx, s, s.exists, nil)
	require.Len(t, left, 4)
	for _, l := range left {
		require.ErrorIs(t, l.Err, context.Canceled)
	}
	require.Empty(t, s.calls)
}
