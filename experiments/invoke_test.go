package experiments_test

import (
	"context"
	"testing"

	"github.com/sebs-go/sebs/benchmarks"
	"github.com/sebs-go/sebs/harness"
)

// BenchmarkInvoke measures what TestPerfCost does as a Go benchmark, so that
// benchstat reads what it prints. ns/op is the median of the client's times.
//
//	go test -timeout 30m -run '^$' -bench 'Invoke/.*/110.dynamic-html/python' -count 10 ./experiments
func BenchmarkInvoke(b *testing.B) {
	modes := harness.Conditions{Modes: []harness.Mode{harness.Cold, harness.Warm}}
	harness.BenchCells(b, benchmarks.All, modes, func(ctx context.Context, b *testing.B, cell *harness.Cell) {
		for b.Loop() {
			cell.Batch(ctx)
		}
	})
}
