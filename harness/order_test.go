package harness

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// turnsOf runs cells that each take a number of turns, and returns who had
// them: a word for each block.
func turnsOf(seed uint32, turns ...int) []string {
	o := newOrder(seed, "TestModel")
	var had []string
	var cells sync.WaitGroup
	for i, n := range turns {
		cell := o.join()
		cells.Go(func() {
			defer cell.end()
			cell.wait()
			for turn := range n {
				if turn > 0 {
					cell.pass()
				}
				for len(had) < cell.block {
					had = append(had, "")
				}
				had[cell.block-1] += string(rune('a' + i))
			}
		})
	}
	o.start()
	cells.Wait()
	return had
}

// TestOrderIsOfBlocks: each block has each cell that has not ended once, in an
// order that the seed decides.
func TestOrderIsOfBlocks(t *testing.T) {
	blocks := turnsOf(1, 20, 3, 20, 7, 1)
	require.Len(t, blocks, 20)
	orders := map[string]int{}
	for i, b := range blocks {
		letters := strings.Split(b, "")
		slices.Sort(letters)
		var want []string
		for cell, turns := range []int{20, 3, 20, 7, 1} {
			if turns > i {
				want = append(want, string(rune('a'+cell)))
			}
		}
		require.Equal(t, want, letters, "block %d", i+1)
		orders[b]++
	}
	require.Greater(t, len(orders), 4, "the order is not random: %v", blocks)
	require.Equal(t, blocks, turnsOf(1, 20, 3, 20, 7, 1), "the same seed, the same order")
	require.NotEqual(t, blocks, turnsOf(2, 20, 3, 20, 7, 1))
	require.Equal(t, strings.ReplaceAll(blocks[1], "e", ""), strings.ReplaceAll(turnsOf(1, 20, 3, 20, 7, 9)[1], "e", ""),
		"the place of a cell does not depend on which others have ended")
}

// TestOrderIsUniform: each of the orders of three cells is as likely. With
// 6,000 blocks the count of one is within four standard deviations of 1,000.
func TestOrderIsUniform(t *testing.T) {
	counts := map[string]int{}
	o := newOrder(7, "TestModel")
	for block := range 6000 {
		counts[fmt.Sprint(o.shuffle(block, 3))]++
	}
	require.Len(t, counts, 6)
	for order, n := range counts {
		require.InDelta(t, 1000, n, 4*28.9, order) // sqrt(6000·1/6·5/6) = 28.9
	}
}

// TestOrderEnds: whatever cells do, nobody waits for ever.
func TestOrderEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrder(1, "TestModel")
		never := o.join() // its function could not be deployed
		early := o.join() // ends in its first turn, and once more
		late, alone := o.join(), o.join()
		never.end()
		var cells sync.WaitGroup
		cells.Go(func() {
			early.wait()
			early.end()
			early.end()
		})
		cells.Go(func() {
			defer late.end()
			late.wait()
			late.pass()
		})
		cells.Go(func() {
			defer alone.end()
			alone.wait()
			alone.pass()
			for range 100 {
				alone.pass()
			}
			require.False(t, alone.pass(), "nobody else is left")
			last := o.once()
			cells.Go(func() {
				defer last.end()
				last.wait()
			})
			require.True(t, alone.pass(), "what wants one turn has the next one")
		})
		o.start()
		cells.Wait()
		after := o.once() // when all cells have ended
		after.wait()
		after.end()
	})
}
