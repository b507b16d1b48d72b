package results

import (
	"slices"

	"github.com/sebs-go/sebs/harness/stats"
)

// Column is a growing list of numbers that is never copied as it grows, so that
// a million of them leave no garbage beside what is being measured.
type Column struct {
	chunks [][]float64
	n      int
	batch  int   // of the last number
	begins []int // where batches begin; nil while each has one number
}

const chunkSize = 4096

// Add adds a number of a batch. Those of one batch come one after another.
func (c *Column) Add(x float64, batch int) {
	switch {
	case c.n > 0 && batch == c.batch && c.begins == nil:
		for i := range c.n {
			c.begins = append(c.begins, i)
		}
	case c.begins != nil && batch != c.batch:
		c.begins = append(c.begins, c.n)
	}
	if c.n%chunkSize == 0 {
		size := chunkSize
		if c.n == 0 {
			size = 64 // most cells have few
		}
		c.chunks = append(c.chunks, make([]float64, 0, size))
	}
	last := len(c.chunks) - 1
	c.chunks[last] = append(c.chunks[last], x)
	c.n++
	c.batch = batch
}

func (c *Column) at(i int) float64 { return c.chunks[i/chunkSize][i%chunkSize] }

// Batches returns of how many batches there are numbers. A nil column has none.
func (c *Column) Batches() int {
	switch {
	case c == nil:
		return 0
	case c.begins == nil:
		return c.n
	}
	return len(c.begins)
}

// sample returns the numbers as a sample, in the place of values where they
// fit.
func (c *Column) sample(values []float64) stats.Sample {
	if c == nil {
		return stats.Sample{}
	}
	return stats.Sample{Values: c.into(values), Batches: c.begins}
}

// Observations returns the independent observations, in order: the numbers, or
// the medians of batches. It works in the place of values where they fit.
func (c *Column) Observations(values []float64) []float64 {
	if c.begins == nil {
		return c.into(values)
	}
	return c.sample(values).Observations()
}

// into returns the numbers, in order, in the place of values where they fit.
func (c *Column) into(values []float64) []float64 {
	values = slices.Grow(values[:0], c.n)
	for _, chunk := range c.chunks {
		values = append(values, chunk...)
	}
	return values
}
