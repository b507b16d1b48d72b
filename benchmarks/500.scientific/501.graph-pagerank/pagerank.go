// Package pagerank is the benchmark 501.graph-pagerank: a function makes a
// random graph by preferential attachment and computes the PageRank of its
// vertices with a damping factor of 0.85.
//
// The check makes the same graph, computes the ranks itself and compares some
// ten of them, evenly spread over the vertices, and the sum of all.
package pagerank

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"

	"github.com/sebs-go/sebs/benchmarks/internal/graphs"
	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/build"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 501.graph-pagerank.
var Benchmark = harness.Benchmark{
	Name:  "501.graph-pagerank",
	Files: build.Layers(files, graphs.Sources),
	Input: graphs.Input,
	Check: check,
}

const (
	damping = 0.85
	shown   = 10 // ranks in an output, at least
)

// answers are the ranks of each payload's graph, computed once.
var answers = inputs.Once(func(p graphs.Payload) []float64 { return graphs.New(p).Ranks(damping) })

// output is what the handler returns.
type output struct {
	graphs.Counts
	Sum   float64   `json:"sum"`   // of all ranks
	Ranks []float64 `json:"ranks"` // of vertex 0 and every max(size / 10, 1)-th after it
}

func check(_ context.Context, _ harness.Size, in any, raw json.RawMessage, _ *harness.Store) error {
	p, ok := in.(graphs.Payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var out output
	if err := inputs.Decode(raw, &out); err != nil {
		return err
	}
	if err := out.Counts.Check(p); err != nil {
		return err
	}
	if !near(out.Sum, 1) {
		return fmt.Errorf("the ranks sum to %v, want 1", out.Sum)
	}
	want := answers(p)
	step := max(p.Size/shown, 1)
	if n := (p.Size + step - 1) / step; len(out.Ranks) != n {
		return fmt.Errorf("the output has %d ranks, want %d", len(out.Ranks), n)
	}
	for i, rank := range out.Ranks {
		if v := i * step; !near(rank, want[v]) {
			return fmt.Errorf("the rank of vertex %d is %v, want %v", v, rank, want[v])
		}
	}
	return nil
}

// near reports whether a value is right to seven digits: solvers stop earlier
// or later.
func near(got, want float64) bool {
	return math.Abs(got-want) <= 1e-7*want
}
