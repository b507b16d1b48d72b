// Package mst is the benchmark 502.graph-mst: a function makes a random graph
// by preferential attachment, with weights, and finds its minimal spanning
// tree.
//
// The check makes the same graph and finds the tree itself. Weights differ, so
// there is one such tree; its number of edges, its weight and its heaviest
// edge are compared, not the list of its edges.
package mst

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/sebs-go/sebs/benchmarks/internal/graphs"
	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/build"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 502.graph-mst.
var Benchmark = harness.Benchmark{
	Name:  "502.graph-mst",
	Files: build.Layers(files, graphs.Sources),
	Input: graphs.Input,
	Check: check,
}

// answers are the trees of each payload's graph, found once.
var answers = inputs.Once(func(p graphs.Payload) graphs.Tree { return graphs.New(p).MinimalTree() })

// output is what the handler returns.
type output struct {
	graphs.Counts
	Tree graphs.Tree `json:"tree"`
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
	want := answers(p)
	switch {
	case out.Tree.Edges != want.Edges:
		return fmt.Errorf("the tree has %d edges, want %d", out.Tree.Edges, want.Edges)
	case out.Tree.Weight != want.Weight:
		return fmt.Errorf("the tree's weight is %d, the least is %d", out.Tree.Weight, want.Weight)
	case out.Tree.Heaviest != want.Heaviest:
		return fmt.Errorf("the tree's heaviest edge has weight %d, want %d", out.Tree.Heaviest, want.Heaviest)
	}
	return nil
}
