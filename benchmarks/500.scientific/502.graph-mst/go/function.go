// Package function makes a random graph with weights and finds its minimal
// spanning tree.
package function

import (
	"time"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/path"
	"gonum.org/v1/gonum/graph/simple"
)

// Answer has what is known of the tree.
type Answer struct {
	Result      Result      `json:"result"`
	Measurement Measurement `json:"measurement"`
}

// Result is how large the graph is, and its tree.
type Result struct {
	Vertices int  `json:"vertices"`
	Edges    int  `json:"edges"`
	Tree     Tree `json:"tree"`
}

// Tree is how large the tree is.
type Tree struct {
	Edges    int   `json:"edges"`
	Weight   int64 `json:"weight"`   // of all edges
	Heaviest int64 `json:"heaviest"` // weight of an edge
}

// Measurement has times in µs.
type Measurement struct {
	Generating int64 `json:"graph_generating_time"`
	Compute    int64 `json:"compute_time"`
}

// Handler makes the graph and finds the tree.
func Handler(event Event) (Answer, error) {
	size, seed, err := event.parameters()
	if err != nil {
		return Answer{}, err
	}

	begin := time.Now()
	ends, state := grow(size, seed)
	whole := simple.NewWeightedUndirectedGraph(0, 0)
	for i, weight := range weights(len(ends)/2, state) {
		whole.SetWeightedEdge(simple.WeightedEdge{F: simple.Node(ends[2*i]), T: simple.Node(ends[2*i+1]), W: float64(weight)})
	}
	generated := time.Now()
	spanning := simple.NewWeightedUndirectedGraph(0, 0)
	path.Kruskal(spanning, whole)
	computed := time.Now()

	edges := graph.WeightedEdgesOf(spanning.WeightedEdges())
	tree := Tree{Edges: len(edges)}
	for _, edge := range edges {
		weight := int64(edge.Weight()) // it is a whole number
		tree.Weight += weight
		tree.Heaviest = max(tree.Heaviest, weight)
	}
	vertices, joined := count(whole)
	return Answer{
		Result{vertices, joined, tree},
		Measurement{
			Generating: generated.Sub(begin).Microseconds(),
			Compute:    computed.Sub(generated).Microseconds(),
		},
	}, nil
}

// weights returns the weights of the edges: the random numbers after state.
func weights(count int, state int64) []int64 {
	values := make([]int64, count)
	for i := range values {
		state = state * multiplier % modulus
		values[i] = state
	}
	return values
}
