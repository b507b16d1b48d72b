// Package function makes a random graph and searches it breadth first.
package function

import (
	"time"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/graph/traverse"
)

// Answer has what is known of the search.
type Answer struct {
	Result      Result      `json:"result"`
	Measurement Measurement `json:"measurement"`
}

// Result is how large the graph is, and the layers of the search. The search
// has as many vertices as the graph; what is returned is bounded.
type Result struct {
	Vertices int     `json:"vertices"`
	Edges    int     `json:"edges"`
	Layers   []Layer `json:"layers"` // by distance from vertex 0
	Path     []int64 `json:"path"`   // from a vertex of the last layer to vertex 0
}

// Layer is the vertices at one distance.
type Layer struct {
	Vertices int   `json:"vertices"`
	Sum      int64 `json:"sum"` // of their numbers
}

// Measurement has times in µs.
type Measurement struct {
	Generating int64 `json:"graph_generating_time"`
	Compute    int64 `json:"compute_time"`
}

// Handler makes the graph and searches it.
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
	depths := make([]int, size)
	var layers []Layer
	var last int64 // vertex that was visited
	var search traverse.BreadthFirst
	search.Walk(g, simple.Node(0), func(n graph.Node, depth int) bool {
		last = n.ID()
		depths[last] = depth
		if depth == len(layers) {
			layers = append(layers, Layer{})
		}
		layers[depth].Vertices++
		layers[depth].Sum += last
		return false
	})
	computed := time.Now()

	vertices, edges := count(g)
	return Answer{
		Result{vertices, edges, layers, way(g, depths, last)},
		Measurement{
			Generating: generated.Sub(begin).Microseconds(),
			Compute:    computed.Sub(generated).Microseconds(),
		},
	}, nil
}

// way returns the vertices from one to vertex 0, each of the layer before.
func way(g graph.Graph, depths []int, vertex int64) []int64 {
	path := []int64{vertex}
	for depth := depths[vertex] - 1; depth >= 0; depth-- {
		for neighbours := g.From(path[len(path)-1]); neighbours.Next(); {
			if id := neighbours.Node().ID(); depths[id] == depth {
				path = append(path, id)
				break
			}
		}
	}
	return path
}
