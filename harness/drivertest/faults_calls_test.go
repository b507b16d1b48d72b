package drivertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"

	"github.com/sebs-go/sebs/harness/driver"
)

// failureFaults break how failures are told.
var failureFaults = map[string]func(*fault){
	"timeout":   func(f *fault) { f.mistake("sleep", driver.TimedOut, driver.Crash) },
	"hang":      func(f *fault) { f.mistake("hang", driver.TimedOut, driver.Crash) },
	"memory":    func(f *fault) { f.mistake("allocate", driver.Memory, driver.Crash) },
	"processes": func(f *fault) { f.mistake("spawn", driver.Processes, driver.Memory) },
	"crash":     func(f *fault) { f.mistake("exit", driver.Crash, driver.Network) },
	"throttled": func(f *fault) { f.mistake("", driver.Throttled, driver.Network) },
	"handler": func(f *fault) {
		f.edit(func(call request, a map[string]any) {
			if call.Message == "as asked" {
				a["error"], a["result"] = nil, map[string]any{}
			}
		})
	},
	"unserialisable": func(f *fault) {
		f.answer = func(call request, body []byte) ([]byte, error) {
			if call.Do == "unserialisable" {
				return nil, &driver.Failure{Cause: driver.Crash, Detail: "no answer"}
			}
			return body, nil
		}
	},
	"nested": func(f *fault) {
		f.answer = func(call request, body []byte) ([]byte, error) {
			if call.Do == "nest" {
				return nil, &driver.Failure{Cause: driver.Crash, Detail: "no answer"}
			}
			return body, nil
		}
	},
	"descriptors": func(f *fault) { // the wrapper opens something for its answer
		f.answer = func(call request, body []byte) ([]byte, error) {
			if call.Do == "exhaust" {
				return nil, &driver.Failure{Cause: driver.Crash, Detail: "no answer"}
			}
			return body, nil
		}
	},
	"protocol": func(f *fault) {
		f.answer = func(_ request, body []byte) ([]byte, error) {
			if !json.Valid(body) {
				return nil, &driver.Failure{Cause: driver.Network, Detail: "no answer"}
			}
			return body, nil
		}
	},
	"init": func(f *fault) {
		f.edit(func(_ request, a map[string]any) {
			if e, ok := a["error"].(map[string]any); ok {
				e["phase"] = "handler"
			}
		})
	},
	"cancelled": func(f *fault) { // a cancelled call leaves the function unusable
		var stuck atomic.Bool
		f.dial = func(context.Context) (net.Conn, error) {
			if stuck.Load() {
				return nil, errors.New("a call is under way")
			}
			return nil, nil
		}
		f.dialed = func(_ context.Context, c net.Conn, err error) (net.Conn, error) {
			if err != nil {
				return nil, err
			}
			return deadlineConn{c.(liveConn), func() { stuck.Store(true) }}, nil
		}
	},
	"error-answer": func(f *fault) {
		f.edit(func(_ request, a map[string]any) {
			if e, ok := a["error"].(map[string]any); ok {
				e["type"] = "Error"
			}
		})
	},
}

// mistake tells a cause as another one, for calls of an action or for all.
func (f *fault) mistake(do string, is, told driver.Cause) {
	f.failure = func(call request, failed *driver.Failure) *driver.Failure {
		if failed.Cause == is && (do == "" || call.Do == do) {
			return &driver.Failure{Cause: told, Detail: failed.Detail}
		}
		return failed
	}
}

// limits changes the limits of every trigger.
func (f *fault) limits(change func(*driver.Limits)) {
	f.features = func(have driver.Features) driver.Features {
		changed := map[driver.Trigger]driver.Limits{}
		for trigger, l := range have.Limits {
			change(&l)
			changed[trigger] = l
		}
		have.Limits = changed
		return have
	}
}

// limitFaults break the limits in Features.
var limitFaults = map[string]func(*fault){
	"features": func(f *fault) {
		f.features = func(have driver.Features) driver.Features { have.MaxName = 31; return have }
	},
	"longest-name": func(f *fault) {
		f.deploy = func(ctx context.Context, s driver.Spec, p driver.Package) (driver.Target, error) {
			if len(s.Name) == f.Features().MaxName {
				return driver.Target{}, errors.New("the name is too long")
			}
			return f.Platform.Deploy(ctx, s, p)
		}
	},
	"largest-payload": func(f *fault) {
		f.sign = func(body []byte) error {
			if len(body) == f.Features().Limits[driver.HTTP].MaxPayload && bytes.Contains(body, []byte("é")) {
				return errors.New("the payload is too large")
			}
			return nil
		}
	},
	"largest-payload-escaped": func(f *fault) { // the payload is a string in an event of the platform's
		f.sign = func(body []byte) error {
			if bytes.Contains(body, []byte(`"length"`)) && escaped(body) > f.Features().Limits[driver.HTTP].MaxPayload+1000 {
				return errors.New("the event is too large")
			}
			return nil
		}
	},
	"payload-too-large": func(f *fault) {
		f.limits(func(l *driver.Limits) { l.MaxPayload -= 1000 })
	},
	"largest-reply": func(f *fault) {
		f.limits(func(l *driver.Limits) { l.MaxReply += 10_000 })
	},
	"largest-reply-escaped": func(f *fault) { // the answer is a string in one of the platform's
		f.answer = func(_ request, body []byte) ([]byte, error) {
			if escaped(body) > f.Features().Limits[driver.HTTP].MaxReply+10_000 {
				return nil, &driver.Failure{Cause: driver.Protocol, Detail: "the answer is too large"}
			}
			return body, nil
		}
	},
	"reply-too-large": func(f *fault) {
		f.limits(func(l *driver.Limits) { l.MaxReply -= 10_000 })
	},
}

