package driver

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Endpoint is how to invoke a deployed function. The HTTP client is the
// harness's (package invoke), so that phases are timed the same everywhere:
// one POST of a JSON object per call over HTTP/1.1, connections kept alive
// between calls. An endpoint of the trigger sdk is its zero value: the call
// goes through Invoker.
type Endpoint struct {
	URL    string      // http:// or https://; with Dial, only its path and host header matter
	Header http.Header // added to every request
	TLS    *tls.Config // nil: the default configuration

	// Dial, where it is not nil, opens the connection for a call that finds no
	// idle one. The connection may implement Sandbox. An error that is a
	// *Failure, from Dial or from reading, is the cause of the failed call.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Sandbox reports that a connection which Dial opens is a sandbox, as on
	// platforms that run functions on this machine: dialling picks or starts
	// it, its calls are those of the connection, and closing gives it up.
	// Elsewhere connections lead to a service, which chooses sandboxes itself.
	Sandbox bool

	// Here reports that sandboxes are on this machine, so that their clock and
	// processors are its own, and answers are held to them.
	Here bool

	// Sign adds authentication to a request with the given body; nil: none.
	Sign func(r *http.Request, body []byte) error

	// Decode takes the platform's envelope off an answer. nil: an answer with
	// status 200 is the body as it is, 429 is throttled, 504 a time-out, and
	// any other status a protocol failure. Its error is a *Failure.
	Decode func(status int, header http.Header, body []byte) (Reply, error)
}

// Sandbox is implemented by connections that lead to one sandbox. One that is
// not a socket may also have a method Alive() bool: whether the sandbox can
// take another call, said without waiting. The harness asks before it uses an
// idle connection again; for a socket it looks whether the peer has closed it.
type Sandbox interface {
	net.Conn
	Queued() time.Duration // how long Dial waited for a free place before the sandbox was started
}

// Metered is implemented by connections whose platform knows what the sandbox
// used. The harness asks after each answer, outside of what it times.
type Metered interface {
	// Usage returns what the sandbox used since it was asked last, for its
	// first call since it was started, and false if that is not known.
	Usage() (Usage, bool)
}

// Reply is a function's answer without the platform's envelope.
type Reply struct {
	Body            []byte // the answer of the function's contract, one JSON object
	PlatformRequest string // the platform's id of this call, if it gave one
	Usage           *Usage // what the platform measured, if it answers at once
}

// Usage is what a platform measured and billed for one call.
type Usage struct {
	PlatformRequest string        `json:"platform_request"`
	Duration        time.Duration `json:"duration_ns,omitempty"`
	Init            time.Duration `json:"init_ns,omitempty"`
	Billed          time.Duration `json:"billed_ns,omitempty"`
	CPU             time.Duration `json:"cpu_ns,omitempty"`           // of the whole sandbox
	MemoryBytes     int64         `json:"memory_bytes,omitempty"`     // peak
	ConfiguredBytes int64         `json:"configured_bytes,omitempty"` // what was billed for
}

// Cause is why an invocation failed.
type Cause string

// The causes, an enum of the result schema. The zero value is success.
const (
	Throttled   Cause = "throttled"    // the platform refused for lack of capacity
	TimedOut    Cause = "timeout"      // the function took longer than its time-out
	Memory      Cause = "memory"       // the sandbox used more memory than it has
	Processes   Cause = "processes"    // the sandbox used more processes than it may
	Crash       Cause = "crash"        // the sandbox died without an answer
	Init        Cause = "init"         // the user's module could not be loaded
	Handler     Cause = "handler"      // the handler raised an error
	Protocol    Cause = "protocol"     // the answer is not what the contract says
	WrongOutput Cause = "wrong-output" // the benchmark's check refused the output
	Network     Cause = "network"      // the connection failed
	Cancelled   Cause = "cancelled"    // the run was interrupted, or the test stood still during the call
)

// Causes lists all causes, in the order of reports.
var Causes = []Cause{Throttled, TimedOut, Memory, Processes, Crash, Init, Handler, Protocol, WrongOutput, Network, Cancelled}

// Failure is a failed invocation: data, not an error of the harness.
type Failure struct {
	Cause  Cause
	Detail string // one line, for people
	Output string // the end of what the sandbox printed, as it was, where that may say why; may be empty
}

// Error returns the cause and the detail.
func (f *Failure) Error() string {
	if f.Detail == "" {
		return string(f.Cause)
	}
	return string(f.Cause) + ": " + f.Detail
}
