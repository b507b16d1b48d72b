// Package driver is what a platform implements: small interfaces and plain
// data, and nothing but the standard library.
//
// A platform is a FaaS service, opened. It registers an open function from an
// init of its package; the harness opens it once per run, asks it to build and
// deploy, calls the endpoints of what was deployed, and lists and removes what
// the run left. Package drivertest is the definition of "implements": each
// rule stated here is checked there.
//
// Drivers return raw errors; the harness wraps them once with the operation
// and its object. The sentinels of this package are the exception: an error
// that means one of them must match it under errors.Is.
//
// The package refuses to measure, to retry and to print: that is the harness's,
// which makes a call of the control plane again if its error matches
// ErrThrottled, and no other.
package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// Platform is a FaaS service, opened for one run. It is composed of what a
// driver can take from elsewhere piece by piece: one that builds with the tools
// of this machine, or whose stores are those of this machine, embeds the
// implementation of that part and writes the others.
//
// All methods are safe for concurrent use. A method returns promptly once its
// context is done, with an error that matches the context's.
type Platform interface {
	Functions
	Builder
	Stores
	Inventory

	// Close releases what the process holds: servers, connections, sandboxes on
	// this machine. After it what deploys, retires or opens a store fails, and so
	// does a call where connections are sandboxes. What is deployed on a service
	// stays as it is: whoever opens the prefix again finds it, and calls through
	// an Endpoint that was had before go on working. A second Close does nothing.
	Close(ctx context.Context) error
}

// Functions are what a platform is for: deployed code that can be called.
type Functions interface {
	// Features says what the platform can do. It is constant for an opened
	// platform and does no I/O.
	Features() Features

	// Deploy makes the function s.Name exist with the code of p and the
	// configuration of s, and returns where to call it. It reconciles: if
	// nothing differs it only reads, and renews an expiry that is earlier than
	// the run's, which is no change and leaves sandboxes warm. A change of code or
	// of configuration takes effect before Deploy returns; the next call is then
	// cold. If ctx is done first, the function may exist. An
	// existing function that does not carry this run's prefix matches
	// ErrNotOurs and is left as it is.
	Deploy(ctx context.Context, s Spec, p Package) (Target, error)

	// Endpoint returns how to call a function that Deploy returned the target
	// of: in this process, or, unless its connections are sandboxes of that
	// process, in another one. It uses no network: credentials are fetched by
	// Endpoint.Authorize. A target that this process cannot call matches
	// ErrNotFound.
	Endpoint(ctx context.Context, t Target) (Endpoint, error)

	// Retire makes every call of the function that begins after Retire
	// returns cold until new sandboxes were started by such calls. Code,
	// configuration, labels and target stay what they are. A function that does
	// not exist matches ErrNotFound.
	Retire(ctx context.Context, name string) error
}

// Builder makes packages of a benchmark's sources. Its two steps are all that
// package build asks of a platform.
type Builder interface {
	// Recipe says what Build will add to the sources of s and by which tools.
	// It does not change anything and uses no network; tools that have to be
	// fetched first are said so (see Recipe.Fetch). All of it enters the
	// package's digest, so two equal recipes for equal sources must build
	// interchangeable packages. An s that the platform cannot build matches
	// ErrUnsupported, a tool that is missing on this machine ErrUnavailable.
	Recipe(ctx context.Context, s Spec) (Recipe, error)

	// Build installs the dependencies of the staged folder dir and lays it out
	// as the platform wants it. dir holds the benchmark's sources with the
	// recipe's files and packages added; it belongs to this call alone, and
	// may be moved afterwards: nothing in it may depend on its place. What the
	// tools print goes to log. The paths in the returned Package are relative
	// to dir.
	Build(ctx context.Context, dir string, s Spec, log io.Writer) (Package, error)
}

// Stores are the stores that functions of the platform use.
type Stores interface {
	// Buckets returns the platform's object store, started on first use.
	Buckets(ctx context.Context) (Buckets, error)

	// Tables returns the platform's NoSQL store, started on first use.
	Tables(ctx context.Context) (Tables, error)
}

// Inventory is what a run has on a platform. Clean-up and sweeping need no
// other part.
type Inventory interface {
	// Resources lists everything that carries the run's prefix: functions,
	// buckets, tables, and whatever else the platform created, also by other
	// processes. Nobody else's. The list may lag.
	Resources(ctx context.Context) iter.Seq2[Resource, error]

	// Remove deletes r; the service may still be at it when Remove returns.
	// A resource that does not exist is not an error; one without the run's
	// prefix matches ErrNotOurs.
	Remove(ctx context.Context, r Resource) error
}

// Meter is implemented by platforms that measure and bill calls themselves and
// tell it later than with the answer. Usually they can tell after
// Features.UsageDelay.
type Meter interface {
	// Meter yields what is known by now of calls of a function, in any order. A
	// call that nothing is known of is left out, which is no error; one that was
	// not asked for may be yielded, and is ignored. The calls are at most some
	// thousands, in the order in which they were sent. The function may be gone,
	// and another process may have called it.
	Meter(ctx context.Context, t Target, calls []MeteredCall) iter.Seq2[Usage, error]
}

