// Package roundtripstest makes the round trips of a function in a test, and
// writes what the function would store. It refuses to check anything.
package roundtripstest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/benchmarks/internal/roundtrips"
	"github.com/sebs-go/sebs/harness"
)

// Call does what a function does that was called with a payload, while more
// says so, and returns the rounds. Those with a number in lost have no echo.
func Call(t *testing.T, p *roundtrips.Payload, request string, more func([]roundtrips.Trip) bool, lost ...int) []roundtrips.Trip {
	t.Helper()
	server, err := (&net.Dialer{}).DialContext(t.Context(), "udp", net.JoinHostPort(p.Address, strconv.Itoa(p.Port)))
	require.NoError(t, err)
	defer server.Close()
	var trips []roundtrips.Trip
	buffer := make([]byte, 1000)
	unanswered := map[int]bool{}
	for _, n := range lost {
		unanswered[n] = true
	}
	for n := 0; n == 0 || more(trips); n++ {
		if unanswered[n] {
			continue
		}
		message := fmt.Sprintf("%s %d", request, n)
		sent := time.Now()
		_, err := io.WriteString(server, message)
		require.NoError(t, err)
		got, err := server.Read(buffer)
		require.NoError(t, err)
		require.Equal(t, message, string(buffer[:got]))
		if n > 0 {
			trips = append(trips, roundtrips.Trip{ID: n, Sent: micro(sent), Received: micro(time.Now())})
		}
	}
	_, err = io.WriteString(server, request+" stop")
	require.NoError(t, err)
	return trips
}

// micro returns Unix nanoseconds that are whole microseconds.
func micro(t time.Time) int64 { return t.UnixMicro() * 1000 }

// CSV writes rounds as a function does.
func CSV(trips []roundtrips.Trip) []byte {
	var b bytes.Buffer
	b.WriteString("id,client_send,client_rcv\n")
	for _, t := range trips {
		fmt.Fprintf(&b, "%d,%d.%06d,%d.%06d\n", t.ID, t.Sent/1e9, t.Sent%1e9/1000, t.Received/1e9, t.Received%1e9/1000)
	}
	return b.Bytes()
}

// Put stores an object of a call as a function does, and returns its key.
func Put(t *testing.T, store *harness.Store, p *roundtrips.Payload, request string, csv []byte) string {
	t.Helper()
	key := p.Bucket.Output + "/results-" + request + ".0123abcd.csv"
	benchtest.Put(t, store, key, csv)
	return key
}
