package clocks

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/benchmarks/internal/roundtrips"
	"github.com/sebs-go/sebs/benchmarks/internal/roundtrips/roundtripstest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark, roundtrips.Sources) }

func payload(t *testing.T, size harness.Size, store *harness.Store) *roundtrips.Payload {
	t.Helper()
	return benchtest.Input(t, Benchmark, size, store).(*roundtrips.Payload)
}

// call makes rounds until they are enough for a payload.
func call(t *testing.T, p *roundtrips.Payload, request string) []roundtrips.Trip {
	t.Helper()
	return roundtripstest.Call(t, p, request, func(trips []roundtrips.Trip) bool {
		return len(trips) == 0 || ended(trips, p.Repetitions) != nil
	})
}

// output is a handler's.
func output(key string, timestamp any) map[string]any {
	return map[string]any{"bucket-key": key, "timestamp": timestamp}
}

func TestSizes(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	last := 0
	for _, size := range harness.Sizes {
		p := payload(t, size, store)
		require.GreaterOrEqual(t, p.Repetitions, 3*last, size)
		last = p.Repetitions
	}
	require.Less(t, last, maxRounds)
}

// TestCheck accepts what a function stored, once.
func TestCheck(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	for _, size := range harness.Sizes {
		p := payload(t, size, store)
		trips := call(t, p, "r1-1")
		key := roundtripstest.Put(t, store, p, "r1-1", roundtripstest.CSV(trips))
		out := benchtest.JSON(t, output(key, float64(trips[0].Sent)/1e9-0.001))
		require.NoError(t, Benchmark.Check(t.Context(), size, p, out, store), size)
		require.ErrorContains(t, Benchmark.Check(t.Context(), size, p, out, store), "compared before")
	}
}

// TestEnded: the rule by which a function ends, on round trips in ms.
func TestEnded(t *testing.T) {
	for name, tt := range map[string]struct {
		took []int64
		says string
	}{
		"the first is the shortest":    {[]int64{5, 6, 7, 8}, ""},
		"as short is not shorter":      {[]int64{5, 5, 5, 5}, ""},
		"shorter ones begin anew":      {[]int64{9, 9, 9, 8, 9, 9, 7, 9, 9, 9}, ""},
		"shorter than one before only": {[]int64{5, 9, 8, 7}, ""},
		"too early":                    {[]int64{5, 6, 7}, "ends after 3 rounds with 2 in a row"},
		"one round":                    {[]int64{5}, "ends after 1 rounds with 0 in a row"},
		"with the shortest":            {[]int64{5, 6, 6, 4}, "ends after 4 rounds with 0 in a row"},
		"too late":                     {[]int64{5, 6, 7, 8, 9}, "1 rounds follow round 4"},
		"too late, with a shorter one": {[]int64{5, 6, 7, 8, 4, 9, 9, 9}, "4 rounds follow round 4"},
	} {
		t.Run(name, func(t *testing.T) {
			var trips []roundtrips.Trip
			for i, d := range tt.took {
				trips = append(trips, roundtrips.Trip{ID: i + 1, Sent: int64(i) * 100, Received: int64(i)*100 + d})
			}
			if err := ended(trips, 3); tt.says != "" {
				require.ErrorContains(t, err, tt.says)
			} else {
				require.NoError(t, err)
			}
		})
	}
	// Round trips that get ever shorter.
	faster := func(n int) (trips []roundtrips.Trip) {
		for i := range n {
			trips = append(trips, roundtrips.Trip{ID: i + 1, Sent: int64(i) * 10000, Received: int64(i)*10000 + 9000 - int64(i)})
		}
		return trips
	}
	require.ErrorContains(t, ended(faster(maxRounds-1), 3), "ends after 999 rounds")
	require.NoError(t, ended(faster(maxRounds), 3))
	require.ErrorContains(t, ended(faster(maxRounds+1), 3), "1001 rounds, want at most 1000")
}

// TestCheckRejects: what is stored or answered for a call is wrong in one way
// each.
func TestCheckRejects(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	p := payload(t, harness.Small, store)
	other := payload(t, harness.Test, store)

	for name, tt := range map[string]struct {
		csv  func(trips []roundtrips.Trip) []byte
		says string
	}{
		"ends early": {func(trips []roundtrips.Trip) []byte { return roundtripstest.CSV(trips[:len(trips)-1]) }, "ends after"},
		"the last alone": {func(trips []roundtrips.Trip) []byte {
			return roundtripstest.CSV(trips[len(trips)-1:])
		}, "ends after 1 rounds"},
		"another clock for the echo": {func(trips []roundtrips.Trip) []byte {
			for i := range trips {
				trips[i].Received += 1e9
			}
			return roundtripstest.CSV(trips)
		}, "is sent before the echo"},
		"a shorter trip than there was": {func(trips []roundtrips.Trip) []byte {
			last := len(trips) - 1
			trips[last].Sent += 1e9
			trips[last].Received += 1e9
			return roundtripstest.CSV(trips)
		}, "contradict"},
		"empty": {func([]roundtrips.Trip) []byte { return nil }, "the first row"},
	} {
		t.Run(name, func(t *testing.T) {
			request := strings.ReplaceAll(name, " ", "-")
			trips := call(t, p, request)
			sent := float64(trips[0].Sent) / 1e9
			key := roundtripstest.Put(t, store, p, request, tt.csv(trips))
			err := Benchmark.Check(t.Context(), harness.Small, p, benchtest.JSON(t, output(key, sent)), store)
			require.ErrorContains(t, err, tt.says)
		})
	}

	stored := func(request string) (string, float64) {
		trips := call(t, p, request)
		return roundtripstest.Put(t, store, p, request, roundtripstest.CSV(trips)), float64(trips[0].Sent) / 1e9
	}
	first, at := stored("r1-1")
	second, _ := stored("r1-2")
	third, _ := stored("r1-3")
	right, begun := stored("r1-4")
	of := roundtripstest.Put(t, store, other, "r1-5", roundtripstest.CSV(call(t, other, "r1-5")))
	for name, tt := range map[string]struct {
		output any
		says   string
	}{
		"right output of another size": {output(of, at), "has not seen the call r1-5"},
		"timestamp of the end":         {output(first, at+5), "want at most 30"},
		"timestamp in ms":              {output(second, at*1000), "want at most 30"},
		"timestamp of an older call":   {output(third, at-60), "want at most 30"},
		"timestamp missing":            {map[string]any{"bucket-key": right}, "has no timestamp"},
		"timestamp as text":            {output(right, "1700000000"), "decode the output"},
		"the key alone":                {right, "decode the output"},
		"no key":                       {output("", begun), "the output's key"},
		"nothing":                      {nil, "has no timestamp"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, Benchmark.Check(t.Context(), harness.Small, p, benchtest.JSON(t, tt.output), store), tt.says)
		})
	}
	require.NoError(t, Benchmark.Check(t.Context(), harness.Small, p, benchtest.JSON(t, output(right, begun)), store), "what is right stays so")
}