// MeteredCall is a call that a Meter is asked for.
type MeteredCall struct {
	Request         string    // the client's id, which is in the event as request-id
	PlatformRequest string    // the platform's; empty if it is not known, as of a call without an answer
	Sent            time.Time // on the client's clock
	Received        time.Time
}

// Run is the run that a platform is opened for. A sweep is a run of its own,
// with the prefix of the one whose resources it removes.
type Run struct {
	ID     string    // unique, lower-case letters and digits
	Prefix string    // begins the name of everything that is created; lower-case letters and digits
	Expiry time.Time // when what is left may be swept, by whoever does not know that the run has ended
	Ledger Ledger    // written before anything is created outside this machine; never nil
	Dir    string    // an empty folder for temporary files, deleted by the harness after Close
	Guard  Guard     // cleans up what this process leaves if it is killed; never nil
	Log    io.Writer // what the platform wants to tell; never nil
}

// Owns reports whether a name carries the run's prefix: it is the prefix, or
// goes on with a dash. The dash keeps the run "ab" from the things of the run
// "abc".
func (r Run) Owns(name string) bool {
	rest, ok := strings.CutPrefix(name, r.Prefix)
	return ok && r.Prefix != "" && (rest == "" || rest[0] == '-')
}

// Ledger records what is about to be created, so that a killed run leaves a
// trace of everything it made. Safe for concurrent use.
type Ledger interface {
	// Record writes a resource down. If it fails, nothing may be created, and the
	// method that was to create it returns the error.
	Record(r Resource) error
}

// Guard outlives a killed test and cleans up after it. Safe for concurrent
// use. Each method returns a function that withdraws the entry.
type Guard interface {
	// Process has the process group pgid, and its leader, killed.
	Process(pgid int) (release func())
	// Folder has a folder deleted, after all processes were killed. For a
	// control group's folder, everything in the group is killed first.
	Folder(path string) (release func())
	// Command has a command run, after all that; it finds programs where the
	// system has them, and no variable of this process.
	Command(argv ...string) (release func())
}

// Resource is something that exists on a platform and carries the run's
// prefix.
type Resource struct {
	Kind   string    `json:"kind"` // "function", "bucket", "table", or the platform's own word
	Name   string    `json:"name"`
	Run    string    `json:"run,omitempty"`    // the run that made it, where the platform knows, as a service does of its functions
	Expiry time.Time `json:"expiry,omitzero"`  // when it may be swept; likewise
	Detail string    `json:"detail,omitempty"` // region, address: for people
}

// Sentinels of the control plane, for errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrUnsupported = errors.New("not supported by this platform")
	ErrUnavailable = errors.New("not available on this machine")
	ErrDenied      = errors.New("access denied")
	ErrNotOurs     = errors.New("not created by this run")
	ErrThrottled   = errors.New("throttled by the platform") // for now: the harness makes the call again, more slowly
)

// OpenFunc opens a platform for a run.
type OpenFunc func(ctx context.Context, run Run) (Platform, error)

var registry = struct {
	sync.Mutex
	open map[string]OpenFunc
	tags []string
}{open: map[string]OpenFunc{}}

// Register makes a platform known under name: a lower-case word, the same as
// its build tag. It is called from the init of the platform's package and
// panics on a second registration of the same name.
func Register(name string, open OpenFunc) {
	registry.Lock()
	defer registry.Unlock()
	if _, ok := registry.open[name]; ok {
		panic("driver: platform " + name + " registered twice")
	}
	registry.open[name] = open
}

// Platforms returns the names of the linked platforms, sorted.
func Platforms() []string {
	registry.Lock()
	defer registry.Unlock()
	names := make([]string, 0, len(registry.open))
	for name := range registry.open {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// RegisterTags says which build tags link a platform, whether or not they did:
// names of platforms. It is called from the init of the package that has them.
func RegisterTags(names ...string) {
	registry.Lock()
	defer registry.Unlock()
	registry.tags = append(registry.tags, names...)
}

// Tags returns the build tags that link a platform, in order of registration.
func Tags() []string {
	registry.Lock()
	defer registry.Unlock()
	return slices.Clone(registry.tags)
}

// Open opens the platform called name, if its settings are right. A name that
// is not linked matches ErrNotFound and the error names the build tag that
// links it.
func Open(ctx context.Context, name string, run Run) (Platform, error) {
	registry.Lock()
	open := registry.open[name]
	registry.Unlock()
	if open == nil {
		return nil, fmt.Errorf("platform %s: %w: it is not linked, pass -tags %s", name, ErrNotFound, name)
	}
	if err := CheckSettings(name); err != nil {
		return nil, err
	}
	return open(ctx, run)
}