// escaped returns how many bytes a text has as a string of JSON.
func escaped(text []byte) int {
	quoted, err := json.Marshal(string(text))
	if err != nil { // strings can always be encoded
		return 0
	}
	return len(quoted)
}

// answerFaults break the functions' contract.
var answerFaults = map[string]func(*fault){
	"answer-keys": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { delete(a, "cpu_us") })
	},
	"answer-keys/range": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { a["cpu_us"] = -1 })
	},
	"answer-request": func(f *fault) {
		var first atomic.Value
		f.edit(func(_ request, a map[string]any) {
			first.CompareAndSwap(nil, a["request"])
			a["request"] = first.Load()
		})
	},
	"event-keys": func(f *fault) {
		f.edit(func(_ request, a map[string]any) {
			if r, ok := a["result"].(map[string]any); ok && r["keys"] != nil {
				r["keys"] = slices.DeleteFunc(r["keys"].([]any), func(key any) bool { return key == "income-timestamp" })
			}
		})
	},
	"answer-clock": func(f *fault) { // local time
		f.edit(func(_ request, a map[string]any) { shift(a, 3600e6, "begin_us", "end_us", "boot_us") })
	},
	"answer-duration": func(f *fault) { // microseconds for nanoseconds
		f.edit(func(_ request, a map[string]any) { a["handler_ns"] = int(a["handler_ns"].(float64)) / 1000 })
	},
	"answer-duration/wall": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { a["end_us"] = a["begin_us"] })
	},
	"answer-decoding": func(f *fault) { // the event is read within the handler's time
		f.edit(func(_ request, a map[string]any) {
			if r, ok := a["result"].(map[string]any); ok && r["inside_ns"] != nil {
				// More than a quarter of any call, however busy the machine is.
				a["handler_ns"] = r["inside_ns"].(float64) + 3600e9
			}
		})
	},
	"answer-text": func(f *fault) { // what is no ASCII is escaped
		f.answer = func(_ request, body []byte) ([]byte, error) {
			return bytes.ReplaceAll(body, []byte("é 日"), []byte(`\u00e9 \u65e5`)), nil
		}
	},
	"answer-text/half": func(f *fault) { // half a character is no text
		f.answer = func(_ request, body []byte) ([]byte, error) {
			if bytes.Contains(body, []byte("\ufffdx")) {
				return nil, &driver.Failure{Cause: driver.Protocol, Detail: "no text"}
			}
			return body, nil
		}
	},
	"answer-possible": func(f *fault) { // in a unit of its own
		f.edit(func(_ request, a map[string]any) { shift(a, 1<<50, "memory_bytes") })
	},
	"answer-boot": func(f *fault) { // the platform keeps processes in stock
		f.edit(func(_ request, a map[string]any) { shift(a, -60e6, "boot_us") })
	},
	"answer-boot/late": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { shift(a, 60e6, "boot_us") })
	},
	"answer-init": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { a["init_us"] = 7 })
	},
	"answer-init/none": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { a["init_us"] = 0 })
	},
	"answer-count": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { a["count"], a["worker_cold"] = 1, true })
	},
	"answer-sandbox": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { a["sandbox"] = fmt.Sprint(a["sandbox"], a["count"]) })
	},
	"answer-memory": func(f *fault) { // kilobytes for bytes
		f.edit(func(_ request, a map[string]any) { a["memory_bytes"] = int(a["memory_bytes"].(float64)) >> 10 })
	},
	"answer-measurement": func(f *fault) {
		f.edit(func(_ request, a map[string]any) { a["measurement"] = nil })
	},
}

// shift moves times of an answer by microseconds.
func shift(a map[string]any, us float64, keys ...string) {
	for _, key := range keys {
		a[key] = int64(a[key].(float64) + us)
	}
}

// isolationFaults let a handler reach beyond its sandbox.
var isolationFaults = map[string]func(*fault){
	"prints": func(f *fault) { // what is printed becomes the answer
		f.edit(func(call request, a map[string]any) {
			if call.Do == "print" {
				a["result"] = "printed"
			}
		})
	},
	"children": func(f *fault) { // what a handler left takes the next request
		var left atomic.Bool
		f.answer = func(call request, body []byte) ([]byte, error) {
			if left.Swap(call.Do == "leave") {
				return nil, &driver.Failure{Cause: driver.Protocol, Detail: "no answer"}
			}
			return body, nil
		}
	},
	"files-kept": func(f *fault) {
		f.edit(func(call request, a map[string]any) {
			if call.Do == "list" {
				a["result"] = map[string]any{"names": []string{}}
			}
		})
	},
	"leftover-files": func(f *fault) {
		var left atomic.Value
		f.edit(func(call request, a map[string]any) {
			switch call.Do {
			case "write":
				left.Store(call.Name)
			case "list":
				a["result"] = map[string]any{"names": []any{left.Load()}}
			}
		})
	},
	"leftover-processes": func(f *fault) {
		f.edit(func(call request, a map[string]any) {
			if call.Do == "leftovers" {
				a["result"] = map[string]any{"processes": 3}
			}
		})
	},
}
