package experiments_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks"
	"github.com/sebs-go/sebs/harness"
)

// TestRegression calls each selected function cold and warm and checks both
// outputs: it is about correctness. No number of it means anything.
//
//	go test -v -timeout 30m -run Regression ./experiments
//	go test -v -run 'Regression/.*nodejs' ./experiments
func TestRegression(t *testing.T) {
	once := harness.Conditions{Bound: 5 * time.Second}
	harness.Cells(t, benchmarks.All, once, func(ctx context.Context, t *testing.T, cell *harness.Cell) {
		require.NoError(t, cell.Retire(ctx))

		first := cell.Invoke(ctx)
		require.NoError(t, first.Err())
		require.True(t, first.Cold, "the first call after retiring must be cold")

		second := cell.Invoke(ctx)
		require.NoError(t, second.Err())
		require.False(t, second.Cold, "the second call must be warm")
		require.Equal(t, first.Sandbox, second.Sandbox)
	})
}
