package load

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestThreadPacerGivesTheThreadBackAsItWas(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack := func() int {
		ns, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
		require.NoError(t, err)
		return ns
	}
	before := slack()
	p, ok := newPacer().(*threadPacer)
	require.True(t, ok)
	for i := 0; i < 3 || !p.locked && i < 1000; i++ { // a thread that is woken late needs no pacer
		at := time.Now().Add(3 * time.Millisecond)
		require.NoError(t, p.wait(t.Context(), at))
		require.False(t, time.Now().Before(at), "never before the instant")
	}
	require.Equal(t, 1, slack())
	p.close()
	require.Equal(t, before, slack())
}

func TestThreadPacerNoticesCancellation(t *testing.T) {
	p := newPacer()
	defer p.close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.wait(ctx, time.Now().Add(time.Hour)), context.DeadlineExceeded)
	require.ErrorIs(t, p.wait(ctx, time.Now()), context.DeadlineExceeded)
}

func TestPacerInsideABubbleUsesItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer()
		defer p.close()
		at := time.Now().Add(time.Millisecond + time.Nanosecond)
		require.NoError(t, p.wait(t.Context(), at))
		require.Equal(t, at, time.Now())
	})
}
