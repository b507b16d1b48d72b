package driver

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Target says where a deployed function is called. It is data: another process,
// on another machine, makes an endpoint of it with the same platform, linked
// there. It holds no credentials; each process has its own.
type Target struct {
	Function string            `json:"function"`
	Trigger  Trigger           `json:"trigger"`
	URL      string            `json:"url,omitempty"`    // of the function, where it has one
	Values   map[string]string `json:"values,omitempty"` // what else the platform needs to call it: region, version, names of keys
}

// Endpoint is how to call a deployed function. The client is the harness's
// (package invoke), so that phases are timed the same everywhere: one POST of a
// JSON object per call over HTTP/1.1, connections kept alive between calls. A
// call that is no HTTP request goes through Invoke instead, and has no phases.
type Endpoint struct {
	URL    string      // http:// or https://; with Dial, only its path and host header matter
	Header http.Header // added to every request; no credentials, which are Authorize's
	TLS    *tls.Config // nil: the default configuration

	// Authorize returns headers with credentials (a key, a token) for every
	// request to the URL's host, and until when they are valid; the zero time:
	// always. The client asks before it begins to time a call, keeps the answer,
	// and asks again before it expires.
	Authorize func(ctx context.Context) (header http.Header, until time.Time, err error)

	// Sign signs one request with the given body, which may change its headers
	// and its query. The client calls it for every request to the URL's host,
	// after Authorize, and before it begins to time a call.
	Sign func(r *http.Request, body []byte) error

	// Dial, where it is not nil, opens the connection for a request that finds no
	// idle one. An error that is a *Failure, from Dial or from reading, is the
	// cause of the failed call.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Sandbox reports that a connection which Dial opens is a sandbox, as on
	// platforms that run functions on this machine: dialling picks or starts
	// it, its calls are those of the connection, and closing gives it up. The
	// connection may implement the interface Sandbox. Elsewhere connections lead
	// to a service, which chooses sandboxes itself: they stay open when a function
	// is retired, and opening one is no part of a start-up.
	Sandbox bool

	// Here reports that sandboxes are on this machine, so that their clock and
	// processors are its own, and answers are held to them.
	Here bool

	// Decode takes the platform's envelope off a response. nil: a response with
	// status 200 is the function's answer as it is, 429 is throttled, 504 a
	// time-out, and any other status a protocol failure. Its error is a *Failure;
	// any other is taken for a protocol failure.
	//
	// If the answer is not there yet (202), Decode says with a *Follow where the
	// client has to ask for it; Decode then gets the response to that, too. What
	// the reply says beside its body is kept until a later one says otherwise.
	// Decode may do I/O of its own, which is not timed; ctx is the call's.
	Decode func(ctx context.Context, r Response) (Reply, *Follow, error)

	// Invoke makes one call where the URL is empty: through a client of the
	// platform's that is not HTTP, or cannot be taken apart. payload is a JSON
	// object. A call that the platform accepted but that failed is a *Failure.
	Invoke func(ctx context.Context, payload []byte) (Reply, error)
}

// Response is what came back for a request: for the call itself, or for a
// follow-up.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Follow *Follow // the follow-up that it is for; nil: for the call itself
}

// Follow is a request that asks for an answer that was not there yet, or for
// the effect of a call that shows elsewhere. The client waits After, sends the
// request, and gives the response to Decode, until an answer, a failure or the
// end of the call's context. The time from the first response to the last is a
// phase of the call, and part of its total. Requests to the host of the
// endpoint's URL are authorized and signed like calls; others go as they are.
type Follow struct {
	After   time.Duration // at least a millisecond is waited
	Request *http.Request // it may be sent again: a body needs GetBody, as http.NewRequest sets it
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
	Usage           *Usage // what the platform measured, if that comes with the answer
}

// Usage is what a platform measured and billed for one call.
type Usage struct {
	Request         string        `json:"request,omitempty"`          // the call's: the client's id, or
	PlatformRequest string        `json:"platform_request,omitempty"` // the platform's; one of them, where a Meter says it
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
