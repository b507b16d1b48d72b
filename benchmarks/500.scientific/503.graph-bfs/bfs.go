// Package bfs is the benchmark 503.graph-bfs: a function makes a random graph
// by preferential attachment and searches it breadth first from vertex 0.
//
// The check makes the same graph and searches it itself. It compares how many
// vertices each layer has and the sum of their numbers, and walks a path of
// parents from the last layer to vertex 0. In which order a layer's vertices
// are visited, and which of several parents a vertex gets, is the library's
// choice and not compared.
package bfs

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

// Benchmark is 503.graph-bfs.
var Benchmark = harness.Benchmark{
	Name:  "503.graph-bfs",
	Files: build.Layers(files, graphs.Sources),
	Input: graphs.Input,
	Check: check,
}

// answers are the searches of each payload's graph, done once.
var answers = inputs.Once(func(p graphs.Payload) graphs.Search { return graphs.New(p).BreadthFirst() })

// output is what the handler returns.
type output struct {
	graphs.Counts
	Layers []graphs.Layer `json:"layers"` // by distance from vertex 0
	Path   []int          `json:"path"`   // a vertex of the last layer, its parent, and so on to vertex 0
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
	search := answers(p)
	want := search.Layers()
	if len(out.Layers) != len(want) {
		return fmt.Errorf("the search has %d layers, want %d", len(out.Layers), len(want))
	}
	for i, layer := range out.Layers {
		if layer != want[i] {
			return fmt.Errorf("layer %d has %d vertices whose sum is %d, want %d with %d",
				i, layer.Vertices, layer.Sum, want[i].Vertices, want[i].Sum)
		}
	}
	return checkPath(search, out.Path, len(want))
}

// checkPath checks a path of parents: from the last layer, one layer and one
// edge at a time, to vertex 0.
func checkPath(search graphs.Search, path []int, layers int) error {
	if len(path) != layers {
		return fmt.Errorf("the path has %d vertices, want one of each of %d layers", len(path), layers)
	}
	if root := path[len(path)-1]; root != 0 {
		return fmt.Errorf("the path ends at vertex %d, want 0", root)
	}
	for i, v := range path {
		if v < 0 || v >= len(search.Depths) || int(search.Depths[v]) != layers-1-i {
			return fmt.Errorf("vertex %d of the path is not in layer %d", v, layers-1-i)
		}
		if i > 0 && !search.Joined(path[i-1], v) {
			return fmt.Errorf("no edge joins the vertices %d and %d of the path", path[i-1], v)
		}
	}
	return nil
}
