package load_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/load"
)

func ExampleRun() {
	var answered atomic.Int64
	report, err := load.Run(context.Background(), load.Every(time.Millisecond, 20), 8,
		func(ctx context.Context, i int, intended time.Time) {
			answered.Add(1) // a call, whose latency counts from intended
		})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Issued, "of", report.Planned, "issued,", answered.Load(), "answered")
	// Output:
	// 20 of 20 issued, 20 answered
}

// begun is a call as its function saw it.
type begun struct {
	i            int
	at, intended time.Duration // since the run's start
}

// carryOut runs a plan inside a synctest bubble with calls that take the given
// time, and returns the calls in the order of their index.
func carryOut(t *testing.T, plan load.Plan, limit int, takes func(i int) time.Duration) ([]begun, load.Report) {
	t.Helper()
	var mu sync.Mutex
	var calls []begun
	start := time.Now()
	report, err := load.Run(t.Context(), plan, limit, func(ctx context.Context, i int, intended time.Time) {
		mu.Lock()
		calls = append(calls, begun{i, time.Since(start), intended.Sub(start)})
		mu.Unlock()
		time.Sleep(takes(i))
	})
	require.NoError(t, err)
	slices.SortFunc(calls, func(a, b begun) int { return a.i - b.i })
	return calls, report
}

func always(d time.Duration) func(int) time.Duration {
	return func(int) time.Duration { return d }
}

func TestRunHandsOutEachArrivalAtItsInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan, err := load.Poisson(1000, 2000, 1)
		require.NoError(t, err)
		calls, report := carryOut(t, plan, 100_000, always(time.Second))
		require.Len(t, calls, len(plan))
		for i, c := range calls {
			require.Equal(t, begun{i, plan[i], plan[i]}, c)
		}
		require.Equal(t, 2000, report.Planned)
		require.Equal(t, 2000, report.Issued)
		require.Zero(t, report.Queued)
		require.Zero(t, report.Lateness)
		require.Greater(t, report.AtOnce, 800)
	})
}

func TestRunDoesNotWaitForAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, report := carryOut(t, load.Every(10*time.Millisecond, 100), 100, always(time.Hour))
		require.Equal(t, 990*time.Millisecond, calls[99].at)
		require.Equal(t, 100, report.AtOnce)
	})
}

func TestRunQueuesAboveTheLimitAndKeepsTheIntendedInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Two places, calls of 30 ms, an arrival every 10 ms: every pair waits
		// 10 ms longer than the one before.
		calls, report := carryOut(t, load.Every(10*time.Millisecond, 6), 2, always(30*time.Millisecond))
		ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
		require.Equal(t, []begun{
			{0, 0, 0}, {1, ms(10), ms(10)},
			{2, ms(30), ms(20)}, {3, ms(40), ms(30)},
			{4, ms(60), ms(40)}, {5, ms(70), ms(50)},
		}, calls)
		require.Equal(t, load.Report{
			Planned: 6, Issued: 6, Queued: 4, AtOnce: 2,
			Wait: load.Delays{P50: ms(10), P90: ms(20), P99: ms(20), Max: ms(20)},
		}, report)
	})
}

func TestRunQueueIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, report := carryOut(t, load.Together(50), 1, always(time.Second))
		for i, c := range calls {
			require.Equal(t, begun{i, time.Duration(i) * time.Second, 0}, c)
		}
		require.Equal(t, 1, report.AtOnce)
		require.Equal(t, 49, report.Queued)
		require.Equal(t, 49*time.Second, report.Wait.Max)
	})
}

func TestRunNeverExceedsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var plan load.Plan // bursts of growing size
		for burst := range 30 {
			for range burst {
				plan = append(plan, time.Duration(burst)*10*time.Millisecond)
			}
		}
		var running, most atomic.Int64
		report, err := load.Run(t.Context(), plan, 7, func(ctx context.Context, i int, intended time.Time) {
			now := running.Add(1)
			for {
				seen := most.Load()
				if now <= seen || most.CompareAndSwap(seen, now) {
					break
				}
			}
			time.Sleep(time.Duration(1+i%13) * time.Millisecond)
			running.Add(-1)
		})
		require.NoError(t, err)
		require.EqualValues(t, 7, most.Load())
		require.Equal(t, 7, report.AtOnce)
		require.Equal(t, len(plan), report.Issued)
	})
}

func TestRunStartsCallsPlannedForOneInstantTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Each call waits for all others: they are under way at one time.
		var all sync.WaitGroup
		all.Add(500)
		report, err := load.Run(t.Context(), load.Together(500), 500, func(context.Context, int, time.Time) {
			all.Done()
			all.Wait()
		})
		require.NoError(t, err)
		require.Equal(t, 500, report.AtOnce)
		require.Zero(t, report.Queued)
	})
}

