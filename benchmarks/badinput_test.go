package benchmarks_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/direct"
)

// TestBadInput calls every function, in every language, with what it cannot
// work on: each call is answered with an error that says what is wrong, leaves
// nothing in the sandbox's /tmp, and leaves a sandbox that serves the next call.
//
//	go test -v -run '^TestBadInput$' ./benchmarks
//	go test -v -run '^TestBadInput$/210/(nodejs|java)' ./benchmarks
//	go test -v -run '^TestBadInput$/411/variant=pytorch' ./benchmarks
func TestBadInput(t *testing.T) {
	named(t)
	eachBenchmark(t, openMachine(t), func(t *testing.T, w *workload) {
		values := w.unusable(t)
		bad := append(w.wrongKeys(t), values.bad...)
		for _, language := range w.languages {
			t.Run(language, func(t *testing.T) {
				client := w.deploy(t, language, "", w.environment)
				first, _ := w.succeed(t, client, w.event(t))
				before := w.machine.temporary(t, first.Sandbox)
				for _, b := range bad {
					t.Run(b.name, func(t *testing.T) {
						require.Equal(t, first.Sandbox, w.fail(t, client, b).Sandbox)
						require.Equal(t, before, w.machine.temporary(t, first.Sandbox), "something is left in /tmp")
						if b.right {
							w.succeed(t, client, w.event(t))
						}
					})
				}
				t.Run("unknown keys", func(t *testing.T) {
					last, _ := w.succeed(t, client, withUnknown(w.event(t)))
					require.Equal(t, first.Sandbox, last.Sandbox)
					require.Equal(t, before, w.machine.temporary(t, first.Sandbox), "something is left in /tmp")
				})
				for _, u := range values.usual {
					t.Run(u.name, func(t *testing.T) {
						w.serve(t, client, u)
						require.Equal(t, before, w.machine.temporary(t, first.Sandbox), "something is left in /tmp")
					})
				}
				for name, environment := range w.badStores(t) {
					t.Run(name, func(t *testing.T) {
						client := w.deploy(t, language, "-bad", environment)
						first := w.fail(t, client, badInput{event: map[string]any{}})
						before := w.machine.temporary(t, first.Sandbox)
						for range 2 {
							require.Equal(t, first.Sandbox, w.fail(t, client, badInput{event: w.event(t)}).Sandbox)
							require.Equal(t, before, w.machine.temporary(t, first.Sandbox), "something is left in /tmp")
						}
					})
				}
			})
		}
	})
}

// badInput is an event that a function cannot work on.
type badInput struct {
	name  string
	event map[string]any
	tells string // is part of the error's message
	right bool   // the event's keys and types are right
}

// fail makes a call that must fail in the handler.
func (w *workload) fail(t *testing.T, client *direct.Function, b badInput) answer.Answer {
	t.Helper()
	a, _ := w.call(t, client, b.event)
	require.NotNil(t, a.Error, "the call succeeds: %.300s\nhave the handler check the value; a key that no handler reads is listed as Unread in its cases.go", a.Result)
	t.Logf("%s: %s", a.Error.Type, a.Error.Message)
	require.Equal(t, answer.PhaseHandler, a.Error.Phase)
	require.NotEmpty(t, a.Error.Type)
	require.NotEmpty(t, a.Error.Message)
	require.Contains(t, a.Error.Message, b.tells, "the error must name what is wrong: check the value before it is used, and name its key")
	return a
}

// temporary lists what is in the private folder of a sandbox, its /tmp.
func (m *machine) temporary(t *testing.T, sandbox string) []string {
	t.Helper()
	marks, err := filepath.Glob(filepath.Join(m.run.Dir, "sandboxes", "*", ".sebs-sandbox"))
	require.NoError(t, err)
	for _, mark := range marks {
		if id, err := os.ReadFile(mark); err != nil || !strings.Contains(string(id), sandbox) {
			continue // it may be one that is removed just now
		}
		var files []string
		root := filepath.Dir(mark)
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				var info fs.FileInfo
				if info, err = d.Info(); err == nil {
					path = fmt.Sprintf("%s: %d bytes", path, info.Size())
				}
			}
			files = append(files, strings.TrimPrefix(path, root))
			return err
		}))
		return files
	}
	require.Fail(t, "no sandbox has the id "+sandbox)
	return nil
}

