package probe

import (
	"errors"
	"os"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
)

// prefixes are those of runs that are open, locked as the prefixes of experiments
// are: if this process is killed, a sweep finds what the runs left by them, and
// removes it when it is expired. Safe for concurrent use.
type prefixes struct {
	mu   sync.Mutex
	held map[string]*held
}

// held is a prefix that several runs may have at once.
type held struct {
	lock *cleanup.Lock
	runs int
	left bool // something, by one of them
}

// hold locks the prefix of a run.
func (p *prefixes) hold(prefix string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.held[prefix]
	if h == nil {
		cache, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
		if err != nil {
			return err
		}
		lock, err := cleanup.TakePrefix(cache, prefix)
		if err != nil {
			return err
		}
		if p.held == nil {
			p.held = map[string]*held{}
		}
		h = &held{lock: lock}
		p.held[prefix] = h
	}
	h.runs++
	return nil
}

// release ends the hold of one run, which says whether it left nothing.
func (p *prefixes) release(prefix string, clean bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.held[prefix]
	if h == nil {
		return errors.New("prefix " + prefix + " is not held")
	}
	h.left = h.left || !clean
	if h.runs--; h.runs > 0 {
		return nil
	}
	delete(p.held, prefix)
	if h.left {
		return h.lock.Release()
	}
	return h.lock.Delete()
}
