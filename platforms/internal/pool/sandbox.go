package pool

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Function is what the pool knows of a function. It is fixed; a function that
// changes is another one.
type Function struct {
	Name      string         // in errors
	Identity  string         // of everything that makes its sandboxes
	Memory    int            // MB that a sandbox may have; 0: counts as a typical one
	Processes int            // processes and threads that a sandbox may have
	Timeout   time.Duration  // of one call; 0: none
	New       func() Sandbox // makes a sandbox, not started; it must not wait

	retired bool // guarded by the pool
}

// memory returns its limit in MB.
func (f *Function) memory() int64 {
	if f.Memory <= 0 {
		return 256
	}
	return int64(f.Memory)
}

// Sandbox serves a function, one call at a time, over one connection. Its
// methods may be called by several goroutines.
type Sandbox interface {
	// Start starts it and returns the connection to it. It is called once,
	// before everything else but Kill; after an error nothing is left of it.
	// A sandbox that has ended, for whatever reason, calls the pool's Forget
	// when nothing is left of it, and closes its connection unless that says
	// that somebody else does.
	Start(ctx context.Context) (net.Conn, error)

	// Kill kills it, because of cause if that is not nil. It does not wait.
	Kill(cause *driver.Failure)

	// Over says whether it was killed or has ended.
	Over() bool

	// Met returns how often its limits stopped it, as far as that is known
	// without delay; now, it takes the time to find out.
	Met(now bool) Limits

	// Failure says why it did not answer a call, after its connection has
	// ended. before is what Met returned when the call began.
	Failure(before Limits) *driver.Failure
}

// Meter is implemented by sandboxes whose platform knows what they used.
type Meter interface {
	// Usage returns what was used since it was called last, and the peak of
	// memory so far.
	Usage() (driver.Usage, bool)
}

// Limits counts how often the limits of a sandbox stopped it.
type Limits struct {
	Memory    int64 // processes killed for lack of memory
	Processes int64 // processes refused
}

// Exceeded says which limit a sandbox of f met between before and after, nil
// if none.
func (f *Function) Exceeded(before, after Limits) *driver.Failure {
	switch {
	case after.Memory > before.Memory:
		return &driver.Failure{Cause: driver.Memory, Detail: fmt.Sprintf("the function used more than %d MB of memory", f.Memory)}
	case after.Processes > before.Processes:
		return &driver.Failure{Cause: driver.Processes, Detail: fmt.Sprintf("the function started more than %d processes and threads", f.Processes)}
	}
	return nil
}

// Crashed says why a sandbox ended without an answer: a limit that it met
// between before and after, or how it ended; with what it printed, of which the
// detail has the line that tells.
func (f *Function) Crashed(before, after Limits, how, printed string) *driver.Failure {
	failure := f.Exceeded(before, after)
	if failure == nil && slices.ContainsFunc(outOfMemory, func(words string) bool { return strings.Contains(printed, words) }) {
		failure = f.Exceeded(Limits{}, Limits{Memory: 1}) // the runtime gave up before the system stopped it
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
