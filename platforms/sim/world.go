package sim

import (
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// origin is who made a resource, and until when it is kept: the last of the
// expiries of all runs that made it exist.
type origin struct {
	run    string
	expiry time.Time
}

func (o *origin) renew(run driver.Run) {
	if run.Expiry.After(o.expiry) {
		o.expiry = run.Expiry
	}
}

// World is what exists on the platform: functions, buckets and tables of all
// prefixes. Platforms that are opened on one World see each other's, as two
// runs on one cloud account do. It outlives them, and ends with the process.
type World struct {
	mu        sync.Mutex
	functions map[string]*function
	buckets   map[string]*bucket
	tables    map[string]*table
}

// NewWorld returns an empty world.
func NewWorld() *World {
	return &World{functions: map[string]*function{}, buckets: map[string]*bucket{}, tables: map[string]*table{}}
}

// everything is the world of platforms that are opened without another one.
var everything = NewWorld()

// function returns the function called name, or nil.
func (w *World) function(name string) *function {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.functions[name]
}

// resources lists what carries the prefix of run.
func (w *World) resources(run driver.Run) []driver.Resource {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []driver.Resource
	add := func(kind, name string, by origin) {
		if run.Owns(name) {
			all = append(all, driver.Resource{Kind: kind, Name: name, Run: by.run, Expiry: by.expiry})
		}
	}
	for name, f := range w.functions {
		f.mu.Lock()
		add("function", name, f.origin)
		f.mu.Unlock()
	}
	for name, b := range w.buckets {
		add("bucket", name, b.origin)
	}
	for name, t := range w.tables {
		add("table", name, t.origin)
	}
	return all
}

// remove deletes a resource, if it exists.
func (w *World) remove(r driver.Resource) {
	w.mu.Lock()
	f := w.functions[r.Name]
	switch r.Kind {
	case "function":
		delete(w.functions, r.Name)
	case "bucket":
		delete(w.buckets, r.Name)
	case "table":
		delete(w.tables, r.Name)
	}
	w.mu.Unlock()
	if r.Kind == "function" && f != nil {
		f.remove()
	}
}
