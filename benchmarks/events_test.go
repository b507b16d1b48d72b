package benchmarks_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/cases"
	"github.com/sebs-go/sebs/harness/direct"
)

// events collects what a benchmark declares: values of the right type that
// cannot be used, as they are out of range, or name something that is missing,
// empty, damaged or not what it should be; and unusual ones that can.
type events struct {
	t     *testing.T
	w     *workload
	bad   []badInput
	usual []usualInput
}

var _ cases.Events = (*events)(nil)

// usualInput is an event that must be served.
type usualInput struct {
	name   string
	event  map[string]any
	digest [sha256.Size]byte // of the object that the result names
	size   int64
}

// unusable returns the events that the benchmark declares, and the one that all
// with objects have.
func (w *workload) unusable(t *testing.T) *events {
	t.Helper()
	e := &events{t: t, w: w}
	if bucket, ok := w.event(t)["bucket"].(map[string]any); ok && bucket["bucket"] != nil {
		e.Add("bucket.bucket", w.machine.run.Prefix+"-missing", w.machine.run.Prefix+"-missing")
	}
	if w.Bad != nil {
		w.Bad(e)
	}
	return e
}

// with returns the event with another value at a path.
func (e *events) with(path string, value any) map[string]any {
	event := e.w.event(e.t)
	set(event, strings.Split(path, "."), value)
	return event
}

func (e *events) Add(path string, value any, tells string) {
	name := tells // or the value, where the error tells the key alone
	if strings.Contains(path, tells) {
		name = fmt.Sprintf("%#v", value)
	}
	e.bad = append(e.bad, badInput{name: path + " " + name, event: e.with(path, value), tells: tells, right: true})
}

func (e *events) AddObjects(path string, set int, contents map[string][]byte, value func(name string) any) {
	if value == nil {
		value = func(name string) any { return name }
	}
	suffix := "-" + strings.ReplaceAll(path, ".", "-")
	for what, content := range contents {
		e.Put(set, what+suffix, content)
		e.Add(path, value(what+suffix), what+suffix)
	}
	e.Put(set, "empty"+suffix, nil)
	for _, what := range []string{"empty", "missing"} {
		e.Add(path, value(what+suffix), what+suffix)
	}
}

func (e *events) AddUsual(name, path string, value any, content []byte) {
	e.usual = append(e.usual, usualInput{name: name, event: e.with(path, value), digest: sha256.Sum256(content), size: int64(len(content))})
}

func (e *events) Object(path string, set int) []byte {
	e.t.Helper()
	var value any = e.w.event(e.t)
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := value.([]any); ok {
			value = list[0]
			continue
		}
		value = value.(map[string]any)[name]
	}
	content, err := e.w.store.Get(e.t.Context(), e.w.store.Input(set)+"/"+value.(string), 1<<30)
	require.NoError(e.t, err)
	return content
}

func (e *events) Put(set int, name string, content []byte) {
	e.t.Helper()
	key := e.w.store.Input(set) + "/" + name
	require.NoError(e.t, e.w.store.Put(e.t.Context(), key, bytes.NewReader(content), int64(len(content))))
}

func (e *events) Presigned(name string) string {
	e.t.Helper()
	url, err := e.w.store.Presign(e.t.Context(), e.w.store.Input(0)+"/"+name)
	require.NoError(e.t, err)
	return url
}

func (e *events) ClosedPort() int { return closedPort(e.t) }

func (e *events) CutOff() string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "less") // the client has gone, or reads on
	}))
	e.t.Cleanup(server.Close)
	return server.URL
}

// serve makes a call with an unusual event.
func (w *workload) serve(t *testing.T, client *direct.Function, u usualInput) {
	t.Helper()
	a, _ := w.call(t, client, u.event)
	require.Nil(t, a.Error)
	key := decode(t, a.Result).(map[string]any)["key"].(string)
	stored, err := w.store.Get(t.Context(), key, u.size)
	require.NoError(t, err)
	require.Equal(t, u.digest, sha256.Sum256(stored))
}
