package function

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/graph"
)

// Random graphs by preferential attachment, equal in every language.
//
// A new vertex brings attached edges to different vertices before it, drawn
// with a probability proportional to their degree: each is an end, taken at
// random, of the edges that earlier vertices have. The first vertices are
// joined with all before them. Random numbers are Park and Miller's with the
// multiplier 48271.
const (
	attached   = 10
	multiplier = 48271
	modulus    = 1<<31 - 1
)

// Event says how many vertices the graph has, and where its random numbers
// begin.
type Event struct {
	Size *int64 `json:"size"`
	Seed *int64 `json:"seed"`
}

// parameters returns the number of vertices and the seed that the event names.
func (e Event) parameters() (size, seed int64, err error) {
	if size, err = parameter(e.Size, "size", 2, 1<<24); err != nil {
		return 0, 0, err
	}
	seed, err = parameter(e.Seed, "seed", 1, modulus-1)
	return size, seed, err
}

func parameter(value *int64, name string, least, most int64) (int64, error) {
	if value == nil {
		return 0, fmt.Errorf("the event has no %s, want an integer from %d to %d", name, least, most)
	}
	if *value < least || *value > most {
		return 0, fmt.Errorf("the event's %s is %d, want an integer from %d to %d", name, *value, least, most)
	}
	return *value, nil
}

// grow returns the ends of all edges, two for each, and the last random number.
func grow(size, seed int64) (ends []int64, state int64) {
	for newer := int64(1); newer < min(size, attached+1); newer++ {
		for older := range newer {
			ends = append(ends, older, newer)
		}
	}
	state = seed
	for newer := int64(attached + 1); newer < size; newer++ {
		var drawn [attached]int64
		for n := 0; n < attached; {
			state = state * multiplier % modulus
			older := ends[state%int64(len(ends))]
			if !slices.Contains(drawn[:n], older) {
				drawn[n] = older
				n++
			}
		}
		for _, older := range drawn {
			ends = append(ends, older, newer)
		}
	}
	return ends, state
}

// count returns how many vertices and edges a graph has.
func count(g graph.Undirected) (vertices, edges int) {
	nodes := g.Nodes()
	vertices = nodes.Len()
	for nodes.Next() {
		edges += g.From(nodes.Node().ID()).Len()
	}
	return vertices, edges / 2
}