func TestRunReportsItsOwnLateness(t *testing.T) {
	// Outside a bubble the scheduler has its share, whatever the machine.
	report, err := load.Run(t.Context(), load.Every(100*time.Microsecond, 200), 200, func(_ context.Context, _ int, intended time.Time) {
		if time.Now().Before(intended) {
			t.Error("a call began before its instant")
		}
	})
	require.NoError(t, err)
	require.Equal(t, 200, report.Issued)
	require.Positive(t, report.Lateness.P50)
	require.LessOrEqual(t, report.Lateness.P50, report.Lateness.P90)
	require.LessOrEqual(t, report.Lateness.P90, report.Lateness.P99)
	require.LessOrEqual(t, report.Lateness.P99, report.Lateness.Max)
}

func TestRunCancelled(t *testing.T) {
	interrupted := errors.New("interrupted")
	tests := []struct {
		name   string
		limit  int
		after  time.Duration
		issued int
	}{
		{"before the start", 10, -1, 0},
		{"between arrivals", 10, 2500 * time.Millisecond, 3},
		{"with a queue", 1, 2500 * time.Millisecond, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				if tt.after < 0 {
					cancel(interrupted)
				} else {
					time.AfterFunc(tt.after, func() { cancel(interrupted) })
				}
				start := time.Now()
				var calls, ended atomic.Int64
				report, err := load.Run(ctx, load.Every(time.Second, 100), tt.limit, func(ctx context.Context, i int, _ time.Time) {
					calls.Add(1)
					<-ctx.Done()
					time.Sleep(5 * time.Second) // tidies up
					ended.Add(1)
				})
				require.ErrorIs(t, err, interrupted)
				require.EqualError(t, err, fmt.Sprintf("run plan: %d of 100 arrivals were issued: interrupted", tt.issued))
				require.EqualValues(t, tt.issued, calls.Load())
				require.EqualValues(t, tt.issued, ended.Load(), "calls under way are waited for")
				require.Equal(t, tt.issued, report.Issued)
				require.Equal(t, 100, report.Planned)
				require.Less(t, time.Since(start), 8*time.Second)
			})
		})
	}
}

func TestRunCancelledBeforeABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		report, err := load.Run(ctx, load.Plan{time.Minute, time.Minute, time.Minute}, 2, func(context.Context, int, time.Time) {
			t.Error("called")
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, load.Report{Planned: 3}, report)
	})
}

func TestRunCancelledAfterTheLastArrivalIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		report, err := load.Run(ctx, load.Together(3), 3, func(ctx context.Context, _ int, _ time.Time) { <-ctx.Done() })
		require.NoError(t, err)
		require.Equal(t, 3, report.Issued)
	})
}

func TestRunSurvivesCallsThatEndTheirGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		report, err := load.Run(t.Context(), load.Together(20), 2, func(context.Context, int, time.Time) { runtime.Goexit() })
		require.NoError(t, err)
		require.Equal(t, 20, report.Issued)
	})
}

func TestRunRefuses(t *testing.T) {
	never := func(context.Context, int, time.Time) { t.Error("called") }
	_, err := load.Run(t.Context(), load.Plan{0, 2, 1}, 1, never)
	require.EqualError(t, err, "run plan: arrival 2 is planned at 1ns, before 2ns")
	_, err = load.Run(t.Context(), load.Plan{-1}, 1, never)
	require.EqualError(t, err, "run plan: arrival 0 is planned at -1ns, before 0s")
	_, err = load.Run(t.Context(), load.Together(1), 0, never)
	require.EqualError(t, err, "run plan: the limit is 0 calls at once, want at least 1")
}

func TestRunOfNothing(t *testing.T) {
	report, err := load.Run(t.Context(), nil, 1, nil)
	require.NoError(t, err)
	require.Equal(t, load.Report{}, report)
}

// BenchmarkRun measures the pacer: lateness at rates that a test of functions
// has, and the spread of calls that begin together.
func BenchmarkRun(b *testing.B) {
	call := func(context.Context, int, time.Time) {}
	for _, rate := range []float64{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("poisson=%g", rate), func(b *testing.B) {
			plan, err := load.Poisson(rate, int(2*rate), 1)
			require.NoError(b, err)
			for b.Loop() {
				report, err := load.Run(b.Context(), plan, 1000, call)
				require.NoError(b, err)
				reportDelays(b, report.Lateness)
			}
		})
	}
	for _, n := range []int{10, 200, 1000} {
		b.Run(fmt.Sprintf("together=%d", n), func(b *testing.B) {
			for b.Loop() {
				report, err := load.Run(b.Context(), load.Together(n), n, call)
				require.NoError(b, err)
				reportDelays(b, report.Lateness)
			}
		})
	}
}

func reportDelays(b *testing.B, d load.Delays) {
	b.Helper()
	b.ReportMetric(float64(d.P50.Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(d.P99.Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(d.Max.Nanoseconds()), "max-ns")
}
