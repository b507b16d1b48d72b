package inputpy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/environment"
)

// request is an operation that the child is asked for.
type request struct {
	Operation    string   `json:"operation"`
	Size         string   `json:"size,omitempty"`
	DataDir      string   `json:"data_dir"`
	Bucket       string   `json:"bucket"`
	Inputs       []string `json:"inputs"`
	Outputs      []string `json:"outputs"`
	Payload      any      `json:"payload"`
	Output       any      `json:"output"`
	Language     string   `json:"language"`
	Architecture string   `json:"architecture"`
	Storage      bool     `json:"storage"`
}

// message is what the child sends: a call to the host, or the end of an
// operation.
type message struct {
	Call   string         `json:"call"`
	Index  int            `json:"index"`
	Bucket string         `json:"bucket"`
	Key    string         `json:"key"`
	Prefix string         `json:"prefix"`
	Path   string         `json:"path"`
	Table  string         `json:"table"`
	Item   map[string]any `json:"item"`

	Value   json.RawMessage `json:"value"`
	Refused string          `json:"refused"`
	Raised  *struct {
		Running   string   `json:"running"`
		Type      string   `json:"type"`
		Message   string   `json:"message"`
		Traceback []string `json:"traceback"`
	} `json:"raised"`
}

// functions names what an operation runs, for errors.
var functions = map[string]string{
	"import": "importing it", "describe": "buckets_count or allocate_nosql",
	"generate": "generate_input", "validate": "validate_output",
}

// run has the child do an operation and serves its calls to the host.
func (s *Session) run(ctx context.Context, r request, host Host) (json.RawMessage, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.Err(); err != nil {
		return nil, err
	}
	line, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.place, functions[r.Operation], err)
	}

	late := fmt.Errorf("%s: %s did not finish within %v", s.place, functions[r.Operation], s.limit)
	within, cancel := context.WithTimeoutCause(ctx, s.limit, late)
	defer cancel()
	stop := context.AfterFunc(within, func() {
		cause := context.Cause(within)
		if ctx.Err() != nil {
			cause = fmt.Errorf("%s: %s: %w", s.place, functions[r.Operation], context.Cause(ctx))
		}
		s.fail(cause)
	})
	defer stop()

	var hostErr error
	for {
		if _, err := s.requests.Write(append(line, '\n')); err != nil {
			return nil, s.lost(err)
		}
		m, err := s.next()
		if err != nil {
			return nil, err
		}
		switch {
		case m.Call != "":
			value, err := call(within, m, host)
			answer := map[string]any{"value": value}
			if err != nil {
				hostErr = err
				answer = map[string]any{"error": err.Error()}
			}
			if line, err = json.Marshal(answer); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", s.place, m.Call, err)
			}
		case m.Raised != nil:
			raised := &RaisedError{
				Place: s.place + ": " + functions[m.Raised.Running], Type: environment.Plain(m.Raised.Type),
				Message: environment.Plain(m.Raised.Message), Traceback: environment.Plain(strings.Join(m.Raised.Traceback, "\n")),
			}
			if m.Raised.Type == "__main__.StorageError" {
				raised.Type, raised.Cause = "StorageError", hostErr
			}
			return nil, raised
		case m.Refused != "":
			return nil, fmt.Errorf("%s: %s", s.place, environment.Plain(m.Refused))
		default:
			return m.Value, nil
		}
	}
}

// next returns the child's next message.
func (s *Session) next() (message, error) {
	select {
	case line, ok := <-s.messages:
		if !ok {
			return message{}, s.lost(errors.New("python3 closed its pipe"))
		}
		var m message
		if err := decode(line, &m); err != nil {
			s.fail(fmt.Errorf("%s: python3 sent something else than the runner's JSON: %w", s.place, err))
			return message{}, s.lost(err)
		}
		return m, nil
	case <-s.ended:
		return message{}, s.lost(nil)
	}
}

// lost returns why the child is gone, with its last output; err is the reason
// if there is no better one. It has the child end first, so that all of its
// output is there.
func (s *Session) lost(err error) error {
	kill := time.AfterFunc(grace, func() { s.fail(fmt.Errorf("%s: %w", s.place, err)) })
	defer kill.Stop()
	<-s.ended
	return fmt.Errorf("%w%s", s.Err(), s.output)
}

// call serves a call to the host.
func call(ctx context.Context, m message, host Host) (any, error) {
	if host == nil {
		return nil, errors.New("there is no storage here")
	}
	switch m.Call {
	case "upload":
		return nil, host.Upload(ctx, m.Index, m.Key, m.Path)
	case "put":
		return nil, host.PutItem(ctx, m.Table, plainNumbers(m.Item).(map[string]any))
	case "download":
		return nil, host.Download(ctx, m.Bucket, m.Key, m.Path)
	case "list":
		keys, err := host.List(ctx, m.Bucket, m.Prefix)
		return append([]string{}, keys...), err
	case "buckets":
		return append([]string{}, host.Buckets()...), nil
	}
	return nil, fmt.Errorf("unknown call %q", m.Call)
}

// plainNumbers turns the numbers of a decoded JSON value into int, where they
// are whole and fit, and float64.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = plainNumbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plainNumbers(item)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		f, _ := v.Float64() // out of range is infinite, which the table refuses
		return f
	}
	return v
}
