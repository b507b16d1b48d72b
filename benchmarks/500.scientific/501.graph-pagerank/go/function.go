// Package function makes a random graph and computes the PageRank of its
// vertices.
package function

import (
	"time"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/network"
	"gonum.org/v1/gonum/graph/simple"
)

const (
	damping   = 0.85
	shown     = 10    // ranks, at least
	tolerance = 1e-14 // change of all ranks at which the iteration ends
)

// Answer has some of the ranks.
type Answer struct {
	Result      Result      `json:"result"`
	Measurement Measurement `json:"measurement"`
}

// Result is how large the graph is, the sum of all ranks, and those of vertices
// that are evenly spread.
type Result struct {
	Vertices int       `json:"vertices"`
	Edges    int       `json:"edges"`
	Sum      float64   `json:"sum"`
	Ranks    []float64 `json:"ranks"`
}

// Measurement has times in µs.
type Measurement struct {
	Generating int64 `json:"graph_generating_time"`
	Compute    int64 `json:"compute_time"`
}

// Handler makes the graph and computes the ranks.
func Handler(event Event) (Answer, error) {
	size, seed, err := event.parameters()
	if err != nil {
		return Answer{}, err
	}

	begin := time.Now()
	ends, _ := grow(size, seed)
	g := simple.NewUndirectedGraph()
	for i := 0; i < len(ends); i += 2 {
		g.SetEdge(simple.Edge{F: simple.Node(ends[i]), T: simple.Node(ends[i+1])})
	}
	generated := time.Now()
	ranks := network.PageRankSparse(bothWays{g}, damping, tolerance)
	computed := time.Now()

	var result Result
	result.Vertices, result.Edges = count(g)
	for vertex := range size {
		result.Sum += ranks[vertex]
		if vertex%max(size/shown, 1) == 0 {
			result.Ranks = append(result.Ranks, ranks[vertex])
		}
	}
	return Answer{result, Measurement{
		Generating: generated.Sub(begin).Microseconds(),
		Compute:    computed.Sub(generated).Microseconds(),
	}}, nil
}

// bothWays is a graph whose edges go both ways.
type bothWays struct{ *simple.UndirectedGraph }

// HasEdgeFromTo implements graph.Directed.
func (g bothWays) HasEdgeFromTo(from, to int64) bool { return g.HasEdgeBetween(from, to) }

// To implements graph.Directed.
func (g bothWays) To(id int64) graph.Nodes { return g.From(id) }
