package graphs

import "github.com/sebs-go/sebs/benchmarks/internal/cases"

// Bad adds events with payloads of which no graph can be made.
func Bad(e cases.Events) {
	e.Add("size", 1, "size")
	e.Add("size", 1<<40, "size")
	e.Add("seed", 0, "seed")
}
