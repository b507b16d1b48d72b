package graphs

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNew checks the specification: numbers of edges, simplicity, random
// numbers that are known of minstd_rand, and that old vertices have high
// degrees.
func TestNew(t *testing.T) {
	for _, p := range []Payload{{2, 1}, {10, 42}, {11, 42}, {12, 42}, {1000, 42}, {1000, 2147483646}} {
		g := New(p)
		require.NoError(t, Counts{Vertices: g.Vertices, Edges: len(g.Edges)}.Check(p), p)
		seen := map[[2]int32]bool{}
		weights := map[int64]bool{}
		degrees := make([]int, p.Size)
		for _, e := range g.Edges {
			require.Less(t, e.Older, e.Newer)
			require.False(t, seen[[2]int32{e.Older, e.Newer}], "an edge is there twice")
			seen[[2]int32{e.Older, e.Newer}] = true
			weights[e.Weight] = true
			degrees[e.Older]++
			degrees[e.Newer]++
		}
		require.Len(t, weights, len(g.Edges), "weights differ")
		if p.Size == 1000 {
			require.Greater(t, degrees[0], 5*degrees[500])
		}
	}
	// The standard of C++: the 10,000th number from the seed 1 is 399268537.
	// The first weights of a complete graph are the first numbers.
	g := New(Payload{Size: 3, Seed: 1})
	require.Equal(t, []Edge{{0, 1, 48271}, {0, 2, 182605794}, {1, 2, 1291394886}}, g.Edges)
}

func TestCounts(t *testing.T) {
	p := Payload{Size: 100, Seed: 42}
	require.NoError(t, Counts{100, 945}.Check(p))
	require.ErrorContains(t, Counts{99, 945}.Check(p), "99 vertices")
	require.ErrorContains(t, Counts{100, 944}.Check(p), "944 edges")
}

// TestAnswers compares the answers with ones found in another way, or by hand.
func TestAnswers(t *testing.T) {
	line := Graph{Vertices: 4, Edges: []Edge{{0, 1, 5}, {1, 2, 1}, {0, 2, 2}, {2, 3, 9}}}
	require.Equal(t, Tree{Edges: 3, Weight: 12, Heaviest: 9}, line.MinimalTree())
	search := line.BreadthFirst()
	require.Equal(t, []Layer{{1, 0}, {2, 3}, {1, 3}}, search.Layers())
	require.True(t, search.Joined(2, 3))
	require.False(t, search.Joined(0, 3))
	require.False(t, search.Joined(-1, 3))
	require.False(t, search.Joined(4, 3))
	star := Graph{Vertices: 4, Edges: []Edge{{0, 1, 1}, {0, 2, 1}, {0, 3, 1}}}
	ranks := star.Ranks(0.85) // the hub's is (1 + 3d) / (4 (1 + d))
	require.InDelta(t, (1+3*0.85)/(4*1.85), ranks[0], 1e-10)
	require.InDelta(t, (1-ranks[0])/3, ranks[3], 1e-10)

	g := New(Payload{Size: 300, Seed: 7})
	require.Equal(t, prim(g), g.MinimalTree().Weight)
	sum := 0.0
	for _, r := range g.Ranks(0.85) {
		sum += r
	}
	require.InDelta(t, 1, sum, 1e-10)
}

// prim returns the weight of the minimal spanning tree by Prim's algorithm.
func prim(g Graph) int64 {
	near := make([]int64, g.Vertices) // weight of the edge to the tree
	inside := make([]bool, g.Vertices)
	for v := range near {
		near[v] = math.MaxInt64
	}
	near[0] = 0
	sum := int64(0)
	for range g.Vertices {
		best := -1
		for v := range near {
			if !inside[v] && (best < 0 || near[v] < near[best]) {
				best = v
			}
		}
		inside[best] = true
		sum += near[best]
		for _, e := range g.Edges {
			if int(e.Older) == best {
				near[e.Newer] = min(near[e.Newer], e.Weight)
			}
			if int(e.Newer) == best {
				near[e.Older] = min(near[e.Older], e.Weight)
			}
		}
	}
	return sum
}

// TestCopies compares the copies of the graph in Go: a function is a package of
// this module, so each has one. Other languages share theirs.
func TestCopies(t *testing.T) {
	copies, err := filepath.Glob("../../500.scientific/50[123].*/go/preferential.go")
	require.NoError(t, err)
	require.Len(t, copies, 3)
	first, err := os.ReadFile(copies[0])
	require.NoError(t, err)
	for _, file := range copies[1:] {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(first), string(data), "%s differs from %s", file, copies[0])
	}
}
