package stores_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/stores"
	_ "github.com/sebs-go/sebs/platforms/sim"
)

var errStart = errors.New("no room for it")

func TestLazyStartsOnce(t *testing.T) {
	var starts, stops atomic.Int32
	l := stores.NewLazy(func(context.Context) (string, func() error, error) {
		starts.Add(1)
		return "store", func() error { stops.Add(1); return nil }, nil
	})
	_, ok, err := l.Started(t.Context())
	require.NoError(t, err)
	require.False(t, ok)
	require.Zero(t, starts.Load(), "it is not used yet")

	var users sync.WaitGroup
	for range 50 {
		users.Go(func() {
			got, err := l.Get(t.Context())
			if err != nil || got != "store" {
				t.Errorf("got %q: %v", got, err)
			}
		})
	}
	users.Wait()
	require.EqualValues(t, 1, starts.Load())
	got, ok, err := l.Started(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "store", got)

	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	require.EqualValues(t, 1, stops.Load(), "it is stopped once")
	_, err = l.Get(t.Context())
	require.ErrorIs(t, err, stores.ErrClosed)
	_, ok, err = l.Started(t.Context())
	require.NoError(t, err)
	require.False(t, ok)
	require.EqualValues(t, 1, starts.Load())
}

func TestLazyTriesAgain(t *testing.T) {
	fails := true
	l := stores.NewLazy(func(context.Context) (int, func() error, error) {
		if fails {
			return 0, nil, errStart
		}
		return 7, func() error { return errors.New("it does not stop") }, nil
	})
	_, err := l.Get(t.Context())
	require.ErrorIs(t, err, errStart)
	_, ok, err := l.Started(t.Context())
	require.NoError(t, err)
	require.False(t, ok)
	fails = false
	got, err := l.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, 7, got)
	require.ErrorContains(t, l.Close(), "it does not stop")
	require.NoError(t, l.Close())
}

func TestLazyThatWasNeverUsed(t *testing.T) {
	l := stores.NewLazy(func(context.Context) (int, func() error, error) {
		t.Error("it was started")
		return 0, func() error { return nil }, nil
	})
	done, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.Get(done)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, l.Close())
	_, err = l.Get(t.Context())
	require.ErrorIs(t, err, stores.ErrClosed)
}

// Who waits for the start of another gives up with its own context, and starts
// it itself if the other was the one that gave up.
func TestLazyWhileItStarts(t *testing.T) {
	begun := make(chan struct{}, 2)
	l := stores.NewLazy(func(ctx context.Context) (int, func() error, error) {
		begun <- struct{}{}
		<-ctx.Done()
		if errors.Is(context.Cause(ctx), errStart) {
			return 0, nil, errStart
		}
		return 1, func() error { return nil }, nil
	})
	first, fail := context.WithCancelCause(t.Context())
	firstErr := make(chan error, 1)
	go func() {
		_, err := l.Get(first)
		firstErr <- err
	}()
	<-begun
	impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := l.Get(impatient)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, _, err = l.Started(impatient)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	second, succeed := context.WithCancel(t.Context())
	secondErr := make(chan error, 1)
	go func() {
		_, err := l.Get(second)
		secondErr <- err
	}()
	fail(errStart)
	require.ErrorIs(t, <-firstErr, errStart)
	<-begun
	succeed()
	require.NoError(t, <-secondErr)
	require.NoError(t, l.Close())
}

// run is the run of the memory stores of sim, which stand for any others.
var run = driver.Run{ID: "r1", Prefix: "r1", Expiry: time.Now().Add(time.Hour).Truncate(time.Second)}

func open(t *testing.T) (s *stores.Stores, started *[]string) {
	t.Helper()
	opened := run
	opened.Dir, opened.Log = t.TempDir(), t.Output()
	p, err := driver.Open(t.Context(), "sim", opened)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	started = &[]string{}
	stop := func() error { return nil }
	s = stores.New(run, func(ctx context.Context) (driver.Buckets, func() error, error) {
		*started = append(*started, "buckets")
		b, err := p.Buckets(ctx)
		return b, stop, err
	}, func(ctx context.Context) (driver.Tables, func() error, error) {
		*started = append(*started, "tables")
		b, err := p.Tables(ctx)
		return b, stop, err
	})
	return s, started
}

func listed(t *testing.T, s *stores.Stores) (all []driver.Resource) {
	t.Helper()
	for r, err := range s.Resources(t.Context()) {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

func TestResources(t *testing.T) {
	s, started := open(t)
	require.Empty(t, listed(t, s))
	require.NoError(t, s.Remove(t.Context(), driver.Resource{Kind: "bucket", Name: "r1-b"}), "what was not started has nothing")
	require.NoError(t, s.Remove(t.Context(), driver.Resource{Kind: "table", Name: "r1-t"}))
	require.Empty(t, *started, "looking starts nothing")

	b, err := s.Buckets(t.Context())
	require.NoError(t, err)
	require.NoError(t, b.Create(t.Context(), "r1-b"))
	require.NoError(t, b.Create(t.Context(), "r1-c"))
	bucket := driver.Resource{Kind: "bucket", Name: "r1-b", Run: "r1", Expiry: run.Expiry}
	other := driver.Resource{Kind: "bucket", Name: "r1-c", Run: "r1", Expiry: run.Expiry}
	require.Equal(t, []driver.Resource{bucket, other}, listed(t, s))
	require.Equal(t, []string{"buckets"}, *started)

	tables, err := s.Tables(t.Context())
	require.NoError(t, err)
	require.NoError(t, tables.Create(t.Context(), driver.Table{Name: "r1-t", Primary: "id"}))
	table := driver.Resource{Kind: "table", Name: "r1-t", Run: "r1", Expiry: run.Expiry}
	require.Equal(t, []driver.Resource{bucket, other, table}, listed(t, s))
	for r := range s.Resources(t.Context()) {
		require.Equal(t, bucket, r)
		break
	}

	require.NoError(t, s.Remove(t.Context(), bucket))
	require.NoError(t, s.Remove(t.Context(), table))
	require.Equal(t, []driver.Resource{other}, listed(t, s))
	err = s.Remove(t.Context(), driver.Resource{Kind: "queue", Name: "r1-q"})
	require.ErrorIs(t, err, driver.ErrUnsupported)
	require.ErrorContains(t, err, "queue")

	done, cancel := context.WithCancel(t.Context())
	cancel()
	var errs []error
	for _, err := range s.Resources(done) {
		errs = append(errs, err)
	}
	require.NotEmpty(t, errs)
	require.True(t, slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, context.Canceled) }))

	require.NoError(t, s.Close())
	require.Empty(t, listed(t, s))
	_, err = s.Buckets(t.Context())
	require.ErrorIs(t, err, stores.ErrClosed)
	_, err = s.Tables(t.Context())
	require.ErrorIs(t, err, stores.ErrClosed)
}

func TestCloseStopsBoth(t *testing.T) {
	errBuckets, errTables := errors.New("buckets stay"), errors.New("tables stay")
	s := stores.New(run,
		func(context.Context) (driver.Buckets, func() error, error) {
			return nil, func() error { return errBuckets }, nil
		},
		func(context.Context) (driver.Tables, func() error, error) {
			return nil, func() error { return errTables }, nil
		})
	_, err := s.Buckets(t.Context())
	require.NoError(t, err)
	_, err = s.Tables(t.Context())
	require.NoError(t, err)
	err = s.Close()
	require.ErrorIs(t, err, errBuckets)
	require.ErrorIs(t, err, errTables)
}
