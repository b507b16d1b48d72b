package experiments_test

import (
	"context"
	"testing"

	"github.com/sebs-go/sebs/benchmarks"
	"github.com/sebs-go/sebs/harness"
)

// TestPerfCost samples each selected function cold, warm, in bursts and in
// sequence, each until the 95 % interval of its median lies within 5 %, or at
// the bounds of SEBS_SAMPLES.
//
//	go test -v -run 'PerfCost/110.dynamic-html.*python/cold' ./experiments
//	SEBS_MEMORY=128,512 SEBS_SIZE=small go test -v -run PerfCost/210 ./experiments
func TestPerfCost(t *testing.T) {
	modes := harness.Conditions{Modes: harness.Modes}
	harness.Cells(t, benchmarks.All, modes, func(ctx context.Context, _ *testing.T, cell *harness.Cell) {
		for cell.More() {
			cell.Batch(ctx)
		}
	})
}
