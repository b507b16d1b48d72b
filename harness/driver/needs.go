package driver

import (
	"context"
	"sync"
)

// Need is something that a platform wants of this machine: a tool, a service,
// a right, room on a disk.
type Need struct {
	What     string // a short name: "python 3.11", "Docker"
	Found    string // what there is, in a line: its version and path, an amount; or what is wrong with it
	OK       bool
	Optional bool   // without it the platform works, with less
	Remedy   string // what to do if it is not OK, and what else is lost; in a line
}

// NeedsFunc checks what a platform needs and returns all of it, met or not, in
// the order in which people would see to it. It changes nothing, and returns
// promptly once ctx is done.
type NeedsFunc func(ctx context.Context) []Need

var needs = struct {
	sync.Mutex
	of map[string]NeedsFunc
}{of: map[string]NeedsFunc{}}

// RegisterNeeds makes known what the platform called name needs. Like Register
// it is called from the init of the platform's package, and panics on a second
// registration of the same name. A platform that needs nothing has none.
func RegisterNeeds(name string, check NeedsFunc) {
	needs.Lock()
	defer needs.Unlock()
	if _, ok := needs.of[name]; ok {
		panic("driver: needs of platform " + name + " registered twice")
	}
	needs.of[name] = check
}

// Needs checks what the platform called name needs. It is empty for a platform
// that needs nothing, and for one that is not linked.
func Needs(ctx context.Context, name string) []Need {
	needs.Lock()
	check := needs.of[name]
	needs.Unlock()
	if check == nil {
		return nil
	}
	return check(ctx)
}
