package reply

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// call does what a function does: it connects and receives.
func call(t *testing.T, in any) json.RawMessage {
	t.Helper()
	p := in.(*payload)
	server, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort(p.Address, strconv.Itoa(p.Port)))
	require.NoError(t, err)
	defer server.Close()
	message, err := io.ReadAll(server)
	require.NoError(t, err)
	require.NotEmpty(t, message)
	require.Less(t, len(message), 1024)
	return benchtest.JSON(t, string(message))
}

// TestCheck accepts a message once, and rejects what is none of this size's.
func TestCheck(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	in := benchtest.Input(t, Benchmark, harness.Small, store)
	right := call(t, in)

	var text string
	require.NoError(t, json.Unmarshal(right, &text))
	last := text[:len(text)-1] + map[bool]string{true: "B", false: "A"}[text[len(text)-1] == 'A']
	for name, wrong := range map[string]json.RawMessage{
		"right output of another size": call(t, benchtest.Input(t, Benchmark, harness.Test, store)),
		"cut off":                      benchtest.JSON(t, text[:len(text)-1]),
		"one character differs":        benchtest.JSON(t, last),
		"with a line's end":            benchtest.JSON(t, text+"\n"),
		"empty":                        json.RawMessage(`""`),
		"nothing":                      json.RawMessage(`null`),
		"the whole answer":             benchtest.JSON(t, map[string]string{"result": text}),
		"a list":                       benchtest.JSON(t, []string{text}),
		"twice":                        json.RawMessage(string(right) + string(right)),
	} {
		require.Error(t, Benchmark.Check(t.Context(), harness.Small, in, wrong, store), name)
	}
	require.NoError(t, Benchmark.Check(t.Context(), harness.Small, in, right, store))
	require.ErrorContains(t, Benchmark.Check(t.Context(), harness.Small, in, right, store), "was one of another call")
}

func TestSizes(t *testing.T) {
	last := 0.0
	for _, size := range harness.Sizes {
		require.GreaterOrEqual(t, delays[size], 3*last)
		last = delays[size]
	}
}

// A server keeps functions waiting for as long as it is to, and no longer than
// the run.
func TestServerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		function, c := net.Pipe()
		defer function.Close()
		s := newServer(time.Second)
		begin := time.Now()
		go func() {
			s.handle(t.Context(), c)
			c.Close()
		}()
		message, err := io.ReadAll(function)
		require.NoError(t, err)
		require.True(t, s.take(string(message)))
		require.Equal(t, time.Second, time.Since(begin))

		ended, end := context.WithCancel(t.Context())
		end()
		s.handle(ended, nil)
		require.Equal(t, time.Second, time.Since(begin))
	})
}

// A server whose messages nobody checks forgets the oldest.
func TestServerIsBounded(t *testing.T) {
	s := newServer(0)
	first, second := s.message(), s.message()
	for range maxMessages - 1 {
		require.NotEqual(t, second, s.message())
	}
	require.Len(t, s.sent, maxMessages)
	require.False(t, s.take(first))
	require.True(t, s.take(second))
	require.False(t, s.take(second))
}
