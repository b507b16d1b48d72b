package stalls

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const second = time.Second

// TestStalls: what is longer than a busy machine makes anybody wait is a stall,
// of the calls that it overlaps, whether its tick has come or not.
func TestStalls(t *testing.T) {
	s := &Stalls{began: time.Now()}
	during := func(from, to time.Duration) time.Duration { return s.During(s.began.Add(from), to-from) }
	for now := time.Duration(0); now <= second; now += tick {
		s.tick(now, 0)
	}
	s.tick(second+after, 0) // late, as on a busy machine
	require.Empty(t, s.Records())

	last := second + after
	require.Zero(t, during(0, last+after))
	require.Equal(t, 18*second, during(last-second, last+18*second), "no tick has come since")
	require.Equal(t, 17*second, during(last+second, last+18*second), "it began while the test stood still")
	s.tick(last+20*second, 0)
	require.Equal(t, 20*second, during(last-second, last+20*second+after))
	require.Equal(t, 20*second, during(last, last+20*second))
	require.Zero(t, during(0, last), "over before")
	require.Zero(t, during(last+20*second, last+20*second+after), "begun after")

	asleep := 3 * time.Hour // the monotonic clock stands still in it
	s.tick(last+20*second+tick, asleep)
	require.Equal(t, asleep+tick, during(last+20*second, last+20*second+after))
	s.tick(last+20*second+2*tick, asleep)
	require.Len(t, s.Records(), 2)
	require.Equal(t, 20.0, s.Records()[0].Seconds)
	require.Contains(t, s.Remark(), "the test stood still 2 times, for 3h0m20.1s in all")

	for n := range 2 * most {
		s.tick(time.Duration(n+100)*second, asleep)
	}
	require.Len(t, s.Records(), most)
	require.Contains(t, s.Remark(), "2002 times")
	require.Empty(t, (*Stalls)(nil).Remark())
	require.Zero(t, (*Stalls)(nil).During(time.Now(), time.Hour))
}

// TestStops: a stop is a stall however short it was, whatever comes first, the
// tick or the signal that ends it.
func TestStops(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		ticks     []time.Duration
		continued time.Duration
		want      []stall
	}{
		"the signal first":         {[]time.Duration{50 * ms, 100 * ms, 540 * ms}, 540 * ms, []stall{{100 * ms, 540 * ms, 440 * ms}}},
		"two ticks first":          {[]time.Duration{50 * ms, 100 * ms, 540 * ms, 550 * ms}, 551 * ms, []stall{{100 * ms, 540 * ms, 440 * ms}}},
		"noted by its tick":        {[]time.Duration{50 * ms, 100 * ms, 1100 * ms}, 1100 * ms, []stall{{100 * ms, 1100 * ms, 1000 * ms}}},
		"of some ms":               {[]time.Duration{50 * ms, 100 * ms, 150 * ms, 155 * ms}, 155 * ms, []stall{{50 * ms, 155 * ms, 105 * ms}}},
		"late without a signal":    {[]time.Duration{50 * ms, 100 * ms, 540 * ms}, 0, nil},
		"at the very first":        {[]time.Duration{300 * ms}, 300 * ms, []stall{{0, 300 * ms, 300 * ms}}},
		"noted, and another since": {[]time.Duration{50 * ms, 1050 * ms, 1100 * ms, 1240 * ms}, 1240 * ms, []stall{{50 * ms, 1050 * ms, 1000 * ms}, {1100 * ms, 1240 * ms, 140 * ms}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Stalls{began: time.Now()}
			for _, at := range c.ticks {
				s.tick(at, 0)
			}
			if c.continued > 0 {
				s.continued(c.continued)
			}
			require.Equal(t, c.want, s.all)
		})
	}
}

// TestStopIsNoticed: the signal that continues a process reaches the watch.
func TestStopIsNoticed(t *testing.T) {
	s := Watch(t.Context())
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGCONT))
	require.Eventually(t, func() bool { return len(s.Records()) == 1 }, time.Minute, time.Millisecond)
	require.Positive(t, s.During(s.began, time.Minute))
}

// TestQuietStalls: what is said without a lock is what would be found out.
func TestQuietStalls(t *testing.T) {
	const ms = time.Millisecond
	s := &Stalls{began: time.Now()}
	require.False(t, s.quiet(0, 10*ms), "the first tick may have been late")
	for now := tick; now <= second; now += tick {
		s.tick(now, 0)
	}
	require.True(t, s.quiet(900*ms, second))
	require.True(t, s.quiet(900*ms, second+2*tick))
	require.False(t, s.quiet(900*ms, second+2*tick+1), "a tick is late")
	s.tick(second+150*ms, 0)
	require.False(t, s.quiet(second+151*ms, second+152*ms), "a signal may follow the late tick")
	require.True(t, s.quiet(second+151*ms, second+150*ms+told))
	s.continued(second + 160*ms)
	s.tick(second+200*ms, 0)
	require.False(t, s.quiet(second+100*ms, second+200*ms), "a stall is known in it")
	require.True(t, s.quiet(second+160*ms, second+200*ms), "it is over before")
}
