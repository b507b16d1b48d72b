package containers_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/platforms/internal/containers"
)

// A change that an engine does not complete is given up some time after its
// context is done, and in any case.
func TestSettling(t *testing.T) {
	for name, tt := range map[string]struct{ cancelled, want time.Duration }{
		"cancelled at once": {0, 10 * time.Second}, "cancelled later": {20 * time.Second, 30 * time.Second}, "never cancelled": {time.Hour, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.cancelled)
				defer cancel()
				settling, done := containers.Settling(ctx)
				defer done()
				start := time.Now()
				<-settling.Done()
				require.Equal(t, tt.want, time.Since(start))
			})
		})
	}
}
