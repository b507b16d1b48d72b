package roundtrips

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogAnswers(t *testing.T) {
	l := NewLog()
	for datagram, answered := range map[string]bool{
		"r1 0":                              true,
		"r1 9999":                           true,
		"r1 10000":                          false,
		"r1 -1":                             false,
		"r1":                                false,
		"r1 ":                               false,
		" 1":                                false,
		"r1 1 2":                            false,
		"r1 one":                            false,
		"":                                  false,
		"r2 stop":                           false,
		strings.Repeat("r", maxID) + " 1":   true,
		strings.Repeat("r", maxID+1) + " 1": false,
	} {
		want := []byte(nil)
		if answered {
			want = []byte(datagram)
		}
		require.Equal(t, want, l.Answer([]byte(datagram)), datagram)
	}
	require.Nil(t, l.take("r2"), "a stop is no call")
}

func TestLogRemembers(t *testing.T) {
	l := NewLog()
	for _, datagram := range []string{"r1 0", "r2 5", "r1 1", "r1 3", "r1 3", "r1 2", "r1 4", "r1 stop", "r1 5", "r2 6"} {
		l.Answer([]byte(datagram))
	}
	numbers := func(request string) (all []int) {
		last := int64(0)
		for _, e := range l.take(request) {
			all = append(all, e.number)
			require.LessOrEqual(t, last, e.received)
			require.LessOrEqual(t, e.received, e.sent)
			last = e.sent
		}
		return all
	}
	require.Equal(t, []int{0, 1, 3, 4}, numbers("r1"), "the first of each, until the stop")
	require.Equal(t, []int{5, 6}, numbers("r2"))
	require.Nil(t, l.take("r1"), "twice")
	require.Zero(t, l.exchanges)
	require.Zero(t, l.order.Len())
}

// Functions that are never checked do not fill the memory.
func TestLogIsBounded(t *testing.T) {
	l := NewLog()
	for i := range 2 * maxCalls {
		l.Answer([]byte("r" + strconv.Itoa(i) + " 0"))
	}
	require.Len(t, l.calls, maxCalls)
	require.Equal(t, maxCalls, l.order.Len())
	require.Nil(t, l.take("r0"))
	require.Len(t, l.take("r"+strconv.Itoa(2*maxCalls-1)), 1)

	for call := range maxExchanges/maxNumber + 10 {
		for i := range maxNumber {
			l.Answer(fmt.Appendf(nil, "s%d %d", call, i))
		}
	}
	require.LessOrEqual(t, l.exchanges, maxExchanges)
	require.Nil(t, l.take("s0"))
	require.Len(t, l.take("s"+strconv.Itoa(maxExchanges/maxNumber+9)), maxNumber)
}

func TestParseCSV(t *testing.T) {
	const head = "id,client_send,client_rcv\n"
	for text, want := range map[string][]Trip{
		head: nil,
		head + "1,1700000000.000001,1700000000.000251\n": {{1, 1700000000_000001000, 1700000000_000251000}},
		head + "3,1.5,2\r\n7,2.25,2.25":                  {{3, 1_500000000, 2_000000000}, {7, 2_250000000, 2_250000000}},
	} {
		got, err := ParseCSV([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for text, says := range map[string]string{
		"":                                "the first row is",
		"1,1.0,2.0\n":                     "the first row is",
		"id,client_rcv,client_send\n":     "the first row is",
		head + "1,1.0\n":                  "wrong number of fields",
		head + "0,1.0,2.0\n":              `id "0"`,
		head + "one,1.0,2.0\n":            `id "one"`,
		head + "10000,1.0,2.0\n":          `id "10000"`,
		head + "1,,2.0\n":                 `time ""`,
		head + "1,-1.0,2.0\n":             `time "-1.0"`,
		head + "1,1e9,2e9\n":              `time "1e9"`,
		head + "1,1.0,1700000000000000\n": `time "1700000000000000"`,
		head + "1,1.1234567890,2\n":       `time "1.1234567890"`,
		head + "1,2.0,1.0\n":              "received before it is sent",
		head + "2,1.0,2.0\n1,3.0,4.0\n":   "id 1 follows 2",
		head + "1,1.0,2.0\n1,3.0,4.0\n":   "id 1 follows 1",
		head + "1,1.0,2.0\n\"2,3.0,4.0\n": "quote",
	} {
		_, err := ParseCSV([]byte(text))
		require.ErrorContains(t, err, says, "%q", text)
	}
}

func FuzzParseCSV(f *testing.F) {
	f.Add([]byte("id,client_send,client_rcv\n1,1700000000.000001,1700000000.000251\n2,1.5,2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		trips, err := ParseCSV(data)
		if err != nil {
			return
		}
		for i, trip := range trips {
			require.LessOrEqual(t, trip.Sent, trip.Received)
			require.GreaterOrEqual(t, trip.Sent, int64(0))
			require.True(t, i == 0 || trip.ID > trips[i-1].ID)
		}
	})
}

// ms makes nanoseconds of milliseconds.
const ms = 1_000_000

// TestAgree: any constant difference of the clocks is right, and nothing else.
func TestAgree(t *testing.T) {
	seen := []exchange{{0, 5 * ms, 5 * ms}, {1, 11 * ms, 12 * ms}, {2, 13 * ms, 13 * ms}, {3, 21 * ms, 22 * ms}, {4, 31 * ms, 32 * ms}}
	right := []Trip{{1, 10 * ms, 13 * ms}, {3, 20 * ms, 23 * ms}, {4, 30 * ms, 33 * ms}} // the echo of 2 was lost
	change := func(f func(trips []Trip)) []Trip {
		trips := append([]Trip(nil), right...)
		f(trips)
		return trips
	}
	shift := func(by int64) []Trip {
		return change(func(trips []Trip) {
			for i := range trips {
				trips[i].Sent += by
				trips[i].Received += by
			}
		})
	}
	for _, by := range []int64{0, 1, -5 * ms, 3600_000 * ms} {
		require.NoError(t, agree(shift(by), seen), by)
	}
	for name, tt := range map[string]struct {
		trips []Trip
		says  string
	}{
		"none":              {nil, "no rounds"},
		"the first, too":    {append([]Trip{{0, 4 * ms, 6 * ms}}, right...), "no round before 0"},
		"not seen":          {append(shift(0), Trip{5, 40 * ms, 43 * ms}), "has not seen round 5"},
		"another number":    {change(func(trips []Trip) { trips[1].ID = 2 }), "contradict"},
		"one is late":       {change(func(trips []Trip) { trips[2].Sent += 3 * ms; trips[2].Received += 3 * ms }), "contradict"},
		"one is early":      {change(func(trips []Trip) { trips[2].Sent -= 3 * ms; trips[2].Received -= 3 * ms }), "contradict"},
		"too short":         {change(func(trips []Trip) { trips[1].Received = trips[1].Sent + ms/2 }), "contradict"},
		"beside each other": {change(func(trips []Trip) { trips[1].Sent = 12 * ms }), "round 3 is sent before the echo of round 1"},
		"faster clock": {change(func(trips []Trip) {
			for i := range trips {
				trips[i].Sent *= 2
				trips[i].Received *= 2
			}
		}), "contradict"},
	} {
		require.ErrorContains(t, agree(tt.trips, seen), tt.says, name)
	}
}
