package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// request is what an event asks of a probe: the same in every language, see
// the probes of package drivertest.
type request struct {
	Do          string          `json:"do"`
	Value       json.RawMessage `json:"value"`
	Environment string          `json:"environment"`
	MS          int64           `json:"ms"`
	Message     string          `json:"message"`
	MB          int             `json:"mb"`
	Processes   int             `json:"processes"`
	Marker      string          `json:"marker"`
	Name        string          `json:"name"`
	Text        string          `json:"text"`
	Bytes       int             `json:"bytes"`
}

// processLimit is how many processes a sandbox may have.
const processLimit = 64

// handleProbe does what the event asks.
func (s *sandbox) handleProbe(ctx context.Context, entered time.Time, event []byte) (handled, error) {
	var r request
	if err := json.Unmarshal(event, &r); err != nil {
		return handled{kind: "TypeError", message: err.Error()}, nil
	}
	switch r.Do {
	case "echo":
		var variable any
		if v, ok := s.spec.Environment[r.Environment]; ok {
			variable = v
		}
		var value any
		if err := json.Unmarshal(r.Value, &value); r.Value != nil && err != nil {
			return handled{kind: "TypeError", message: err.Error()}, nil
		}
		return result(map[string]any{"value": value, "environment": variable})
	case "length":
		var value string
		if err := json.Unmarshal(r.Value, &value); err != nil {
			return handled{kind: "TypeError", message: err.Error()}, nil
		}
		return result(map[string]any{"length": len(value)})
	case "inside":
		return result(map[string]any{"inside_ns": time.Since(entered).Nanoseconds()})
	case "leave": // there are no processes
		return result(map[string]any{})
	case "exhaust": // and no files
		return result(map[string]any{"opened": 0})
	case "nest":
		return handled{kind: "RecursionError", message: "the value is nested too deeply for JSON"}, nil
	case "sleep":
		if err := s.spend(ctx, entered, time.Duration(r.MS)*time.Millisecond); err != nil {
			return handled{}, err
		}
		return result(map[string]any{"slept": r.MS})
	case "hang":
		return handled{result: []byte("{}")}, s.spend(ctx, entered, Longest)
	case "raise":
		return handled{kind: "ProbeError", message: r.Message}, nil
	case "exit":
		return handled{failure: &driver.Failure{Cause: driver.Crash, Detail: "the function exited"}}, nil
	case "allocate":
		if r.MB >= s.spec.Memory {
			return handled{failure: &driver.Failure{Cause: driver.Memory, Detail: fmt.Sprintf("the function used more than %d MB", s.spec.Memory)}}, nil
		}
		s.peak = max(s.peak, int64(r.MB)<<20)
		return result(map[string]any{"mb": r.MB})
	case "spawn":
		if s.left == nil {
			s.left = map[string]int{}
		}
		if s.left[r.Marker] += r.Processes; s.left[r.Marker] > processLimit {
			return handled{failure: &driver.Failure{Cause: driver.Processes, Detail: fmt.Sprintf("the function started more than %d processes", processLimit)}}, nil
		}
		return result(map[string]any{"processes": r.Processes})
	case "leftovers":
		return result(map[string]any{"processes": s.left[r.Marker]})
	case "write":
		if s.files == nil {
			s.files = map[string]string{}
		}
		s.files[r.Name] = r.Text
		return result(map[string]any{"name": r.Name})
	case "list":
		return result(map[string]any{"names": slices.AppendSeq([]string{}, maps.Keys(s.files))})
	case "print":
		return result(map[string]any{"printed": r.Bytes}) // there is nowhere to print to
	case "fill":
		return handled{result: []byte(`{"filler":"` + strings.Repeat("x", r.Bytes) + `"}`)}, nil
	case "unserialisable":
		return handled{kind: "TypeError", message: "a function cannot be encoded as JSON"}, nil
	case "corrupt":
		return handled{result: []byte(`"corrupt`)}, nil
	case "measure":
		return handled{result: []byte(`{"n":1}`), measurement: []byte(`{"compute_us":123}`)}, nil
	case "facts":
		var e map[string]json.RawMessage
		if err := json.Unmarshal(event, &e); err != nil {
			return handled{}, err
		}
		e["income-timestamp"] = nil // what wrappers add
		var variant string
		if s.model.Result != nil && json.Unmarshal(s.model.Result, &variant) != nil {
			variant = ""
		}
		return result(map[string]any{"cwd": "/", "keys": slices.Sorted(maps.Keys(e)), "variant": variant})
	}
	return handled{kind: "ValueError", message: fmt.Sprintf("cannot do %q", r.Do)}, nil
}

// result encodes what a probe returns.
func result(v map[string]any) (handled, error) {
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return handled{result: bytes.TrimSpace(data.Bytes())}, err
}
