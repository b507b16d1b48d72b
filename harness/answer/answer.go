// Package answer is the contract between every wrapper and the harness: the
// one JSON object with which a function answers, in every language and on
// every platform.
//
// The package parses what functions send, which is untrusted: the size is
// bounded, types and ranges are checked, and what is missing is named. With
// what the client knows of the call, Possible refuses what cannot be, and Start
// tells how the call found its sandbox. It refuses to guess: an answer without
// its times or its sandbox is an error, never a zero.
//
// Reading the event and writing the answer are the wrapper's work, and no part
// of the handler's time. Text is UTF-8, with no escapes but those that JSON
// demands, so that the same value has the same bytes in every language; half a
// character, which has none in UTF-8, stays an escape where the language has
// such text, and is U+FFFD elsewhere. A value that is nested too deeply for
// readers of JSON fails the handler. What an answer needs is loaded and open
// before the handler is called, which may use up all that its process may open.
package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// MaxBytes bounds an answer. The largest that a benchmark gives is some
// megabytes (graph searches); what is beyond is cut off as a failure.
const MaxBytes = 64 << 20

// Answer is what a function answers. Times are Unix time in µs on the
// function's clock.
type Answer struct {
	Request         string          `json:"request"`          // the id that the client put into the event as "request-id"
	PlatformRequest string          `json:"platform_request"` // the platform's own id, or empty
	Begin           int64           `json:"begin_us"`         // the handler was entered, its event read
	End             int64           `json:"end_us"`           // it returned
	Handler         int64           `json:"handler_ns"`       // the same interval on the function's monotonic clock
	Init            int64           `json:"init_us"`          // when Count is 1: how long loading the user's module took, outside Begin..End
	Boot            int64           `json:"boot_us"`          // when the process started
	Sandbox         string          `json:"sandbox"`          // made by exclusive creation in the sandbox's temporary folder
	Cold            bool            `json:"cold"`             // whether this call created Sandbox
	Worker          string          `json:"worker"`           // the process that served
	WorkerCold      bool            `json:"worker_cold"`      // whether this is its first call
	Count           int64           `json:"count"`            // how many calls it has served, with this one
	CPU             int64           `json:"cpu_us"`           // CPU time of the process during the handler
	Memory          int64           `json:"memory_bytes"`     // peak resident memory of the process
	Result          json.RawMessage `json:"result"`           // what the handler returned under "result", or the whole if it has no such key
	Measurement     json.RawMessage `json:"measurement"`      // what it returned under "measurement": an object within MaxMeasurement, MaxDepth and MaxValues that every reader of JSON takes, or absent
	Others          json.RawMessage `json:"others"`           // what it returned besides under other keys, where there is a "result": an object, or absent
	Error           *Error          `json:"error"`            // set if the handler failed; the times are still filled in
}

// Error is the failure of a handler.
type Error struct {
	Phase   string `json:"phase"`   // "init": the user's module could not be loaded; "handler": it raised
	Type    string `json:"type"`    // "ValueError"
	Message string `json:"message"` // at most some kilobytes
}

// The phases of Error.
const (
	PhaseInit    = "init"
	PhaseHandler = "handler"
)

// Parse decodes and checks an answer, which may be kept as a part of body. The
// error says what is wrong with it.
func Parse(body []byte) (Answer, error) {
	var a Answer
	if len(body) == 0 {
		return a, errors.New("the answer is empty")
	}
	if len(body) > MaxBytes {
		return a, fmt.Errorf("the answer has %d bytes, more than %d", len(body), MaxBytes)
	}
	if !decode(body, &a) {
		var err error
		if a, err = unmarshal(body); err != nil {
			return Answer{}, fmt.Errorf("the answer is not the contract's JSON object: %w: %s", err, excerpt(body))
		}
	}
	var wrong []string
	require := func(ok bool, key string) {
		if !ok {
			wrong = append(wrong, key)
		}
	}
	require(a.Begin > 0, "begin_us")
	require(a.End >= 0 && (a.End >= a.Begin-1_000_000), "end_us") // clocks may be set back a little
	require(a.Handler >= 0, "handler_ns")
	require(a.Init >= 0, "init_us")
	require(a.Boot > 0, "boot_us")
	require(a.Sandbox != "" && len(a.Sandbox) <= 128, "sandbox")
	require(a.Worker != "" && len(a.Worker) <= 128, "worker")
	require(a.Count >= 1, "count")
	require(a.WorkerCold == (a.Count == 1), "worker_cold")
	require(!a.Cold || a.WorkerCold, "cold")
	require(a.Begin <= latest && a.End <= latest && a.Boot <= latest, "begin_us, end_us or boot_us")
	require(a.Init <= longest && a.CPU <= longest, "init_us or cpu_us")
	require(len(a.PlatformRequest) <= 256, "platform_request")
	require(a.CPU >= 0, "cpu_us")
	require(a.Memory >= 0, "memory_bytes")
	require(a.Error == nil || a.Error.Phase == PhaseInit || a.Error.Phase == PhaseHandler, "error.phase")
	require(len(a.Measurement) == 0 || a.Measurement[0] == '{' || string(a.Measurement) == "null", "measurement")
	if len(wrong) > 0 {
		return Answer{}, fmt.Errorf("the answer has a missing or wrong %s: %s", strings.Join(wrong, ", "), excerpt(body))
	}
	if err := readable(a.Measurement); err != nil {
		return Answer{}, fmt.Errorf("the answer's measurement %w", err)
	}
	return a, nil
}

// unmarshal decodes an answer that is not as wrappers write it.
func unmarshal(body []byte) (Answer, error) {
	var a Answer
	err := json.Unmarshal(body, &a)
	return a, err
}

// Bounds of numbers, so that their differences and durations in ns are numbers
// too: times before the year 2100, durations of a hundred years.
const (
	latest  = 4_102_444_800_000_000
	longest = 3_155_760_000_000_000
)

// excerpt returns the beginning of an answer on one line, for errors.
func excerpt(body []byte) string {
	const most = 120
	cut := ""
	if len(body) > most {
		body, cut = body[:most], "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '.'
		}
		return r
	}, string(body)) + cut
}
