package graphs

import (
	"cmp"
	"math"
	"slices"
)

// Tree is what is known of a spanning tree.
type Tree struct {
	Edges    int   `json:"edges"`
	Weight   int64 `json:"weight"`   // sum over its edges
	Heaviest int64 `json:"heaviest"` // largest weight of an edge
}

// MinimalTree returns the minimal spanning tree, by Kruskal's algorithm.
func (g Graph) MinimalTree() Tree {
	edges := slices.Clone(g.Edges)
	slices.SortFunc(edges, func(a, b Edge) int { return cmp.Compare(a.Weight, b.Weight) })
	parent := make([]int32, g.Vertices)
	for v := range parent {
		parent[v] = int32(v)
	}
	root := func(v int32) int32 {
		for parent[v] != v {
			parent[v] = parent[parent[v]]
			v = parent[v]
		}
		return v
	}
	var t Tree
	for _, e := range edges {
		a, b := root(e.Older), root(e.Newer)
		if a == b {
			continue
		}
		parent[a] = b
		t.Edges++
		t.Weight += e.Weight
		t.Heaviest = e.Weight
	}
	return t
}

// Search is the outcome of a breadth-first search from vertex 0.
type Search struct {
	Depths     []int32 // of each vertex
	neighbours [][]int32
}

// Layer is what is known of the vertices at one distance from vertex 0.
type Layer struct {
	Vertices int   `json:"vertices"`
	Sum      int64 `json:"sum"` // of their numbers
}

// BreadthFirst searches the graph.
func (g Graph) BreadthFirst() Search {
	s := Search{Depths: make([]int32, g.Vertices), neighbours: g.neighbours()}
	for v := range s.Depths {
		s.Depths[v] = -1
	}
	s.Depths[0] = 0
	queue := []int32{0}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for _, n := range s.neighbours[v] {
			if s.Depths[n] < 0 {
				s.Depths[n] = s.Depths[v] + 1
				queue = append(queue, n)
			}
		}
	}
	return s
}

// Layers returns the layers of the search, by distance.
func (s Search) Layers() []Layer {
	layers := make([]Layer, slices.Max(s.Depths)+1)
	for v, depth := range s.Depths {
		layers[depth].Vertices++
		layers[depth].Sum += int64(v)
	}
	return layers
}

// Joined reports whether an edge joins two vertices of the graph.
func (s Search) Joined(a, b int) bool {
	return a >= 0 && a < len(s.neighbours) && slices.Contains(s.neighbours[a], int32(b))
}

// Ranks returns the PageRank of every vertex, by iteration until nothing
// changes by more than a part in 10^12.
func (g Graph) Ranks(damping float64) []float64 {
	neighbours := g.neighbours()
	ranks := make([]float64, g.Vertices)
	for v := range ranks {
		ranks[v] = 1 / float64(g.Vertices)
	}
	next := make([]float64, g.Vertices)
	for range 1000 {
		change := 0.0
		for v, from := range neighbours {
			sum := 0.0
			for _, n := range from {
				sum += ranks[n] / float64(len(neighbours[n]))
			}
			next[v] = (1-damping)/float64(g.Vertices) + damping*sum
			change = max(change, math.Abs(next[v]-ranks[v])/next[v])
		}
		ranks, next = next, ranks
		if change < 1e-12 {
			break
		}
	}
	return ranks
}
