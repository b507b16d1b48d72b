// Package answer is the answer of a Go function, the same on every platform.
//
// A platform's handler takes the event off its transport, calls Answer, and
// sends the bytes back. The function itself is a package with the entry point
// Handler, and Init where it has something to load that can fail.
//
// The package refuses to know transports and stores, and imports nothing but
// the standard library: what it adds to a program is part of every cold start.
package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode"
)

// loading is when packages began to be loaded: the program's own are after
// this one in the order of initialisation.
var loading = time.Now()

// Function is a function that answers calls. Safe for concurrent use; the CPU
// time of an answer is that of the process, so it is then also that of other
// calls.
type Function struct {
	decode func(event []byte) (call func() (any, error), err error)
	failed error // of Init; every call fails with it
	init   int64 // µs
	boot   int64 // Unix µs
	worker string

	mu      sync.Mutex // for what follows
	sandbox string
	count   int64
}

// New loads a function: init, which may be nil, is called once. A platform with
// an init phase calls New there. An event is
// decoded into an E, and what the handler returns is encoded, both as package
// encoding/json does.
func New[E, R any](init func() error, handler func(E) (R, error)) *Function {
	f := &Function{boot: bootTime(), worker: randomID()}
	f.decode = func(event []byte) (func() (any, error), error) {
		var e E
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, fmt.Errorf("the event: %w", err)
		}
		return func() (any, error) { return handler(e) }, nil
	}
	if init != nil {
		f.failed = protected(init)
	}
	f.init = max(time.Since(loading).Microseconds(), 1)
	return f
}

// Call is the answer to a call.
type Call struct {
	Body   [][]byte // its parts, in order
	Failed bool     // the handler failed
}

// Answer calls the function with an event. An event that is no JSON is an
// error, and not a call.
func (f *Function) Answer(event []byte, platformRequest string) (Call, error) {
	income := time.Now()
	event, request, refused := complete(event, income)
	var call func() (any, error)
	if refused == nil {
		refused = protected(func() (err error) { call, err = f.decode(event); return err })
	}
	if refused != nil && malformed(refused) && !json.Valid(event) { // or a type of the function's says so
		return Call{}, fmt.Errorf("the event: %w", refused)
	}
	a := contract{Request: request, PlatformRequest: platformRequest, Boot: f.boot, Worker: f.worker}
	f.enter(&a)
	if f.failed != nil {
		a.Begin = time.Now().UnixMicro()
		a.End = a.Begin
		a.Error = describe("init", f.failed)
	} else {
		f.run(&a, call, refused)
	}
	return a.encode(), nil
}

// enter counts a call, and fills in what it knows of its process and sandbox.
func (f *Function) enter(a *contract) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	a.Count, a.WorkerCold = f.count, f.count == 1
	if a.WorkerCold {
		a.Init = f.init
	}
	if f.sandbox == "" {
		f.sandbox, a.Cold = f.enterSandbox()
	}
	a.Sandbox = f.sandbox
}

// run calls the handler, unless its event was refused, and fills in times,
// result and error. Reading the event and writing the result are no part of the
// handler's time, but may fail by what the function's types do.
func (f *Function) run(a *contract, call func() (any, error), refused error) {
	err := refused
	var returned any
	before, _ := used()
	begin := time.Now()
	if err == nil {
		err = protected(func() (err error) { returned, err = call(); return err })
	}
	end := time.Now()
	a.Handler = end.Sub(begin).Nanoseconds()
	cpu, faults := used()
	a.CPU = (cpu - before).Microseconds()
	a.Begin, a.End = begin.UnixMicro(), end.UnixMicro()
	a.Memory = peakMemory(faults)
	if err == nil {
		err = protected(func() error { return a.take(returned) })
	}
	if err != nil {
		a.result, a.measurement = nil, nil
		a.Error = describe("handler", err)
	}
}

// complete adds to an event what every handler may read of it: the id of the
// request, a string, and when it came, in seconds. It returns the id, too. What
// is no JSON may stay unnoticed, and is none afterwards either.
func complete(event []byte, income time.Time) ([]byte, string, error) {
	event = bytes.TrimSpace(event)
	if len(event) < 2 || event[0] != '{' || event[len(event)-1] != '}' {
		var value any
		if err := json.Unmarshal(event, &value); err != nil {
			return event, "", err
		}
		return event, "", errors.New("the event is not a JSON object")
	}
	request, err := requestID(event)
	if err != nil {
		return event, "", err
	}
	id, err := json.Marshal(request)
	if err != nil {
		return event, "", err
	}
	separator := ","
	if len(bytes.TrimSpace(event[1:len(event)-1])) == 0 {
		separator = ""
	}
	more := fmt.Appendf(nil, `%s"request-id":%s,"income-timestamp":%.6f}`, separator, id, float64(income.UnixMicro())/1e6)
	return append(event[:len(event)-1], more...), request, nil
}

// requestID returns the id of an event's request. Where the client put it, it is
// found without a look at the rest.
func requestID(event []byte) (string, error) {
	const key = `"request-id"`
	if rest, ok := bytes.CutPrefix(event, []byte("{"+key+`:"`)); ok {
		id, rest, _ := bytes.Cut(rest, []byte(`"`))
		if !bytes.ContainsFunc(id, func(r rune) bool { return r == '\\' || r < ' ' || r >= 0x7f }) && !bytes.Contains(rest, []byte(key)) {
			return string(id), nil
		}
	}
	var head struct {
		Request any `json:"request-id"`
	}
	if err := json.Unmarshal(event, &head); err != nil {
		return "", err
	}
	id, ok := head.Request.(string)
	if !ok && head.Request != nil {
		id = fmt.Sprint(head.Request)
	}
	return id, nil
}

// malformed says whether an error is that something is no JSON.
func malformed(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax)
}

// panicked is the error of a handler that panicked.
type panicked struct {
	value any
	place string // in the function's own files
}

func (p *panicked) Error() string { return fmt.Sprint(p.value) }
func (p *panicked) Unwrap() error { err, _ := p.value.(error); return err }

// protected calls f and returns a panic as an error, after printing its trace.
func protected(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", p, debug.Stack()) // it may be closed
			err = &panicked{p, place()}
		}
	}()
	return f()
}

// most is how many bytes of an error's message are sent.
const most = 4096

// describe describes an error by the type that it or what it wraps has, and by
// its message.
func describe(phase string, err error) *failure {
	d := failure{Phase: phase, Type: "error", Message: strings.ToValidUTF8(cut(err.Error()), "?")}
	var p *panicked
	if errors.As(err, &p) {
		d.Type = "panic"
		d.Message += p.place
	} else {
		fmt.Fprintln(os.Stderr, err) // it may be closed
	}
	for ; err != nil; err = errors.Unwrap(err) {
		t := reflect.TypeOf(err)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if name := t.Name(); name != "" && unicode.IsUpper([]rune(name)[0]) {
			d.Type = name
			break
		}
	}
	return &d
}

// place returns where the function's own files are in the trace of a panic.
func place() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		f, more := frames.Next()
		if file, ok := strings.CutPrefix(f.File, "your.function/"); ok {
			return fmt.Sprintf(" (%s, line %d)", file, f.Line)
		}
		if !more {
			return ""
		}
	}
}

func cut(s string) string {
	if len(s) > most {
		return s[:most]
	}
	return s
}
