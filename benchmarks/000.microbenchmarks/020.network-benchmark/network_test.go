package network

import (
	"bytes"
	"slices"
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

// call makes the rounds that a payload asks for.
func call(t *testing.T, p *roundtrips.Payload, request string, lost ...int) []roundtrips.Trip {
	t.Helper()
	return roundtripstest.Call(t, p, request, func(trips []roundtrips.Trip) bool { return len(trips) < p.Repetitions }, lost...)
}

func TestSizes(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	last := 0
	for _, size := range harness.Sizes {
		p := payload(t, size, store)
		require.GreaterOrEqual(t, p.Repetitions, 3*last, size)
		last = p.Repetitions
	}
}

// TestCheck accepts what a function stored, once, also if datagrams were lost
// and its clock is another.
func TestCheck(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	for _, size := range harness.Sizes {
		p := payload(t, size, store)
		for request, lost := range map[string][]int{"r1-1": nil, "r1-2": {1, 2, 5}} {
			key := roundtripstest.Put(t, store, p, request, roundtripstest.CSV(call(t, p, request, lost...)))
			output := benchtest.JSON(t, key)
			require.NoError(t, Benchmark.Check(t.Context(), size, p, output, store), "%s %v", size, lost)
			require.ErrorContains(t, Benchmark.Check(t.Context(), size, p, output, store), "compared before")
		}
	}
	p := payload(t, harness.Small, store)
	trips := call(t, p, "r1-3")
	for i := range trips {
		trips[i].Sent += 7200e9
		trips[i].Received += 7200e9
	}
	key := roundtripstest.Put(t, store, p, "r1-3", roundtripstest.CSV(trips))
	require.NoError(t, Benchmark.Check(t.Context(), harness.Small, p, benchtest.JSON(t, key), store))
}

// TestCheckRejects: what is stored for a call is wrong in one way each.
func TestCheckRejects(t *testing.T) {
	store := benchtest.Store(t, Benchmark)
	p := payload(t, harness.Small, store)
	other := payload(t, harness.Large, store)
	earlier := call(t, p, "r1-0")

	for name, tt := range map[string]struct {
		csv  func(trips []roundtrips.Trip) []byte
		says string
	}{
		"a round is missing": {func(trips []roundtrips.Trip) []byte {
			return roundtripstest.CSV(slices.Delete(trips, 50, 51))
		}, "has 99 rounds, want 100"},
		"the times of another call": {func([]roundtrips.Trip) []byte {
			// Of calls that are made at the same pace; these are not.
			stretched := slices.Clone(earlier)
			for i := range stretched {
				stretched[i].Sent += int64(i) * 100_000
				stretched[i].Received += int64(i) * 100_000
			}
			return roundtripstest.CSV(stretched)
		}, "contradict"},
		"the first round, too": {func(trips []roundtrips.Trip) []byte {
			for i := range trips {
				trips[i].ID--
			}
			return roundtripstest.CSV(trips)
		}, `id "0"`},
		"rounds that were not made": {func(trips []roundtrips.Trip) []byte {
			last := trips[len(trips)-1]
			last.ID++
			last.Sent, last.Received = last.Sent+1e6, last.Received+1e6
			return roundtripstest.CSV(append(trips, last))
		}, "has not seen round 101"},
		"out of order": {func(trips []roundtrips.Trip) []byte {
			trips[3], trips[4] = trips[4], trips[3]
			return roundtripstest.CSV(trips)
		}, "id 4 follows 5"},
		"received and sent": {func(trips []roundtrips.Trip) []byte {
			for i := range trips {
				trips[i].Sent, trips[i].Received = trips[i].Received+1000, trips[i].Sent
			}
			return roundtripstest.CSV(trips)
		}, "received before it is sent"},
		"round trips without the way": {func(trips []roundtrips.Trip) []byte {
			for i := range trips {
				trips[i].Received = trips[i].Sent
			}
			trips[0].Sent -= 1e9
			trips[0].Received -= 1e9
			return roundtripstest.CSV(trips)
		}, "contradict"},
		"whole seconds": {func(trips []roundtrips.Trip) []byte {
			for i := range trips {
				trips[i].Sent -= trips[i].Sent % 1e9
				trips[i].Received = trips[i].Sent
			}
			return roundtripstest.CSV(trips)
		}, "contradict"},
		"no header": {func(trips []roundtrips.Trip) []byte {
			_, rows, _ := bytes.Cut(roundtripstest.CSV(trips), []byte("\n"))
			return rows
		}, "the first row"},
		"the header alone": {func([]roundtrips.Trip) []byte { return roundtripstest.CSV(nil) }, "no rounds"},
		"empty":            {func([]roundtrips.Trip) []byte { return nil }, "the first row"},
		"cut off": {func(trips []roundtrips.Trip) []byte {
			data := roundtripstest.CSV(trips)
			return data[:len(data)-30]
		}, "wrong number of fields"},
	} {
		t.Run(name, func(t *testing.T) {
			request := strings.ReplaceAll(name, " ", "-")
			key := roundtripstest.Put(t, store, p, request, tt.csv(call(t, p, request)))
			err := Benchmark.Check(t.Context(), harness.Small, p, benchtest.JSON(t, key), store)
			require.ErrorContains(t, err, tt.says)
		})
	}

	right := roundtripstest.Put(t, store, p, "r1-1", roundtripstest.CSV(call(t, p, "r1-1")))
	of := roundtripstest.Put(t, store, other, "r1-2", roundtripstest.CSV(call(t, other, "r1-2")))
	for name, tt := range map[string]struct {
		output any
		says   string
	}{
		"right output of another size": {of, "has not seen the call r1-2"},
		"not stored":                   {strings.Replace(right, "0123abcd", "4567abcd", 1), "not found"},
		"of nobody":                    {roundtripstest.Put(t, store, p, "r1-9", roundtripstest.CSV(earlier)), "has not seen the call r1-9"},
		"outside the outputs":          {"results-r1-1.0123abcd.csv", "the output's key"},
		"in a folder":                  {strings.Replace(right, "results-", "results-/", 1), "the output's key"},
		"another object":               {strings.Replace(right, "results-", "thumbnail-", 1), "the output's key"},
		"an object":                    {map[string]string{"key": right}, "decode the output"},
		"nothing":                      {nil, "the output's key"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, Benchmark.Check(t.Context(), harness.Small, p, benchtest.JSON(t, tt.output), store), tt.says)
		})
	}
	require.NoError(t, Benchmark.Check(t.Context(), harness.Small, p, benchtest.JSON(t, right), store), "what is right stays so")
}
