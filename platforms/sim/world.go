package sim

import (
	"maps"
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
	service   *service // of remote platforms; nil: none was opened yet
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

// configure makes a function exist as s, digest and m say, for a run. If
// something differs its sandboxes end, and changed is true.
func (w *World) configure(s driver.Spec, digest string, m *Model, run driver.Run, o Options) (f *function, changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f = w.functions[s.Name]
	if f == nil {
		f = &function{alive: map[*sandbox]struct{}{}}
		w.functions[s.Name] = f
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.origin.renew(run)
	if f.model != nil && f.digest == digest && same(f.spec, s) {
		return f, false
	}
	s.Environment = maps.Clone(s.Environment)
	f.spec, f.digest, f.model, f.origin.run, f.limit, f.bytes, f.calls, f.started = s, digest, m, run.ID, o.MaxConcurrent, o.MaxBytes, 0, 0
	f.retire()
	return f, true
}

// same reports whether two specs configure a function alike.
func same(a, b driver.Spec) bool {
	return a.Memory == b.Memory && a.Timeout == b.Timeout && a.Trigger == b.Trigger && maps.Equal(a.Environment, b.Environment)
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
