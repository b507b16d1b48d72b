package pool

import (
	"container/list"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Function is what the pool knows of a function. Its exported fields are fixed;
// a function that changes is another one.
type Function struct {
	Name      string         // in errors
	Identity  string         // of everything that makes its sandboxes
	Memory    int            // MB that a sandbox may have; 0: counts as a typical one
	Processes int            // processes and threads that a sandbox may have
	Timeout   time.Duration  // of one call; 0: none
	New       func() Sandbox // makes a sandbox, not started; it must not wait

	// Guarded by the pool.
	members map[*member]struct{}
	free    list.List // of *member: idle ones that no connection waits for; the one used last at the end
	kept    list.List // of *member: idle ones that their connection may use again; the one used last at the end
	retired bool      // its sandboxes serve one call
}

// memory returns its limit in MB.
func (f *Function) memory() int64 {
	if f.Memory <= 0 {
		return 256
	}
	return int64(f.Memory)
}

// Sandbox serves a function, one call at a time, over one connection. Its
// methods may be called by several goroutines; all but Start and Gone are called
// only after Start has returned a connection.
type Sandbox interface {
	// Start starts it and returns the connection to it, which the pool closes.
	// It is called once, and returns soon after ctx is done.
	Start(ctx context.Context) (net.Conn, error)

	// Gone is closed when nothing is left of the sandbox, however it ended,
	// also if Start failed.
	Gone() <-chan struct{}

	// Kill kills it, because of cause if that is not nil. It does not wait, and
	// does nothing to a sandbox that has ended.
	Kill(cause *driver.Failure)

	// Over reports whether it was killed or has ended.
	Over() bool

	// LimitHits returns how often it has hit its limits, as far as that is known
	// without delay; with wait it takes the time to find out.
	LimitHits(wait bool) Hits

	// Failure says why it did not answer a call, after its connection has
	// ended. before is what LimitHits returned when the call began.
	Failure(before Hits) *driver.Failure
}

// Meter is implemented by sandboxes whose platform knows what they used.
type Meter interface {
	// Usage returns what was used since it was called last, and the peak of
	// memory so far.
	Usage() (driver.Usage, bool)
}

// Hits counts how often a sandbox has hit its limits.
type Hits struct {
	Memory    int64 // processes killed for lack of memory
	Processes int64 // processes refused
}

// Exceeded says which limit a sandbox of f hit between before and after, nil
// if none.
func (f *Function) Exceeded(before, after Hits) *driver.Failure {
	switch {
	case after.Memory > before.Memory:
		return &driver.Failure{Cause: driver.Memory, Detail: fmt.Sprintf("the function used more than %d MB of memory", f.Memory)}
	case after.Processes > before.Processes:
		return &driver.Failure{Cause: driver.Processes, Detail: fmt.Sprintf("the function started more than %d processes and threads", f.Processes)}
	}
	return nil
}

// Crashed says why a sandbox ended without an answer: a limit that it hit
// between before and after, or how it ended; with what it printed, of which the
// detail has the line that tells.
func (f *Function) Crashed(before, after Hits, how, printed string) *driver.Failure {
	failure := f.Exceeded(before, after)
	if failure == nil && slices.ContainsFunc(outOfMemory, func(words string) bool { return strings.Contains(printed, words) }) {
		failure = f.Exceeded(Hits{}, Hits{Memory: 1}) // the runtime gave up before the system stopped it
	}
	if failure == nil {
		failure = &driver.Failure{Cause: driver.Crash, Detail: "the function's process ended: " + how}
	}
	if said := telling(printed); said != "" {
		failure.Detail += ": " + said
	}
	failure.Output = printed
	return failure
}

// outOfMemory are the last words of runtimes that need more memory than they
// may have.
var outOfMemory = []string{"JavaScript heap out of memory", "Terminating due to java.lang.OutOfMemoryError"}
