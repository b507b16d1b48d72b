// Package clocks is the benchmark 030.clock-synchronization: a function sends
// datagrams to a server until the shortest round trip has not been beaten for a
// while, and stores when each was sent and when its echo came. With the
// server's times this gives the difference of the two clocks.
//
// The package does not compute that difference: an experiment does.
package clocks

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/benchmarks/internal/roundtrips"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/build"
)

//go:embed all:python all:nodejs config.json
var files embed.FS

// Benchmark is 030.clock-synchronization.
var Benchmark = harness.Benchmark{
	Name:   "030.clock-synchronization",
	Files:  build.Layers(files, roundtrips.Sources),
	Serves: true,
	Input:  input,
	Check:  check,
}

// repetitions are how many rounds in a row do not beat the shortest before the
// function ends. How many rounds that takes is chance, but grows with it.
var repetitions = map[harness.Size]int{
	harness.Test:  20,
	harness.Small: 160,
	harness.Large: 640,
}

// maxRounds is how many rounds a function makes at most.
const maxRounds = 1000

// maxLead is how long before the first round that is stored the wrapper may
// have received the call, in seconds: the time-out.
const maxLead = 30

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	n, ok := repetitions[size]
	if !ok {
		return nil, fmt.Errorf("unknown size %q", size)
	}
	return roundtrips.Input(ctx, store, n)
}

func check(ctx context.Context, _ harness.Size, in any, output json.RawMessage, store *harness.Store) error {
	p, ok := in.(*roundtrips.Payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var out struct {
		Key       string   `json:"bucket-key"`
		Timestamp *float64 `json:"timestamp"`
	}
	if err := inputs.Decode(output, &out); err != nil {
		return err
	}
	if out.Timestamp == nil {
		return fmt.Errorf("the output %s has no timestamp", output)
	}
	trips, err := p.Trips(ctx, store, out.Key)
	if err != nil {
		return err
	}
	if err := ended(trips, p.Repetitions); err != nil {
		return fmt.Errorf("%s: %w", out.Key, err)
	}
	// Two clocks of a runtime, which may differ by milliseconds.
	if lead := float64(trips[0].Sent)/1e9 - *out.Timestamp; lead < -1 || lead > maxLead {
		return fmt.Errorf("the output's timestamp %.6f is %.6f s before the first round, want at most %d", *out.Timestamp, lead, maxLead)
	}
	return nil
}

// ended says whether a function made the rounds that it should have: it ends
// with the first that completes a row of repetitions without a shorter one, or
// with the last that is allowed.
func ended(trips []roundtrips.Trip, repetitions int) error {
	shortest, row := trips[0].Received-trips[0].Sent, 0
	for i, t := range trips[1:] {
		if row == repetitions {
			return fmt.Errorf("%d rounds follow round %d, the last of %d that are not shorter than one before", len(trips)-i-1, trips[i].ID, repetitions)
		}
		if d := t.Received - t.Sent; d < shortest {
			shortest, row = d, 0
		} else {
			row++
		}
	}
	switch {
	case len(trips) > maxRounds:
		return fmt.Errorf("%d rounds, want at most %d", len(trips), maxRounds)
	case row < repetitions && len(trips) < maxRounds:
		return fmt.Errorf("it ends after %d rounds with %d in a row that are not shorter than one before, want %d", len(trips), row, repetitions)
	}
	return nil
}
