// Package pagerank is the benchmark 501.graph-pagerank: a function makes a
// random graph by preferential attachment and computes the PageRank of its
// vertices.
package pagerank

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python config.json
var files embed.FS

// Benchmark is 501.graph-pagerank.
var Benchmark = harness.Benchmark{
	Name:  "501.graph-pagerank",
	Files: files,
	Input: input,
	Check: check,
}

// payload is the event.
type payload struct {
	Size int   `json:"size"` // vertices
	Seed int64 `json:"seed"`
}

const (
	attached = 10   // edges that a new vertex brings
	damping  = 0.85 // of PageRank
	seed     = 42
)

// graphs are the vertices of each size's graph, and the rank of the first in
// the graph that igraph makes with the random numbers of Python's generator:
// equal in igraph 0.11.9 and 1.0.0 with Python 3.9 to 3.13, and to nine digits
// what SeBS expects. The smallest graph is complete.
var graphs = map[harness.Size]struct {
	vertices int
	rank     float64
}{
	harness.Test:  {10, 0.1},
	harness.Small: {10000, 0.001212248093153039},
	harness.Large: {100000, 0.0003338443855258904},
}

func input(_ context.Context, size harness.Size, _ *harness.Store) (any, error) {
	g, ok := graphs[size]
	if !ok {
		return nil, fmt.Errorf("unknown size %q", size)
	}
	return payload{Size: g.vertices, Seed: seed}, nil
}

// output is what the handler returns.
type output struct {
	Rank     float64 `json:"rank"` // of the first vertex
	Sum      float64 `json:"sum"`  // of all ranks
	Vertices int     `json:"vertices"`
	Edges    int     `json:"edges"`
	Newest   struct {
		Rank       float64 `json:"rank"`
		Neighbours []struct {
			Rank   float64 `json:"rank"`
			Degree int     `json:"degree"`
		} `json:"neighbours"`
	} `json:"newest"` // the last vertex
}

func check(_ context.Context, size harness.Size, in any, raw json.RawMessage, _ *harness.Store) error {
	p, ok := in.(payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var out output
	if err := inputs.Decode(raw, &out); err != nil {
		return err
	}
	if out.Vertices != p.Size {
		return fmt.Errorf("the graph has %d vertices, want %d", out.Vertices, p.Size)
	}
	// The first vertices are joined with all before them.
	first := min(p.Size, attached)
	if want := first*(first-1)/2 + attached*(p.Size-first); out.Edges != want {
		return fmt.Errorf("the graph has %d edges, want %d", out.Edges, want)
	}
	if !near(out.Sum, 1) {
		return fmt.Errorf("the ranks sum to %v, want 1", out.Sum)
	}
	if err := out.checkNewest(); err != nil {
		return err
	}
	if want := graphs[size].rank; !near(out.Rank, want) {
		return fmt.Errorf("the rank of the first vertex is %v, want %v", out.Rank, want)
	}
	return nil
}

// checkNewest checks the definition of PageRank at the last vertex: each
// neighbour passes on its rank in equal parts.
func (o output) checkNewest() error {
	want := (1 - damping) / float64(o.Vertices)
	for _, n := range o.Newest.Neighbours {
		if n.Degree < 1 || n.Degree >= o.Vertices || !(n.Rank > 0 && n.Rank < 1) {
			return fmt.Errorf("a neighbour of the newest vertex has degree %d and rank %v", n.Degree, n.Rank)
		}
		want += damping * n.Rank / float64(n.Degree)
	}
	if n := min(attached, o.Vertices-1); len(o.Newest.Neighbours) != n {
		return fmt.Errorf("the newest vertex has %d neighbours, want %d", len(o.Newest.Neighbours), n)
	}
	if !near(o.Newest.Rank, want) {
		return fmt.Errorf("the rank of the newest vertex is %v, want %v by its neighbours", o.Newest.Rank, want)
	}
	return nil
}

// near reports whether a value is right to seven digits: solvers stop earlier
// or later.
func near(got, want float64) bool {
	return math.Abs(got-want) <= 1e-7*want
}
