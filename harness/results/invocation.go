package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// Invocation is the record of one call, a line of invocations.jsonl. Keys that
// end in _us are Unix times in µs or durations in µs on the function's clock;
// those in _ns are durations on a monotonic clock.
type Invocation struct {
	Sequence int    `json:"seq"`     // place in the cell, from 0, in the order of completion
	Block    int    `json:"block"`   // of turns, from 1: in each, every cell that has not ended has one
	Batch    int    `json:"batch"`   // calls of a batch are made at once
	Request  string `json:"request"` // the id that the client sent
	OK       bool   `json:"ok"`      // the function answered, and its output is not known to be wrong
	Counted  bool   `json:"counted"` // ok, and the start that the cell's mode wants: part of its statistics
	Checked  bool   `json:"checked"` // the output was checked

	Uncounted Uncounted `json:"uncounted,omitempty"` // why it does not count although it is ok

	Cause  driver.Cause `json:"cause,omitempty"`  // why it failed
	Detail string       `json:"detail,omitempty"` // the same for people

	// The client's view. Times are Unix times on the client's clock.
	Intended  int64         `json:"intended_us,omitempty"` // when the plan of arrivals wanted the call; 0: there was none
	Sent      int64         `json:"sent_us"`
	Retire    time.Duration `json:"retire_ns,omitempty"` // retiring the function before its batch, which is no part of client_ns
	Client    time.Duration `json:"client_ns"`           // from the call to the last byte of the answer
	Queue     time.Duration `json:"queue_ns"`
	DNS       time.Duration `json:"dns_ns"`
	Connect   time.Duration `json:"connect_ns"`
	TLS       time.Duration `json:"tls_ns"`
	Send      time.Duration `json:"send_ns"`
	FirstByte time.Duration `json:"first_byte_ns"`
	LastByte  time.Duration `json:"last_byte_ns"`
	Poll      time.Duration `json:"poll_ns,omitempty"` // asking for an answer that came later
	Gateway   bool          `json:"gateway,omitempty"` // the connection was opened to a service, and is no sandbox
	Reused    bool          `json:"reused"`
	Status    int           `json:"status"`
	Bytes     int           `json:"bytes"` // of the answer

	// The function's view: package answer.
	PlatformRequest string          `json:"platform_request,omitempty"`
	Begin           int64           `json:"begin_us"`
	End             int64           `json:"end_us"`
	Handler         time.Duration   `json:"handler_ns"`
	Init            int64           `json:"init_us"`
	Boot            int64           `json:"boot_us"`
	Sandbox         string          `json:"sandbox"`
	Cold            bool            `json:"cold"`
	Start           answer.Start    `json:"start,omitempty"` // how the call found it, by this and the client's view
	Worker          string          `json:"worker"`
	WorkerCold      bool            `json:"worker_cold"`
	Count           int64           `json:"count"`
	CPU             int64           `json:"cpu_us"`
	Memory          int64           `json:"memory_bytes"`
	Measurement     json.RawMessage `json:"measurement,omitempty"`

	Usage *driver.Usage `json:"usage,omitempty"` // the platform's view, where it tells
}

// Uncounted is why a call that succeeded is no part of the statistics.
type Uncounted string

// The reasons.
const (
	WrongStart Uncounted = "start"   // the cell's mode wants another start
	Resuming   Uncounted = "resumed" // other cells had their turns just before it
	Stalled    Uncounted = "stalled" // the test stood still during the call
)

// Startup returns the start-up of a cold call: the client's time less the time
// in the queue and in the handler. It contains all that a user waits for
// besides the work itself, but not the way to a service's gateway, which a call
// over an open connection does not have. Of a warm call, and of one that failed,
// it is 0.
func (v Invocation) Startup() time.Duration {
	if !v.OK || v.Start != answer.Cold {
		return 0
	}
	d := v.Client - v.Queue - v.Handler
	if v.Gateway {
		d -= v.DNS + v.Connect + v.TLS
	}
	return d
}

// Completed returns when the answer had arrived, in ns of the client's clock.
func (v Invocation) Completed() int64 { return v.Sent*1000 + int64(v.Client) }