// badStores returns environments with stores that do not serve, by name.
func (w *workload) badStores(t *testing.T) map[string]map[string]string {
	t.Helper()
	if len(w.environment) == 0 {
		return nil
	}
	closed := fmt.Sprintf("127.0.0.1:%d", closedPort(t))
	unreachable, missing := maps.Clone(w.environment), maps.Clone(w.environment)
	for name, value := range w.environment {
		if u, err := url.Parse(value); err == nil && u.Scheme == "http" {
			unreachable[name] = "http://" + closed
		}
		for _, table := range w.store.Tables() {
			if value == table {
				missing[name] = value + "-missing"
			}
		}
	}
	require.NotEqual(t, w.environment, unreachable)
	all := map[string]map[string]string{"unreachable store": unreachable}
	if !maps.Equal(missing, w.environment) {
		all["missing table"] = missing
	}
	return all
}

// closedPort returns a port of this machine on which nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().(*net.TCPAddr).Port
}

// wrongKeys returns copies of the event that are each wrong in one key: it is
// missing, null, negative, or has a wrong type.
func (w *workload) wrongKeys(t *testing.T) []badInput {
	t.Helper()
	var all []badInput
	event := w.event(t)
	add := func(path []string, what string, value any) {
		data, err := json.Marshal(event)
		require.NoError(t, err)
		changed := decode(t, data).(map[string]any)
		set(changed, path, value)
		tells := path[len(path)-1]
		if tells == "0" { // an element is named by its list, or as one of that
			tells = strings.TrimSuffix(path[len(path)-2], "s")
		}
		all = append(all, badInput{name: strings.Join(path, ".") + " " + what, event: changed, tells: tells})
	}
	var walk func(path []string, value any)
	walk = func(path []string, value any) {
		if len(path) > 0 {
			if path[len(path)-1] != "0" {
				add(path, "missing", absent)
			}
			add(path, "null", nil)
		}
		switch v := value.(type) {
		case map[string]any:
			if len(path) > 0 {
				add(path, "text", "text")
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if at := slices.Concat(path, []string{key}); !slices.Contains(w.Unread, strings.Join(at, ".")) {
					walk(at, v[key])
				}
			}
		case []any:
			add(path, "object", map[string]any{})
			walk(slices.Concat(path, []string{"0"}), v[0])
		case string:
			add(path, "number", 7)
			add(path, "list", []any{v})
		case json.Number:
			add(path, "text", v.String())
			add(path, "true", true)
			add(path, "negative", -1)
			if !slices.Contains(w.Fractions, path[len(path)-1]) {
				add(path, "fraction", 1.5)
			}
		}
	}
	walk(nil, event)
	return all
}

// absent is the value of a key that is to be removed.
var absent = new(int)

// set sets the value at a path of keys and of elements of lists.
func set(object any, path []string, value any) {
	key, rest := path[0], path[1:]
	switch o := object.(type) {
	case map[string]any:
		switch {
		case len(rest) > 0:
			set(o[key], rest, value)
		case value == any(absent):
			delete(o, key)
		default:
			o[key] = value
		}
	case []any: // of which the first is set
		if len(rest) > 0 {
			set(o[0], rest, value)
		} else {
			o[0] = value
		}
	}
}

// withUnknown adds keys that no function knows to an event and the objects in
// it.
func withUnknown(object map[string]any) map[string]any {
	for _, value := range object {
		if inner, ok := value.(map[string]any); ok {
			withUnknown(inner)
		}
	}
	object["unknown"] = map[string]any{"list": []any{1, "x", nil}}
	return object
}
