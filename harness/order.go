package harness

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
)

// order lets the bodies of cells measure one at a time, in blocks: a block is
// one turn of each cell that has not ended, in a random order. What drifts
// while a run lasts (a processor that heats up, a neighbour, the hour) then
// meets all cells alike, and not those that come late.
//
// A body begins with its first turn. It holds a turn until it passes it on or
// has ended, so that a body that never passes keeps the turn to its end.
type order struct {
	shuffle func(block, n int) []int // the places of n cells in a block

	mu      sync.Mutex
	all     []*turn // in the order of the plan
	left    []*turn // whose turn in this block is still to come
	block   int     // of the next turns; 0: none was begun
	holder  *turn   // nil: nobody's turn
	started bool
}

// turn is a cell's place in an order.
type turn struct {
	order *order
	given chan int // gets the number of the block, buffered; closed once the cell has ended
	block int      // in which the cell had its last turn; for its body alone
	ended bool
}

// newOrder returns an order that depends on the seed and on whose it is alone.
func newOrder(seed uint32, of string) *order {
	h := fnv.New64a()
	h.Write([]byte(of))
	stream := h.Sum64()
	return &order{shuffle: func(block, n int) []int {
		return rand.New(rand.NewPCG(uint64(seed), stream+uint64(block))).Perm(n)
	}}
}

// join adds a cell, whose turns come once the order has started.
func (o *order) join() *turn {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := &turn{order: o, given: make(chan int, 1)}
	o.all = append(o.all, t)
	return t
}

// start gives the first turn.
func (o *order) start() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.started = true
	if o.holder == nil {
		o.next()
	}
}

// once adds what wants one turn, the next one.
func (o *order) once() *turn {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := &turn{order: o, given: make(chan int, 1)}
	o.left = slices.Insert(o.left, 0, t)
	if o.started && o.holder == nil {
		o.next()
	}
	return t
}

// next gives the next turn, if there is any. The caller holds mu.
func (o *order) next() {
	o.holder = o.upcoming()
	if o.holder != nil {
		o.left = o.left[1:]
		o.holder.given <- o.block
	}
}

// upcoming returns whose turn is next, the first of left. The caller holds mu.
func (o *order) upcoming() *turn {
	for {
		if len(o.left) == 0 && !o.newBlock() {
			return nil
		}
		if t := o.left[0]; !t.ended {
			return t
		}
		o.left = o.left[1:]
	}
}

// newBlock begins a block, unless all cells have ended. The place of a cell
// does not depend on which others have.
func (o *order) newBlock() bool {
	o.block++
	for _, i := range o.shuffle(o.block, len(o.all)) {
		if t := o.all[i]; !t.ended {
			o.left = append(o.left, t)
		}
	}
	return len(o.left) > 0
}

// wait waits for the cell's turn, or until the cell has ended.
func (t *turn) wait() {
	if block, ok := <-t.given; ok {
		t.block = block
	}
}

// held reports whether it is the cell's turn.
func (t *turn) held() bool {
	t.order.mu.Lock()
	defer t.order.mu.Unlock()
	return t.order.holder == t && !t.ended
}

// over reports whether the cell has ended.
func (t *turn) over() bool {
	t.order.mu.Lock()
	defer t.order.mu.Unlock()
	return t.ended
}

// again reports whether the next turn is the same cell's.
func (t *turn) again() bool {
	t.order.mu.Lock()
	defer t.order.mu.Unlock()
	return t.order.upcoming() == t
}

// pass ends the cell's turn and waits for its next one. It reports whether
// another cell had one in between.
func (t *turn) pass() bool {
	t.order.mu.Lock()
	t.order.next()
	other := t.order.holder != t
	t.order.mu.Unlock()
	t.wait()
	return other
}

// end ends the cell, whether it is its turn or not. A second call does nothing.
func (t *turn) end() {
	o := t.order
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.ended {
		return
	}
	t.ended = true
	close(t.given) // nobody is to wait for a turn that does not come
	if o.holder == t {
		o.next()
	}
}