// Err returns why the invocation failed, or nil.
func (v Invocation) Err() error {
	if v.OK {
		return nil
	}
	f := &driver.Failure{Cause: v.Cause, Detail: v.Detail}
	return fmt.Errorf("invocation %s: %w", v.Request, f)
}

// start returns how the call of a record found its sandbox, for records from
// before they had it.
func (v *Invocation) start() answer.Start {
	a := answer.Answer{Begin: v.Begin, Boot: v.Boot, Handler: int64(v.Handler), Cold: v.Cold, Count: v.Count}
	return a.Start(v.Client)
}

// AppendJSON appends the record as one line. It writes what encoding/json
// would, without its cost: a million records are written in seconds.
func (v *Invocation) AppendJSON(b []byte) []byte {
	num := func(key string, n int64) {
		b = append(b, ',', '"')
		b = append(b, key...)
		b = append(b, '"', ':')
		b = strconv.AppendInt(b, n, 10)
	}
	flag := func(key string, is bool) {
		b = append(b, ',', '"')
		b = append(b, key...)
		b = append(b, '"', ':')
		b = strconv.AppendBool(b, is)
	}
	text := func(key, s string) {
		b = append(b, ',', '"')
		b = append(b, key...)
		b = append(b, '"', ':')
		b = appendString(b, s)
	}
	b = append(b, `{"seq":`...)
	b = strconv.AppendInt(b, int64(v.Sequence), 10)
	num("block", int64(v.Block))
	num("batch", int64(v.Batch))
	text("request", v.Request)
	flag("ok", v.OK)
	flag("counted", v.Counted)
	flag("checked", v.Checked)
	if v.Uncounted != "" {
		text("uncounted", string(v.Uncounted))
	}
	if v.Cause != "" {
		text("cause", string(v.Cause))
	}
	if v.Detail != "" {
		text("detail", v.Detail)
	}
	if v.Intended != 0 {
		num("intended_us", v.Intended)
	}
	num("sent_us", v.Sent)
	if v.Retire != 0 {
		num("retire_ns", int64(v.Retire))
	}
	num("client_ns", int64(v.Client))
	num("queue_ns", int64(v.Queue))
	num("dns_ns", int64(v.DNS))
	num("connect_ns", int64(v.Connect))
	num("tls_ns", int64(v.TLS))
	num("send_ns", int64(v.Send))
	num("first_byte_ns", int64(v.FirstByte))
	num("last_byte_ns", int64(v.LastByte))
	if v.Poll != 0 {
		num("poll_ns", int64(v.Poll))
	}
	if v.Gateway {
		flag("gateway", true)
	}
	flag("reused", v.Reused)
	num("status", int64(v.Status))
	num("bytes", int64(v.Bytes))
	if v.PlatformRequest != "" {
		text("platform_request", v.PlatformRequest)
	}
	num("begin_us", v.Begin)
	num("end_us", v.End)
	num("handler_ns", int64(v.Handler))
	num("init_us", v.Init)
	num("boot_us", v.Boot)
	text("sandbox", v.Sandbox)
	flag("cold", v.Cold)
	if v.Start != "" {
		text("start", string(v.Start))
	}
	text("worker", v.Worker)
	flag("worker_cold", v.WorkerCold)
	num("count", v.Count)
	num("cpu_us", v.CPU)
	num("memory_bytes", v.Memory)
	if len(v.Measurement) > 0 {
		b = append(b, `,"measurement":`...)
		b = append(b, oneLineJSON(v.Measurement)...)
	}
	if v.Usage != nil {
		if data, err := json.Marshal(v.Usage); err == nil { // of numbers and strings, so it is
			b = append(append(b, `,"usage":`...), data...)
		}
	}
	return append(b, '}', '\n')
}

// oneLineJSON returns a JSON value on one line: as it is, unless it has blanks
// that end lines.
func oneLineJSON(value json.RawMessage) []byte {
	if !bytes.ContainsAny(value, "\r\n") {
		return value
	}
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return []byte("null") // it was parsed before, so this cannot be
	}
	return b.Bytes()
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(s)
			if err != nil {
				quoted = []byte(`""`)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
