package results

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestColumn: a column gives back what was added, across its chunks.
func TestColumn(t *testing.T) {
	var c Column
	var want []float64
	for i := range 3*chunkSize + 5 {
		c.Add(float64(i), i)
		want = append(want, float64(i))
	}
	require.Equal(t, want, c.Observations(nil))
	require.Equal(t, want, c.into(make([]float64, 7)))
	require.Equal(t, float64(2*chunkSize+3), c.at(2*chunkSize+3))
	require.Equal(t, len(want), c.Batches())
	require.Nil(t, c.begins, "nothing is kept of batches of one")
	none := (*Column)(nil)
	require.Zero(t, none.Batches())
	require.Empty(t, none.sample(nil).Values)
}

// TestColumnOfBatches: the observations are the medians of batches, wherever
// the first of more than one number comes.
func TestColumnOfBatches(t *testing.T) {
	var c Column
	for _, v := range []struct {
		x     float64
		batch int
	}{{1, 0}, {2, 1}, {3, 4}, {5, 4}, {40, 4}, {7, 5}, {8, 9}, {10, 9}} {
		c.Add(v.x, v.batch)
	}
	require.Equal(t, []int{0, 1, 2, 5, 6}, c.begins)
	require.Equal(t, 5, c.Batches())
	require.Equal(t, []float64{1, 2, 5, 7, 9}, c.Observations(nil))
	s := c.sample(nil)
	require.Len(t, s.Values, 8)
	summary, err := s.Summarize()
	require.NoError(t, err)
	require.Equal(t, 5, summary.Batches)
}
