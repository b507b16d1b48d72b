package harness

import (
	"fmt"
	"hash/maphash"
	"sync"
)

// sandboxes remembers whose sandboxes answered, to notice what says of itself
// that it is new and is not. Of a million ids it keeps 32 MB; two of them are
// taken for the same with a probability of 1 in 30 million.
type sandboxes struct {
	mu   sync.Mutex
	seed maphash.Seed
	seen map[uint64]int64 // when its first answer had arrived, in ns of the client's clock; negative: a cold one came
}

func newSandboxes() *sandboxes {
	return &sandboxes{seed: maphash.MakeSeed(), seen: map[uint64]int64{}}
}

// answered notes an answer. It returns an error if the answer is cold and one of
// the same sandbox had arrived before the call was made, or was cold too.
func (s *sandboxes) answered(v *Invocation) error {
	id := maphash.String(s.seed, v.Sandbox)
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.seen[id]
	switch {
	case !known && v.Cold:
		s.seen[id] = -v.Completed()
	case !known:
		s.seen[id] = v.Completed()
	case v.Cold && first < 0:
		return fmt.Errorf("the answer is cold, but the sandbox %s answered cold before", v.Sandbox)
	case v.Cold && first <= v.Sent*1000:
		return fmt.Errorf("the answer is cold, but the sandbox %s answered before the call was made", v.Sandbox)
	case v.Cold:
		s.seen[id] = -first
	}
	return nil
}
