// Package graphs makes the random graph of the benchmarks 501, 502 and 503,
// and knows the right answers of each.
//
// Generators of graph libraries differ, and so would their answers. The graph
// is therefore specified here, handlers of every language make the same one,
// and each computes on it with its language's graph library.
//
// The graph grows by preferential attachment (Barabási and Albert): a new
// vertex brings 10 edges to different vertices before it, which are drawn with
// a probability proportional to their degree; the first vertices are joined
// with all before them. To draw a vertex is to take the end of an edge: the
// ends of all edges of earlier vertices are kept in a list (for each edge, in
// the order in which they were made, the older vertex, then the newer one),
// and the next random number modulo the list's length is the place of the one
// drawn; a vertex that was drawn already for this new vertex is drawn again.
//
// Random numbers are those of Park and Miller's generator with the multiplier
// 48271, which C++ calls minstd_rand: x <- 48271 x mod (2^31 - 1), beginning
// with the seed. Products stay below 2^53, so every language computes them
// exactly. The numbers that follow the last draw are the weights of the edges,
// in their order. No number comes twice in a period of 2^31 - 2, so weights
// differ and there is one minimal spanning tree.
package graphs

import (
	"context"
	"fmt"
	"slices"

	"github.com/sebs-go/sebs/harness"
)

const (
	attached   = 10 // edges that a new vertex brings
	multiplier = 48271
	modulus    = 1<<31 - 1
	seed       = 42
)

// Payload is the event of the benchmarks.
type Payload struct {
	Size int   `json:"size"` // vertices, at least 2
	Seed int64 `json:"seed"` // from 1 to 2^31 - 2
}

// vertices of each size's graph. The smallest graph is complete.
var vertices = map[harness.Size]int{harness.Test: 10, harness.Small: 10_000, harness.Large: 100_000}

// Input returns the payload of a size. It stores nothing.
func Input(_ context.Context, size harness.Size, _ *harness.Store) (any, error) {
	n, ok := vertices[size]
	if !ok {
		return nil, fmt.Errorf("unknown size %q", size)
	}
	return Payload{Size: n, Seed: seed}, nil
}

// Graph is an undirected graph with weights.
type Graph struct {
	Vertices int
	Edges    []Edge
}

// Edge joins two vertices, which are numbers from 0.
type Edge struct {
	Older, Newer int32
	Weight       int64
}

// New makes the graph of a payload.
func New(p Payload) Graph {
	g := Graph{Vertices: p.Size}
	var ends []int32 // of all edges
	join := func(older, newer int32) {
		g.Edges = append(g.Edges, Edge{Older: older, Newer: newer})
		ends = append(ends, older, newer)
	}
	state := p.Seed
	next := func() int64 {
		state = state * multiplier % modulus
		return state
	}
	for newer := int32(1); int(newer) < p.Size; newer++ {
		if newer <= attached {
			for older := range newer {
				join(older, newer)
			}
			continue
		}
		drawn := make([]int32, 0, attached)
		for len(drawn) < attached {
			if v := ends[next()%int64(len(ends))]; !slices.Contains(drawn, v) {
				drawn = append(drawn, v)
			}
		}
		for _, older := range drawn {
			join(older, newer)
		}
	}
	for i := range g.Edges {
		g.Edges[i].Weight = next()
	}
	return g
}

// neighbours returns the neighbours of every vertex.
func (g Graph) neighbours() [][]int32 {
	n := make([][]int32, g.Vertices)
	for _, e := range g.Edges {
		n[e.Older] = append(n[e.Older], e.Newer)
		n[e.Newer] = append(n[e.Newer], e.Older)
	}
	return n
}

// Counts is how large the graph is that a handler made.
type Counts struct {
	Vertices int `json:"vertices"`
	Edges    int `json:"edges"`
}

// Check says what is wrong with the size of a handler's graph.
func (c Counts) Check(p Payload) error {
	if c.Vertices != p.Size {
		return fmt.Errorf("the graph has %d vertices, want %d", c.Vertices, p.Size)
	}
	first := min(p.Size, attached)
	if want := first*(first-1)/2 + attached*(p.Size-first); c.Edges != want {
		return fmt.Errorf("the graph has %d edges, want %d", c.Edges, want)
	}
	return nil
}
